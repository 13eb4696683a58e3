"""Texts to weighted counts of character and word n-grams, and products of such rows with a dense matrix.

The n-grams are those of scikit-learn's ``char_wb`` (3 to 5 code points of every word with a space on either side, a
shorter word once) and of its words (runs of letters, digits and underscores, one and two of them). Each is hashed to
one of :data:`BUCKETS` places for its kind. A text is computed alone and in the order in which it is written, so no
batch and no thread count changes a bit of it. Import this module where it is used: compiling takes a moment.
"""

from typing import Any

import numpy as np

from tunewright.kernels.compiled import compiled
from tunewright.kernels.utf8 import code_point

LOW, HIGH = 3, 5
#: Places of one kind of n-gram: of 60,000 terms that are kept, one in seventy shares its place with another.
BUCKETS = 1 << 22
SPACE_SIGN, WORD_SIGN = 1, 2

_SPACE = np.uint32(32)
_BASE = np.uint64(0x9E3779B97F4A7C15)
_K1 = np.uint64(0xBF58476D1CE4E5B9)
_K2 = np.uint64(0x94D049BB133111EB)
_MASK = np.uint64(BUCKETS - 1)


@compiled
def _decoded(data: Any, start: Any, end: Any, codes: Any) -> Any:
    """Code points of UTF-8 bytes into `codes`, from its second place on; returns how many."""
    size, at = 1, start
    while at < end:
        code, at = code_point(data, at)
        codes[size] = code
        size += 1
    return size - 1


@compiled
def _place(value: Any, kind: Any) -> Any:
    value = (value ^ np.uint64(kind)) * _K1
    value = (value ^ (value >> np.uint64(31))) * _K2
    return np.int32((value >> np.uint64(29)) & _MASK)


@compiled
def _of_word(codes: Any, first: Any, last: Any, places: Any, count: Any) -> Any:
    """The character n-grams of ``codes[first:last]``, which a space opens and closes, into `places`."""
    size = last - first
    for start in range(max(size - LOW, 0) + 1):
        value = np.uint64(0)
        for at in range(min(HIGH, size - start)):
            value = (value + np.uint64(codes[first + start + at]) + np.uint64(1)) * _BASE
            if at + 1 >= LOW:
                places[count] = _place(value, at + 1)
                count += 1
    return count


@compiled
def _terms(data: Any, start: Any, end: Any, signs: Any, codes: Any, places: Any) -> Any:
    """Places of all n-grams of a text into `places`, those of words raised by :data:`BUCKETS`; returns how many."""
    size = _decoded(data, start, end, codes)
    count, at = 0, 1
    while at <= size:
        if signs[codes[at]] & SPACE_SIGN:
            at += 1
            continue
        stop = at
        while stop <= size and not signs[codes[stop]] & SPACE_SIGN:
            stop += 1
        before, behind = codes[at - 1], codes[stop]
        codes[at - 1], codes[stop] = _SPACE, _SPACE
        count = _of_word(codes, at - 1, stop + 1, places, count)
        codes[at - 1], codes[stop] = before, behind
        at = stop
    earlier, at = np.uint64(0), 1
    while at <= size:
        if not signs[codes[at]] & WORD_SIGN:
            at += 1
            continue
        word = np.uint64(0)
        while at <= size and signs[codes[at]] & WORD_SIGN:
            word = (word + np.uint64(codes[at]) + np.uint64(1)) * _BASE
            at += 1
        places[count] = _place(word, 1) + BUCKETS
        count += 1
        if earlier != np.uint64(0):
            places[count] = _place((earlier ^ (earlier >> np.uint64(32))) * _K2 + word, 2) + BUCKETS
            count += 1
        earlier = word
    return count


@compiled
def _longest(offsets: Any) -> Any:
    longest = 0
    for text in range(offsets.size - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    return longest


@compiled
def counted(data: Any, offsets: Any, signs: Any) -> Any:
    """How often each place is used, and in how many texts, both of shape ``(2 * BUCKETS,)``.

    Args:
        data: UTF-8 bytes of texts in small letters.
        offsets: where each text begins and ends, shape ``(n + 1,)``.
        signs: what each code point is, :data:`SPACE_SIGN`, :data:`WORD_SIGN` or neither.
    """
    longest = _longest(offsets)
    codes = np.zeros(longest + 3, dtype=np.uint32)
    places = np.empty(5 * longest + 16, dtype=np.int32)
    uses, texts = np.zeros(2 * BUCKETS, dtype=np.int32), np.zeros(2 * BUCKETS, dtype=np.int32)
    last = np.full(2 * BUCKETS, -1, dtype=np.int32)
    for text in range(offsets.size - 1):
        for at in range(_terms(data, offsets[text], offsets[text + 1], signs, codes, places)):
            place = places[at]
            uses[place] += 1
            if last[place] != text:
                last[place] = text
                texts[place] += 1
    return uses, texts


@compiled
def weighed(data: Any, offsets: Any, signs: Any, terms: Any, weights: Any, first_word: Any) -> Any:
    """Rows of TF-IDF: sublinear counts by `weights`, characters and words each of the length sqrt(1/2).

    Args:
        data: UTF-8 bytes of texts in small letters.
        offsets: where each text begins and ends, shape ``(n + 1,)``.
        signs: what each code point is.
        terms: the term at each place, -1 for none, shape ``(2 * BUCKETS,)``.
        weights: float32 inverse document frequency of each term.
        first_word: the first term that is of words.

    Returns:
        ``(indptr, indices, values)`` of a sparse matrix; the terms of a row stand in the order of the text.
    """
    n, longest = offsets.size - 1, _longest(offsets)
    codes = np.zeros(longest + 3, dtype=np.uint32)
    places = np.empty(5 * longest + 16, dtype=np.int32)
    held = np.zeros(weights.size, dtype=np.int32)
    indptr = np.zeros(n + 1, dtype=np.int64)
    room = 4 * (offsets[n] - offsets[0]) // 2 + 64
    indices, values = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.float32)
    filled = 0
    for text in range(n):
        count = _terms(data, offsets[text], offsets[text + 1], signs, codes, places)
        if filled + count > room:
            room = 2 * room + count
            more, heavier = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.float32)
            more[:filled], heavier[:filled] = indices[:filled], values[:filled]
            indices, values = more, heavier
        begin = filled
        for at in range(count):
            term = terms[places[at]]
            if term < 0:
                continue
            if held[term] == 0:
                indices[filled] = term
                filled += 1
            held[term] += 1
        characters, words = 0.0, 0.0
        for at in range(begin, filled):
            term = indices[at]
            value = (1.0 + np.log(float(held[term]))) * weights[term]
            held[term] = 0
            values[at] = value
            if term < first_word:
                characters += value * value
            else:
                words += value * value
        scales = (np.sqrt(0.5 / max(characters, 1e-30)), np.sqrt(0.5 / max(words, 1e-30)))
        for at in range(begin, filled):
            values[at] *= scales[0] if indices[at] < first_word else scales[1]
        indptr[text + 1] = filled
    return indptr, indices[:filled].copy(), values[:filled].copy()


@compiled
def times(indptr: Any, indices: Any, values: Any, dense: Any, out: Any, first: Any, last: Any) -> None:
    """Rows `first` to `last` of a sparse matrix times `dense`, into the same rows of `out` (float32, all C order)."""
    width = dense.shape[1]
    for row in range(first, last):
        total = out[row]
        total[:] = 0
        for at in range(indptr[row], indptr[row + 1]):
            value, line = values[at], dense[indices[at]]
            for column in range(width):
                total[column] += value * line[column]
