"""Columns of texts as the bytes that compiled loops read."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Array = npt.NDArray[Any]


def text_buffers(texts: pl.Series) -> tuple[Array, Array]:
    """UTF-8 bytes of all texts, and where each begins and ends, shape ``(n + 1,)``; null is the empty text."""
    arrow = texts.fill_null("").to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = arrow.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int64)[arrow.offset : arrow.offset + len(arrow) + 1]
    return np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, dtype=np.uint8), bounds


def text_series(data: Array, bounds: Array) -> pl.Series:
    """The texts whose UTF-8 bytes lie in `data` between `bounds`, shape ``(n + 1,)``: :func:`text_buffers` undone."""
    buffers = [None, pa.py_buffer(bounds), pa.py_buffer(np.ascontiguousarray(data))]
    return pl.Series(pl.from_arrow(pa.Array.from_buffers(pa.large_string(), len(bounds) - 1, buffers)))
