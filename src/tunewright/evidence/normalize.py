"""The one way a text is made comparable: NFC, lowercase, every run of other than letters and digits to one space."""

import polars as pl


def normalized(column: str) -> pl.Expr:
    """`column` normalized; a text without a single letter or digit keeps its own characters.

    Without that exception two different emoji, or "?" and "!!", would become the same empty text.
    """
    raw = pl.col(column).fill_null("").str.strip_chars()
    plain = raw.str.normalize("NFC").str.to_lowercase()
    # Marks belong to letters in many scripts (Hindi, Thai), so they stay.
    spaced = plain.str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ").str.strip_chars()
    return pl.when(spaced == "").then(plain).otherwise(spaced)
