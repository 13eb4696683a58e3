"""Tokens of many texts and the features a tagger sees: hashes of words, affixes, shapes and list memberships.

Compiled code over UTF-8 bytes. A token is a run of letters, a run of digits, a line break, or one sign; only letters of
Latin, Greek and Cyrillic have case here. Import this module where it is used: compiling takes a moment.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.kernels.compiled import compiled

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]
Longs = npt.NDArray[np.int64]
Table = npt.NDArray[np.int32]
Weights = npt.NDArray[Any]

#: Shapes of a token.
LOWER, TITLE, UPPER, MIXED, DIGITS, BREAK, SIGN, EDGE = range(8)
#: Flags of a word in our lists; the last three are the long ones.
FIRST, LAST, PLACE, HONORIFIC, COMMON, MORE_FIRST, MORE_LAST, MORE_PLACE = 1, 2, 4, 8, 16, 32, 64, 128
#: Lists that make an everyday word worth a look where letters have no case ("my name is mark").
WORTH = FIRST | PLACE | HONORIFIC
#: Added to the shape of each token of a text without capitals, or of capitals only: case says nothing there.
CASELESS = 100
#: The tag before the first token.
START = 7
FEATURES = 34
BUCKETS = 1 << 18
TABLE = 1 << 19


@compiled
def kind(data: Bytes, i: int) -> tuple[int, int]:
    """What the character at byte `i` is (0 space, 1 letter, 2 digit, 3 break, 4 sign) and its bytes."""
    c = data[i]
    if c < 0x80:
        if c == 10 or c == 13:
            return 3, 1
        if c <= 32:
            return 0, 1
        if 48 <= c <= 57:
            return 2, 1
        if 65 <= c <= 90 or 97 <= c <= 122:
            return 1, 1
        return 4, 1
    if c < 0xE0:
        d = data[i + 1]
        if c == 0xC2:  # Latin-1 signs; the no-break space is one of the spaces
            return (0 if d == 0xA0 else 4), 2
        return 1, 2
    if c < 0xF0:
        if (c == 0xE2 and 0x80 <= data[i + 1] <= 0xAF) or (c == 0xE3 and data[i + 1] == 0x80) or c == 0xEF:
            return 4, 3
        return 1, 3
    return 4, 4


@compiled
def is_upper(c: Any, d: Any) -> Any:
    """Whether the letter that starts with bytes `c`, `d` is a capital."""
    if c < 0x80:
        return 65 <= c <= 90
    if c == 0xC3:
        return 0x80 <= d <= 0x9E
    if c == 0xC4 or c == 0xC5:
        high = (c == 0xC4 and d >= 0xB9) or (c == 0xC5 and (d <= 0x88 or d >= 0xB9))
        return (d & 1) == (1 if high else 0)
    if c == 0xCE:
        return 0x86 <= d <= 0xA9
    return c == 0xD0 and d <= 0xAF


@compiled
def hash_range(data: Bytes, start: int, end: int) -> Any:
    """FNV-1a of bytes, with ASCII and Latin letters in lower case."""
    h = np.uint32(2166136261)
    before = np.uint8(0)
    for i in range(start, end):
        c = data[i]
        if 65 <= c <= 90 or (before == 0xC3 and 0x80 <= c <= 0x9E):
            c = np.uint8(c | 0x20)
        elif before == 0xC4 or before == 0xC5:
            high = (before == 0xC4 and c >= 0xB9) or (before == 0xC5 and (c <= 0x88 or c >= 0xB9))
            if high and (c & 1) == 1 and c != 0xBF and c != 0x88:
                c = np.uint8(c + 1)
            elif not high:
                c = np.uint8(c | 1)
        h = np.uint32((h ^ np.uint32(c)) * np.uint32(16777619))
        before = data[i]
    return h


@compiled
def tokenize(data: Bytes, offsets: Longs) -> tuple[Longs, Table]:
    """Tokens of the texts ``data[offsets[t]:offsets[t + 1]]``.

    Returns:
        first token of each text, shape ``(n + 1,)``, and a table of shape ``(tokens, 5)``: first and last byte,
        first and last character (counted in the text, the last one excluded), shape.
    """
    n = len(offsets) - 1
    firsts = np.zeros(n + 1, dtype=np.int64)
    table = np.empty((0, 5), dtype=np.int32)
    for sweep in range(2):  # once to count, once to fill
        count = 0
        for t in range(n):
            firsts[t] = count
            i, end, char = offsets[t], offsets[t + 1], 0
            while i < end:
                what, size = kind(data, i)
                if what == 0:
                    i += size
                    char += 1
                    continue
                start, first_char = i, char
                capitals, small = 0, 0
                opens = False
                while i < end:
                    now, size = kind(data, i)
                    if now != what:
                        break
                    if what == 1:
                        second = data[i + 1] if i + 1 < end else np.uint8(0)
                        if is_upper(data[i], second):
                            capitals += 1
                            if i == start:
                                opens = True
                        else:
                            small += 1
                    i += size
                    char += 1
                    if what >= 3:
                        break
                if sweep == 1:
                    shape = SIGN
                    if what == 1:
                        shape = MIXED
                        if capitals == 0:
                            shape = LOWER
                        elif opens and capitals == 1:
                            shape = TITLE
                        elif small == 0:
                            shape = UPPER
                    elif what == 2:
                        shape = DIGITS
                    elif what == 3:
                        shape = BREAK
                    table[count, 0], table[count, 1] = start - offsets[t], i - offsets[t]
                    table[count, 2], table[count, 3] = first_char, char
                    table[count, 4] = shape
                count += 1
        firsts[n] = count
        if sweep == 0:
            table = np.empty((count, 5), dtype=np.int32)
    return firsts, table


@compiled
def hash_table(data: Bytes, ends: Longs, marks: Bytes) -> tuple[Words, Bytes]:
    """An open table of the words ``data[ends[i]:ends[i + 1]]``: hashes, and the marks of each word joined."""
    keys, flags = np.zeros(TABLE, dtype=np.uint32), np.zeros(TABLE, dtype=np.uint8)
    for i in range(len(marks)):
        value = hash_range(data, ends[i], ends[i + 1])
        slot = value & np.uint32(TABLE - 1)
        while keys[slot] != 0 and keys[slot] != value:
            slot = (slot + np.uint32(1)) & np.uint32(TABLE - 1)
        keys[slot] = value
        flags[slot] |= marks[i]
    return keys, flags


@compiled
def lookup(keys: Words, flags: Bytes, h: Any) -> Any:
    """Flags of the word with hash `h`, 0 when it is in no list."""
    slot = h & np.uint32(TABLE - 1)
    while keys[slot] != 0:
        if keys[slot] == h:
            return flags[slot]
        slot = (slot + np.uint32(1)) & np.uint32(TABLE - 1)
    return np.uint8(0)


@compiled
def describe(data: Bytes, base: int, table: Table, first: int, last: int, keys: Words, flags: Bytes) -> Words:
    """Properties of the tokens of one text, shape ``(last - first, 7)``.

    They are: word, suffixes of 2, 3, 4 bytes, prefix, shape, lists.
    """
    seen = np.empty((last - first, 7), dtype=np.uint32)
    small, large = True, True  # a text without capitals, or of capitals only, says nothing by its letters' case
    for k in range(first, last):
        small &= table[k, 4] not in (TITLE, UPPER, MIXED)
        large &= table[k, 4] not in (TITLE, LOWER, MIXED)
    caseless = CASELESS if small or large else 0
    for k in range(first, last):
        a, b = base + table[k, 0], base + table[k, 1]
        shape = table[k, 4]
        row = seen[k - first]
        row[5] = shape + caseless if shape != DIGITS else DIGITS + 10 * min(b - a, 6)
        if shape == DIGITS:
            row[0] = np.uint32(7 + min(b - a, 9))
            row[1], row[2], row[3], row[4], row[6] = 1, 1, 1, 1, 0
            continue
        word = hash_range(data, a, b)
        row[0] = word
        row[1] = hash_range(data, max(a, b - 2), b)
        row[2] = hash_range(data, max(a, b - 3), b)
        row[3] = hash_range(data, max(a, b - 4), b)
        row[4] = hash_range(data, a, min(b, a + 3))
        row[6] = lookup(keys, flags, word)
    return seen


@compiled
def bucket(which: int, a: Any, b: Any) -> Any:
    """The weight of feature `which` with values `a` and `b`."""
    h = np.uint32(which) * np.uint32(0x9E3779B1) ^ np.uint32(a)
    h = np.uint32((h ^ (h >> np.uint32(15))) * np.uint32(0x85EBCA6B))
    h = np.uint32((h ^ np.uint32(b) ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    h = h ^ (h >> np.uint32(16))
    return h & np.uint32(BUCKETS - 1)


@compiled
def at(seen: Words, i: int, column: int) -> Any:
    """Property `column` of token `i`, of the edge outside the text."""
    if 0 <= i < len(seen):
        return seen[i, column]
    return np.uint32(EDGE)


@compiled
def features(seen: Words, i: int, tag: int, tag2: int, out: Words) -> None:
    """Buckets of the features of token `i` after the tags `tag` and `tag2` into `out`, shape ``(FEATURES,)``."""
    w, s, g = seen[i, 0], seen[i, 5], seen[i, 6]
    p, n, p2, n2 = at(seen, i - 1, 0), at(seen, i + 1, 0), at(seen, i - 2, 0), at(seen, i + 2, 0)
    ps, ns, ps2, ns2 = at(seen, i - 1, 5), at(seen, i + 1, 5), at(seen, i - 2, 5), at(seen, i + 2, 5)
    pg, ng = at(seen, i - 1, 6), at(seen, i + 1, 6)
    out[0] = bucket(0, w, 0)
    out[1] = bucket(1, w, s)
    out[2] = bucket(2, seen[i, 1], s)
    out[3] = bucket(3, seen[i, 2], s)
    out[4] = bucket(4, seen[i, 3], s)
    out[5] = bucket(5, seen[i, 4], s)
    out[6] = bucket(6, s, g)
    out[7] = bucket(7, s * 256 + ps, ns)
    out[8] = bucket(8, p, s)
    out[9] = bucket(9, n, s)
    out[10] = bucket(10, p, p2)
    out[11] = bucket(11, n, n2)
    out[12] = bucket(12, p2, s)
    out[13] = bucket(13, n2, s)
    out[14] = bucket(14, g * 256 + pg, ng * 256 + s)
    out[15] = bucket(15, tag * 8 + tag2, s)
    out[16] = bucket(16, tag, w)
    out[17] = bucket(17, tag, p)
    out[18] = bucket(18, g * 8 + tag, s)
    out[19] = bucket(19, ps2 * 256 + ps, s * 256 + ns)
    out[20] = bucket(20, s * 256 + ns, ns2)
    out[21] = bucket(21, p, g * 256 + s)
    out[22] = bucket(22, n, g * 256 + s)
    out[23] = bucket(23, tag * 8 + tag2, s * 256 + ps)
    out[24] = bucket(24, p, n)
    out[25] = bucket(25, at(seen, i - 3, 0), s)
    out[26] = bucket(26, at(seen, i + 3, 0), s)
    out[27] = bucket(27, at(seen, i - 1, 2), s * 8 + tag)
    out[28] = bucket(28, at(seen, i + 1, 2), s)
    out[29] = bucket(29, p * np.uint32(31) + p2, s)
    out[30] = bucket(30, n * np.uint32(31) + n2, s)
    out[31] = bucket(31, tag, g * 256 + ns)
    out[32] = bucket(32, tag * 8 + tag2, p)
    out[33] = bucket(33, g, s * 256 + ps)


@compiled
def begins_none(seen: Words, i: int, tag: int) -> Any:
    """Whether token `i` can be passed over: outside a span, a sign or an everyday word in small letters begins none.

    That is three tokens of four, and the reason why tagging is fast. Every word behind a name is looked at, and where
    letters have no case also an everyday word that our lists know as a name.
    """
    shape = seen[i, 5]
    if tag != 0 and tag != START:
        return False
    plain = shape % CASELESS
    if plain in (SIGN, BREAK):
        return True
    flags = seen[i, 6]
    if flags & COMMON == 0:
        return False
    return flags & WORTH == 0 if shape >= CASELESS else shape == LOWER


@compiled
def train(
    data: Bytes,
    offsets: Longs,
    firsts: Longs,
    table: Table,
    gold: npt.NDArray[np.int8],
    keys: Words,
    flags: Bytes,
    order: Longs,
    labels: int,
) -> Weights:
    """Averaged perceptron (Collins 2002): weights of shape ``(BUCKETS, labels)`` after one pass over `order`.

    `order` names texts and may name each several times (epochs). The tags before a token are those predicted.
    """
    weights = np.zeros((BUCKETS, labels), dtype=np.float64)
    sums = np.zeros((BUCKETS, labels), dtype=np.float64)
    out = np.empty(FEATURES, dtype=np.uint32)
    step = 1.0
    for t in order:
        first, last = firsts[t], firsts[t + 1]
        seen = describe(data, offsets[t], table, first, last, keys, flags)
        tag, tag2 = START, START
        for i in range(last - first):
            if begins_none(seen, i, tag):
                tag2, tag = tag, 0
                continue
            features(seen, i, tag, tag2, out)
            scores = np.zeros(labels)
            for f in range(FEATURES):
                for y in range(labels):
                    scores[y] += weights[out[f], y]
            truth = gold[first + i]
            scores[truth] -= 1.0  # a margin: right but barely is not enough
            best = np.argmax(scores)
            if best != truth:
                for f in range(FEATURES):
                    weights[out[f], truth] += 1
                    weights[out[f], best] -= 1
                    sums[out[f], truth] += step
                    sums[out[f], best] -= step
            scores[truth] += 1.0
            tag2, tag = tag, int(np.argmax(scores))
            step += 1.0
    return weights - sums / step
