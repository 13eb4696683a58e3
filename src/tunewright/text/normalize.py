"""The one way a text is made comparable: NFC, lowercase, every run of other than letters and digits to one space."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.buffers import text_buffers, text_series
from tunewright.kernels import keys as kernel

# Marks belong to letters in many scripts (Hindi, Thai), so they stay.
BETWEEN_WORDS = r"[^\p{L}\p{M}\p{N}]+"
BATCH_ROWS = 32_768


def normalized(column: str) -> pl.Expr:
    """`column` normalized; a text without a single letter or digit keeps its own characters.

    Without that exception two different emoji, or "?" and "!!", would become the same empty text.
    """
    plain = pl.col(column).fill_null("").str.strip_chars().str.normalize("NFC").str.to_lowercase()
    spaced = plain.str.replace_all(BETWEEN_WORDS, " ").str.strip_chars()
    return pl.when(spaced == "").then(plain).otherwise(spaced)


def normalized_texts(texts: pl.Series) -> pl.Series:
    """Each text as :func:`normalized` has it, null as the empty text; ASCII texts take a short way to the same."""
    wide = _beyond_ascii(texts)
    data, offsets = text_buffers(texts)
    out, bounds = np.empty(data.size, np.uint8), np.zeros(len(texts) + 1, np.int64)
    size = kernel.written(data, offsets, kernel.ascii_words(), out, bounds)
    plain = text_series(out[:size], bounds)
    return plain.scatter(np.flatnonzero(wide), _unicode(texts, wide)) if wide.any() else plain


def normalized_keys(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """`row` and `key`, a 64-bit hash of `column` normalized; rows whose text is empty are left out."""
    texts = frame[column]
    starts = range(0, len(texts), BATCH_ROWS)
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        parts = list(pool.map(lambda start: _keys(texts.slice(start, BATCH_ROWS)), starts))
    keys = np.concatenate([np.empty(0, np.uint64), *parts])
    return pl.DataFrame({"row": frame["row"], "key": keys}).filter(pl.col("key") != 0)


def _keys(texts: pl.Series) -> npt.NDArray[np.uint64]:
    keys, wide = np.zeros(len(texts), np.uint64), _beyond_ascii(texts)
    kernel.text_keys(*text_buffers(texts), kernel.ascii_words(), keys)
    if wide.any():
        wide_keys = np.zeros(int(wide.sum()), np.uint64)
        kernel.text_keys(*text_buffers(_unicode(texts, wide)), kernel.as_they_are(), wide_keys)
        keys[wide] = wide_keys
    return keys


def _beyond_ascii(texts: pl.Series) -> npt.NDArray[np.bool_]:
    """Which texts hold a byte beyond ASCII, shape ``(n,)``: only these need NFC and Unicode's tables of letters."""
    return (texts.str.len_bytes() != texts.str.len_chars()).fill_null(value=False).to_numpy()


def _unicode(texts: pl.Series, wide: npt.NDArray[np.bool_]) -> pl.Series:
    return pl.DataFrame({"text": texts.filter(wide)}).select(normalized("text")).to_series()
