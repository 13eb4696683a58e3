"""Which texts are worth a closer look for what is beyond ASCII, for control characters, or for ragged white space."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from tunewright.core.buffers import text_buffers
from tunewright.kernels import char_classes as kernel
from tunewright.kernels.char_classes import CONTROL, UNEVEN, WIDE

__all__ = ["CONTROL", "UNEVEN", "WIDE", "may_hold", "with_char_classes"]
BATCH_ROWS = 32_768


def with_char_classes(texts: pl.DataFrame) -> pl.DataFrame:
    """`texts` with `char_classes`: the bits of what each `text` may hold; only `WIDE` is certain."""
    column, kinds = texts["text"], kernel.byte_kinds()
    starts = range(0, len(column), BATCH_ROWS)
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        parts = list(
            pool.map(lambda at: kernel.char_classes(*text_buffers(column.slice(at, BATCH_ROWS)), kinds), starts)
        )
    return texts.with_columns(char_classes=pl.Series(np.concatenate([np.empty(0, np.uint8), *parts])))


def may_hold(texts: pl.DataFrame, classes: int) -> pl.DataFrame:
    """Rows of :func:`with_char_classes` with one of the bits of `classes`."""
    return texts.filter(pl.col("char_classes") & classes > 0)
