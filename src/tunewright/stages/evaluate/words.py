"""Texts as comparable words."""

from collections.abc import Sequence

import polars as pl

from tunewright.text.normalize import normalized


def words(texts: Sequence[str]) -> list[list[str]]:
    """The words of each text, normalized as everywhere (`text/normalize.py`)."""
    split = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(normalized("text").str.split(" "))
    return [[word for word in words if word] for words in split["text"].to_list()]
