"""Texts normalized byte by byte: written down, or only as a 64-bit key.

The key is FNV-1a (Fowler, Noll, Vo) over the bytes that normalization would leave, and a finalizer that spreads the
last of them. Equal keys prove nothing; whoever needs proof compares the texts.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.kernels.compiled import compiled
from tunewright.kernels.hashing import FNV_PRIME, FNV_START, mixed

_SPACE = np.uint64(32)


def ascii_words() -> npt.NDArray[np.uint8]:
    """What each ASCII byte becomes: letters and digits in lower case, anything else 0, which ends a word."""
    table = np.zeros(256, dtype=np.uint8)
    for byte in range(128):
        if chr(byte).isalnum():
            table[byte] = ord(chr(byte).lower())
    return table


def as_they_are() -> npt.NDArray[np.uint8]:
    """Each byte as itself, for texts that are normalized already; a space ends a word."""
    table = np.arange(256, dtype=np.uint8)
    table[32] = 0
    return table


@compiled
def text_keys(data: Any, offsets: Any, table: Any, keys: Any) -> None:
    """Fill `keys`, shape ``(n_texts,)``; 0 is a text of white space or nothing."""
    for text in range(keys.size):
        state, words, gap = FNV_START, False, False
        for position in range(offsets[text], offsets[text + 1]):
            byte = table[data[position]]
            if byte == 0:
                gap = True
                continue
            if gap and words:
                state = (state ^ _SPACE) * FNV_PRIME
            state = (state ^ np.uint64(byte)) * FNV_PRIME
            words, gap = True, False
        keys[text] = _spread(state) if words else _sign_key(data, offsets[text], offsets[text + 1])


@compiled
def _sign_key(data: Any, start: Any, stop: Any) -> Any:
    """The key of a text without a letter or a digit: of its own signs, or two emoji would be the same text."""
    start, stop = _stripped(data, start, stop)
    if start == stop:
        return np.uint64(0)
    state = FNV_START
    for position in range(start, stop):
        state = (state ^ np.uint64(data[position])) * FNV_PRIME
    return _spread(state)


@compiled
def written(data: Any, offsets: Any, table: Any, out: Any, bounds: Any) -> Any:
    """Write each text normalized into `out`, as large as `data`; `bounds`, ``(n + 1,)``, says where each ends."""
    at = 0
    for text in range(bounds.size - 1):
        begin, gap = at, False
        for position in range(offsets[text], offsets[text + 1]):
            byte = table[data[position]]
            if byte == 0:
                gap = True
                continue
            if gap and at > begin:
                out[at] = 32
                at += 1
            out[at], gap = byte, False
            at += 1
        if at == begin:
            start, stop = _stripped(data, offsets[text], offsets[text + 1])
            out[at : at + stop - start] = data[start:stop]
            at += stop - start
        bounds[text + 1] = at
    return at


@compiled
def _stripped(data: Any, start: Any, stop: Any) -> Any:
    while start < stop and _is_white(data[start]):
        start += 1
    while stop > start and _is_white(data[stop - 1]):
        stop -= 1
    return start, stop


@compiled
def _is_white(byte: Any) -> Any:
    return byte == 32 or 9 <= byte <= 13


@compiled
def _spread(state: Any) -> Any:
    """`state` mixed; 1 in the place of 0, which is the key of an empty text."""
    key = mixed(state)
    return key if key != 0 else np.uint64(1)
