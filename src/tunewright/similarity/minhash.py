"""Batches of texts to sketches and shingle sets: the door between Polars columns and the compiled loops."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.buffers import text_buffers
from tunewright.kernels import sketch as kernel
from tunewright.similarity.near_duplicate_options import NearDuplicateOptions

Array = npt.NDArray[Any]
KINDS = (kernel.CHARS, kernel.WORDS)
#: Numbers left free behind each band: a batch is a power of two, and bands that far apart would share one cache line.
APART = 16


@dataclass(frozen=True)
class Sketches:
    """One batch of texts, sketched: all that is kept of them until candidates are compared.

    Attributes:
        hashes: of the normalized texts, 0 where there is none, shape ``(n,)``.
        numbers: hash of the numbers in each, shape ``(n,)``.
        described: by kind of shingle, positions of the texts that it describes.
        keys: by kind, their band keys, shape ``(n_bands, n_described)``.
        shorts: by kind, the low bytes of their minima, eight to a word, shape ``(n_described, n_words)``.
    """

    hashes: Array
    numbers: Array
    described: tuple[Array, ...]
    keys: tuple[Array, ...]
    shorts: tuple[Array, ...]


def normalized(texts: pl.Series) -> pl.Series:
    """Texts as NFC and lower case, invisible characters removed, any run of no letter and no digit as one space.

    Combining marks stay: without them Hindi, Thai or Arabic words would fall apart.
    """
    return (
        texts.str.normalize("NFC")
        .str.to_lowercase()
        .str.replace_all(r"[\p{Cf}\x{FE00}-\x{FE0F}]+", "")
        .str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ")
    )


def sketch(texts: pl.Series, options: NearDuplicateOptions) -> Sketches:
    """The sketches of one batch, shape ``(n,)`` strings; nulls count as empty."""
    n, count = len(texts), options.bands * options.band_rows
    multipliers, shifts = kernel.permutations(count)
    hashes, numbers = np.zeros(n, dtype=np.uint64), np.zeros(n, dtype=np.uint64)
    kinds = np.zeros((2, n), dtype=np.bool_)
    keys = np.empty((2, options.bands, n + APART), dtype=np.uint32)
    shorts = np.zeros((2, n, -(-count // 8) * 8), dtype=np.uint8)
    for targets, data, offsets in _parts(texts):
        kernel.sketch(
            data, offsets, targets, kernel.byte_table(), _sizes(options), _limits(options), multipliers, shifts,
            hashes, numbers, kinds, keys, shorts,
        )  # fmt: skip
    described = tuple(np.flatnonzero(kinds[kind]) for kind in KINDS)
    return Sketches(
        hashes=hashes,
        numbers=numbers,
        described=described,
        keys=tuple(keys[kind][:, described[kind]] for kind in KINDS),
        shorts=tuple(shorts[kind][described[kind]].view(np.uint64) for kind in KINDS),
    )


def shingle_sets(texts: pl.Series, options: NearDuplicateOptions) -> tuple[Array, Array]:
    """The sorted distinct shingles of a few texts.

    Returns:
        ``(flat, bounds)``: all sets in one array, and where each begins and ends in it, shape ``(2, n, 2)``.
    """
    bounds = np.zeros((2, len(texts), 2), dtype=np.int64)
    pieces, begin = [], 0
    for targets, data, offsets in _parts(texts):
        for kind in KINDS:
            flat = np.empty(data.size + targets.size, dtype=np.uint32)
            lengths = np.zeros(targets.size, dtype=np.int64)
            filled = kernel.shingle_sets(
                data, offsets, kernel.byte_table(), _sizes(options), _limits(options), kind, flat, lengths
            )
            ends = begin + np.cumsum(lengths)
            bounds[kind, targets, 0], bounds[kind, targets, 1] = ends - lengths, ends
            pieces.append(flat[:filled].copy())
            begin += filled
    return np.concatenate(pieces) if pieces else np.empty(0, dtype=np.uint32), bounds


def _sizes(options: NearDuplicateOptions) -> Array:
    return np.array([options.char_shingle, options.word_shingle], dtype=np.int64)


def _limits(options: NearDuplicateOptions) -> Array:
    # A text of `overlap` words or fewer shares too little with one of more than `short_words` to reach either
    # threshold, so texts between the two are described both ways and every pair that can match shares a kind.
    overlap = int(options.short_words * min(options.threshold_short, options.threshold_long))
    return np.array([options.short_words, overlap], dtype=np.int64)


def _parts(texts: pl.Series) -> Iterator[tuple[Array, Array, Array]]:
    """Positions, bytes and offsets of the ASCII texts as they are, then of the others after :func:`normalized`."""
    data, offsets = text_buffers(texts)
    wide = kernel.beyond_ascii(data, offsets)
    if not wide.any():
        yield np.arange(len(texts)), data, offsets
        return
    for targets, clean in ((np.flatnonzero(~wide), False), (np.flatnonzero(wide), True)):
        if targets.size:
            part = texts.gather(targets)
            yield targets, *text_buffers(normalized(part) if clean else part)
