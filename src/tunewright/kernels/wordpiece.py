"""How many WordPiece tokens ASCII texts are, as a BERT tokenizer cuts them.

A word is a run between white space, and every ASCII sign of punctuation is one of its own (BertPreTokenizer); control
characters are no part of a text (BertNormalizer). A word is cut into the longest pieces that the vocabulary has, from
the left; one that cannot be, or is too long, is one unknown token (Wu et al. 2016, arXiv 1609.08144, as BERT applies
it). Pieces are looked up by a hash and then compared byte by byte, so a count is never a guess.
"""

from typing import Any

import numpy as np

from tunewright.kernels.compiled import compiled
from tunewright.kernels.hashing import FNV_PRIME, FNV_START

DROPPED, SPACE, SIGN, LETTER = 0, 1, 2, 3

_K1 = np.uint64(0xBF58476D1CE4E5B9)


@compiled
def _slot(state: Any, mask: Any) -> Any:
    value = (state ^ (state >> np.uint64(31))) * _K1
    return np.int64((value ^ (value >> np.uint64(29))) & mask)


@compiled
def filled(pieces: Any, bounds: Any, inner: Any, table: Any) -> None:
    """Enter every piece into `table`, open addressing, whose free places are -1 and whose size is a power of two.

    Args:
        pieces: bytes of all pieces.
        bounds: where each begins and ends, shape ``(n + 1,)``.
        inner: 1 for a piece that goes on a word, 0 for one that begins it.
        table: int32, filled with -1.
    """
    mask = np.uint64(table.size - 1)
    for piece in range(inner.size):
        state = FNV_START ^ np.uint64(inner[piece])
        for at in range(bounds[piece], bounds[piece + 1]):
            state = (state ^ np.uint64(pieces[at])) * FNV_PRIME
        place = _slot(state, mask)
        while table[place] >= 0:
            place = (place + 1) & np.int64(mask)
        table[place] = piece


@compiled
def _known(
    state: Any, text: Any, start: Any, end: Any, inside: Any, pieces: Any, bounds: Any, inner: Any, table: Any
) -> Any:
    """Whether ``text[start:end]``, whose hash is `state`, is a piece."""
    mask = np.uint64(table.size - 1)
    place = _slot(state, mask)
    while table[place] >= 0:
        piece = table[place]
        first = bounds[piece]
        if inner[piece] == inside and bounds[piece + 1] - first == end - start:
            same = True
            for at in range(end - start):
                if pieces[first + at] != text[start + at]:
                    same = False
                    break
            if same:
                return True
        place = (place + 1) & np.int64(mask)
    return False


@compiled
def _of_word(
    text: Any, size: Any, most: Any, longest: Any, states: Any, pieces: Any, bounds: Any, inner: Any, table: Any
) -> Any:
    """Tokens of the word ``text[:size]``."""
    if size > most:
        return 1
    count, start = 0, 0
    while start < size:
        inside = 0 if start == 0 else 1
        state = FNV_START ^ np.uint64(inside)
        furthest = min(size, start + longest)
        for at in range(start, furthest):
            state = (state ^ np.uint64(text[at])) * FNV_PRIME
            states[at] = state
        end = furthest
        while end > start and not _known(states[end - 1], text, start, end, inside, pieces, bounds, inner, table):
            end -= 1
        if end == start:
            return 1  # no piece fits: the whole word is unknown
        count += 1
        start = end
    return count


@compiled
def counted(
    data: Any, offsets: Any, kinds: Any, lowered: Any, most: Any, longest: Any,
    pieces: Any, bounds: Any, inner: Any, table: Any, counts: Any,
) -> None:  # fmt: skip
    """Fill `counts`, shape ``(n_texts,)``, with the tokens of each text, special ones left out.

    Args:
        data: bytes of the texts, all below 128.
        offsets: where each begins and ends, shape ``(n_texts + 1,)``.
        kinds: what each byte is, shape ``(128,)``.
        lowered: each byte as the vocabulary has it, shape ``(128,)``.
        most: characters from which on a longer word is unknown.
        longest: bytes of the longest piece.
        pieces: see :func:`filled`; so for the others.
        bounds: where each piece begins and ends.
        inner: whether it goes on a word.
        table: the places of the pieces.
        counts: int64.
    """
    room = 0
    for text in range(counts.size):
        room = max(room, offsets[text + 1] - offsets[text])
    word, states = np.empty(room + 1, dtype=np.uint8), np.empty(room + 1, dtype=np.uint64)
    for text in range(counts.size):
        count, size = 0, 0
        for at in range(offsets[text], offsets[text + 1]):
            byte = data[at]
            kind = kinds[byte]
            if kind == DROPPED:
                continue
            if kind == LETTER:
                word[size] = lowered[byte]
                size += 1
                continue
            if size:
                count += _of_word(word, size, most, longest, states, pieces, bounds, inner, table)
                size = 0
            if kind == SIGN:
                word[0] = byte
                count += _of_word(word, 1, most, longest, states, pieces, bounds, inner, table)
        if size:
            count += _of_word(word, size, most, longest, states, pieces, bounds, inner, table)
        counts[text] = count
