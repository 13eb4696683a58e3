"""Tags of many texts, left to right, and the spans that they make: compiled code beside `tagging.py`.

Import this module where it is used: compiling takes a moment.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.kernels.compiled import compiled
from tunewright.kernels.tagging import (
    BREAK,
    CASELESS,
    COMMON,
    DIGITS,
    FEATURES,
    HONORIFIC,
    LOWER,
    SIGN,
    START,
    TITLE,
    UPPER,
    Bytes,
    Longs,
    Table,
    Weights,
    Words,
    begins_none,
    describe,
    features,
    hash_range,
)


def _hash(word: str) -> Any:
    return np.uint32(hash_range(np.frombuffer(word.encode(), dtype=np.uint8), 0, len(word)))


#: Words that `_complete` reads; "nan" and "null" stand where a column of an address was empty.
THE, OF, CORNER, INTERSECTION = _hash("the"), _hash("of"), _hash("corner"), _hash("intersection")
NAN, NULL, AND = _hash("nan"), _hash("null"), _hash("and")


@compiled
def _again(tags: Any, margins: Any, seen: Words, first: int, last: int) -> None:
    """Tag 1 for words of a text that are in a span of tag 1 elsewhere in it, everyday words left out."""
    for i in range(first, last):
        shape = seen[i - first, 5] % CASELESS
        if tags[i] != 1 or shape not in (TITLE, UPPER) or seen[i - first, 6] & COMMON or margins[i] <= 0:
            continue
        for j in range(first, last):
            same = seen[j - first, 0] == seen[i - first, 0] and seen[j - first, 5] % CASELESS in (TITLE, UPPER)
            if same and tags[j] != 1 and tags[j] != 3:
                tags[j], margins[j] = 1, margins[i]


@compiled
def tag_texts(
    data: Bytes,
    offsets: Longs,
    firsts: Longs,
    table: Table,
    keys: Words,
    flags: Bytes,
    weights: Weights,
    labels: int,
    lean: int,
    lean_caseless: int,
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int32]]:
    """The best tag of every token, left to right, and by how much it beats the tag 0 (or the next, for 0).

    `weights` has shape ``(BUCKETS, 8)``, whole numbers, of which the first `labels` columns count; `lean` is added to
    every tag but 0, `lean_caseless` instead of it to words in small letters and where case says nothing, and neither
    helps an everyday word to open a span.
    """
    tags = np.zeros(len(table), dtype=np.int8)
    margins = np.zeros(len(table), dtype=np.int32)
    out = np.empty(FEATURES, dtype=np.uint32)
    scores = np.empty(8, dtype=np.int32)
    for t in range(len(offsets) - 1):
        first, last = firsts[t], firsts[t + 1]
        seen = describe(data, offsets[t], table, first, last, keys, flags)
        tag, tag2 = START, START
        for i in range(last - first):
            if begins_none(seen, i, tag):
                tag2, tag = tag, 0
                continue
            features(seen, i, tag, tag2, out)
            outside = (
                tag == 0 or tag == START
            )  # an everyday word that opens a sentence needs no help to look like a name
            if outside and seen[i, 6] & COMMON:
                scores[:] = min(0, lean_caseless)
            else:
                scores[:] = lean_caseless if seen[i, 5] >= CASELESS or seen[i, 5] == LOWER else lean
            scores[0] = 0
            for f in range(FEATURES):
                row = out[f]
                for y in range(8):
                    scores[y] += weights[row, y]
            best = np.argmax(scores[:labels])
            tags[first + i] = best
            margins[first + i] = scores[best] - scores[0]
            tag2, tag = tag, int(best)
        _again(tags, margins, seen, first, last)
        _complete(tags, table, seen, data, offsets[t], first, last)
    return tags, margins


#: Tags that `_complete` knows, in the order of the weights.
PERSON, LOCATION, ADDRESS, ORGANIZATION = 1, 2, 3, 4
#: Words that may stand between two parts of an address ("Church Lane by the park, Leeds").
GAP = 2


@compiled
def _solid(table: Table, i: int, first: int, last: int, step: int) -> int:
    """The next token from `i` in the direction of `step` that is a word or a number, -1 when there is none."""
    i += step
    while first <= i < last:
        if table[i, 4] != BREAK and table[i, 4] != SIGN:
            return i
        i += step
    return -1


@compiled
def _is_year(data: Bytes, start: int, end: int) -> Any:
    """Whether digits are a year from 1900 to 2099."""
    a, b = data[start], data[start + 1]
    return end - start == 4 and ((a == ord("1") and b == ord("9")) or (a == ord("2") and b == ord("0")))


@compiled
def _is_name_like(seen: Words, i: int) -> Any:
    """Whether a word has a capital that says something, and is no everyday word."""
    return (seen[i, 5] == TITLE or seen[i, 5] == UPPER) and seen[i, 6] & (COMMON | HONORIFIC) == 0


@compiled
def _complete(tags: Any, table: Table, seen: Words, data: Bytes, base: int, first: int, last: int) -> None:
    """Tags for what stands between or beside tagged tokens of a text and belongs to them.

    A number beside an address, up to `GAP` words inside it and a missing value behind it are part of it; so is "the
    corner of" before an address, a place or a name, and a code of four to six digits behind a place. An organization
    beside a person, in one run of words, is taken for a person: a leak costs more than a mask. For the same reason a
    word with a capital that is no everyday word joins the address before it, and the person right beside it.
    """
    for i in range(first, last):
        if tags[i] == ORGANIZATION and (
            (i > first and tags[i - 1] == PERSON) or (i + 1 < last and tags[i + 1] == PERSON)
        ):
            tags[i] = PERSON
    before = -1
    for i in range(first, last):
        shape = table[i, 4]
        if shape in (BREAK, SIGN):
            continue
        if tags[i] == 0 and shape == DIGITS:
            size = table[i, 1] - table[i, 0]
            year = _is_year(data, base + table[i, 0], base + table[i, 1])
            after = _solid(table, i, first, last, 1)
            if (before >= 0 and tags[before] == ADDRESS) or (after >= 0 and tags[after] == ADDRESS):
                tags[i] = ADDRESS
            elif before >= 0 and tags[before] == LOCATION and 4 <= size <= 6 and not year:
                tags[i] = LOCATION
        elif tags[i] == 0 and before >= 0 and tags[before] == ADDRESS:
            after, words = i, 0
            while after >= 0 and tags[after] == 0 and words <= GAP:
                after, words = _solid(table, after, first, last, 1), words + 1
            inside = after >= 0 and words <= GAP and (tags[after] == ADDRESS or tags[after] == LOCATION)
            if inside or _is_name_like(seen, i - first) or seen[i - first, 0] == NAN or seen[i - first, 0] == NULL:
                tags[i] = ADDRESS
        elif tags[i] == 0 and _is_name_like(seen, i - first):
            if (i > first and tags[i - 1] == PERSON) or (i + 1 < last and tags[i + 1] == PERSON):
                tags[i] = PERSON
        elif seen[i - first, 0] == AND and tags[i] == 0 and before >= 0 and tags[before] != 0:
            after = _solid(table, i, first, last, 1)
            if after >= 0 and tags[after] == ADDRESS:
                tags[i] = ADDRESS
        before = i
    for i in range(first + 2, last):
        if tags[i] == 0 or tags[i] == ORGANIZATION or tags[i - 1] != 0:
            continue
        at = i - 1 - first
        if seen[at, 0] == THE and at >= 1:
            at -= 1
        if seen[at, 0] == OF and at >= 1 and (seen[at - 1, 0] == CORNER or seen[at - 1, 0] == INTERSECTION):
            opening = at - 2 if at >= 2 and seen[at - 2, 0] == THE else at - 1
            tags[first + opening : i] = ADDRESS


@compiled
def spans(
    data: Bytes, offsets: Longs, firsts: Longs, table: Table, tags: npt.NDArray[np.int8], margins: npt.NDArray[np.int32]
) -> tuple[Longs, npt.NDArray[np.float64]]:
    """Neighbors of one tag as one span, without signs at its ends: (text, tag, start, end) of each, and mean margins.

    `start` and `end` count characters. A single letter is none; nor is an address of nothing but a year or one to three
    digits, or of one run of signs that starts with a digit ("401k", "2B:3C:4D").
    """
    count = 0
    for i in range(len(tags)):
        count += tags[i] != 0
    rows = np.empty((count, 4), dtype=np.int64)
    means = np.empty(count, dtype=np.float64)
    n = 0
    for t in range(len(firsts) - 1):
        i, last = firsts[t], firsts[t + 1]
        while i < last:
            tag = tags[i]
            if tag == 0:
                i += 1
                continue
            start, end, size, letters, total, solids, years = -1, -1, 0, 0, 0.0, 0, 0
            opens, loose = False, False
            while i < last and tags[i] == tag:
                shape = table[i, 4]
                if shape != BREAK and shape != SIGN:
                    opens |= start < 0 and shape == DIGITS
                    loose |= start >= 0 and table[i, 2] > table[i - 1, 3]
                    start = table[i, 2] if start < 0 else start
                    end = table[i, 3]
                    size += table[i, 3] - table[i, 2]
                    letters += shape != DIGITS
                    years += shape == DIGITS and _is_year(data, offsets[t] + table[i, 0], offsets[t] + table[i, 1])
                    total += margins[i]
                    solids += 1
                i += 1
            tight = opens and not loose and solids > 1
            if size > 1 and (
                tag != ADDRESS or (letters > 0 and not tight) or (letters == 0 and size > 3 and years == 0)
            ):
                rows[n, 0], rows[n, 1], rows[n, 2], rows[n, 3] = t, tag, start, end
                means[n] = total / solids
                n += 1
    return rows[:n], means[:n]
