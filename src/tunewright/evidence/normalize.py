"""The one way a text is made comparable: NFC, lowercase, every run of other than letters and digits to one space."""

import polars as pl

# Marks belong to letters in many scripts (Hindi, Thai), so they stay.
BETWEEN_WORDS = r"[^\p{L}\p{M}\p{N}]+"
BETWEEN_ASCII_WORDS = r"[^a-z0-9]+"


def normalized(column: str) -> pl.Expr:
    """`column` normalized; a text without a single letter or digit keeps its own characters.

    Without that exception two different emoji, or "?" and "!!", would become the same empty text.
    """
    plain = pl.col(column).fill_null("").str.strip_chars().str.normalize("NFC").str.to_lowercase()
    return _words(plain, BETWEEN_WORDS)


def normalized_keys(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """`row` and `key`, a 64-bit hash of `column` normalized; rows whose text is empty are left out.

    ASCII texts take a short way to the same result: NFC leaves them alone, and their words need no Unicode tables.
    """
    texts = frame.select("row", pl.col(column).fill_null("").str.strip_chars().alias("text"))
    ascii_only = pl.col("text").str.len_bytes() == pl.col("text").str.len_chars()
    short_way = _words(pl.col("text").str.to_lowercase(), BETWEEN_ASCII_WORDS)
    parts = [
        texts.filter(ascii_only).select("row", said=short_way),
        texts.filter(~ascii_only).select("row", said=normalized("text")),
    ]
    return pl.concat(parts).filter(pl.col("said") != "").select("row", key=pl.col("said").hash(0))


def _words(plain: pl.Expr, between: str) -> pl.Expr:
    spaced = plain.str.replace_all(between, " ").str.strip_chars()
    return pl.when(spaced == "").then(plain).otherwise(spaced)
