"""Texts to counts of character n-grams inside words, and each text's likeness to the nearest of some others.

The n-grams are those of scikit-learn's ``char_wb``: of every word with a space on either side, 3 to 5 code points, a
shorter word as a whole; each is hashed into one of :data:`BUCKETS`. Every text is computed alone and in one order, so
no batch and no thread count can change a bit of it. Import this module where it is used: compiling takes a moment.
"""

from typing import Any

import numpy as np

from tunewright.kernels.compiled import compiled
from tunewright.kernels.utf8 import code_point

LOW, HIGH = 3, 5
BUCKETS = 1 << 18
SPACE = np.uint32(32)

_K1 = np.uint64(0x9E3779B97F4A7C15)
_K2 = np.uint64(0xBF58476D1CE4E5B9)
_BASE = np.uint64(0x100000001B3)


@compiled
def cut(data: Any, offsets: Any, length: Any) -> Any:
    """Texts of more than one and a half times `length` words as even pieces of about that many.

    Args:
        data: UTF-8 bytes of texts whose words stand one space apart.
        offsets: where each text begins and ends, shape ``(n + 1,)``.
        length: words of a piece.

    Returns:
        ``(starts, ends, owner)``: bytes of each piece and the text it is of, each of shape ``(n_pieces,)``.
    """
    n = offsets.size - 1
    words = np.zeros(n, dtype=np.int64)
    pieces = np.ones(n, dtype=np.int64)
    for text in range(n):
        spaces = 0
        for at in range(offsets[text], offsets[text + 1]):
            spaces += data[at] == 32
        words[text] = spaces + 1
        if 2 * words[text] > 3 * length:
            pieces[text] = (2 * words[text] + length) // (2 * length)
    total = pieces.sum()
    starts, ends = np.empty(total, dtype=np.int64), np.empty(total, dtype=np.int64)
    owner = np.empty(total, dtype=np.int64)
    piece = 0
    for text in range(n):
        at = offsets[text]
        passed = 0
        for part in range(pieces[text]):
            goal = (part + 1) * words[text] // pieces[text]
            starts[piece], owner[piece] = at, text
            while at < offsets[text + 1] and passed < goal:
                passed += data[at] == 32
                at += 1
            # The last space belongs to no piece.
            ends[piece] = at if part == pieces[text] - 1 else at - 1
            piece += 1
    return starts, ends, owner


@compiled
def _emit(codes: Any, size: Any, hashes: Any, count: Any) -> Any:
    """Hash the n-grams of one padded word of `size` code points into `hashes`; returns how many there are now."""
    for length in range(LOW, HIGH + 1):
        last = max(size - length, 0)
        for start in range(last + 1):
            value = np.uint64(length)
            for at in range(start, min(start + length, size)):
                value = value * _BASE + np.uint64(codes[at])
            value = (value ^ (value >> np.uint64(31))) * _K1
            value = (value ^ (value >> np.uint64(29))) * _K2
            hashes[count] = np.int32((value >> np.uint64(32)) & np.uint64(BUCKETS - 1))
            count += 1
        if size <= length:
            break
    return count


@compiled
def _grams(data: Any, start: Any, end: Any, codes: Any, hashes: Any) -> Any:
    """All n-grams of one piece, hashed, into `hashes`; returns how many."""
    count = 0
    size = 0
    at = start
    while at <= end:
        if at == end or data[at] == 32:
            if size > 0:
                codes[size + 1] = SPACE
                count = _emit(codes, size + 2, hashes, count)
            size = 0
            at += 1
            continue
        code, at = code_point(data, at)
        codes[0] = SPACE
        size += 1
        codes[size] = code
    return count


@compiled
def counts(data: Any, starts: Any, ends: Any) -> Any:
    """Counts of hashed n-grams by piece.

    Returns:
        ``(indptr, indices, values)`` of a sparse matrix ``(n_pieces, BUCKETS)`` with sorted indices.
    """
    n = starts.size
    longest = 0
    room = 0
    for piece in range(n):
        size = ends[piece] - starts[piece]
        longest = max(longest, size)
        room += 3 * (2 * size + 2)
    codes = np.empty(longest + 3, dtype=np.uint32)
    hashes = np.empty(3 * (2 * longest + 2), dtype=np.int32)
    indptr = np.zeros(n + 1, dtype=np.int64)
    indices, values = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.float32)
    filled = 0
    for piece in range(n):
        count = _grams(data, starts[piece], ends[piece], codes, hashes)
        ordered = np.sort(hashes[:count])
        for at in range(count):
            if at > 0 and ordered[at] == ordered[at - 1]:
                values[filled - 1] += np.float32(1)
            else:
                indices[filled] = ordered[at]
                values[filled] = np.float32(1)
                filled += 1
        indptr[piece + 1] = filled
    return indptr, indices[:filled].copy(), values[:filled].copy()


@compiled
def nearest(
    indptr: Any, indices: Any, values: Any, heads: Any, others: Any, weights: Any, owners: Any, own: Any, nearby: Any
) -> Any:
    """Mean likeness of each row of a sparse matrix to the `nearby` rows of another that are most like it.

    Args:
        indptr: of the rows that ask.
        indices: their columns.
        values: their weights.
        heads: where the postings of each column begin, shape ``(n_columns + 1,)``.
        others: which row of the other matrix each posting is of.
        weights: its weight there.
        owners: the text that each row of the other matrix is of.
        own: the text that each asking row is of, -1 where it is none of those: nobody is its own neighbor.
        nearby: number of neighbors.

    Returns:
        shape ``(n_rows,)``.
    """
    n, m = indptr.size - 1, owners.size
    means = np.zeros(n, dtype=np.float64)
    likeness = np.empty(m, dtype=np.float32)
    best = np.empty(nearby, dtype=np.float32)
    for row in range(n):
        likeness[:] = 0
        for at in range(indptr[row], indptr[row + 1]):
            for posting in range(heads[indices[at]], heads[indices[at] + 1]):
                likeness[others[posting]] += values[at] * weights[posting]
        best[:] = 0
        for other in range(m):
            value = likeness[other]
            if value <= best[0] or owners[other] == own[row]:
                continue
            # `best` rises; the least of it makes room.
            at = 0
            while at + 1 < nearby and best[at + 1] < value:
                best[at] = best[at + 1]
                at += 1
            best[at] = value
        total = 0.0
        for at in range(nearby):
            total += best[at]
        means[row] = total / nearby
    return means
