"""Whole texts that a finding points at, mended by a function of a series."""

from collections.abc import Callable

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.stages.clean.apply import text_of

Mend = Callable[[pl.Series], pl.Series]


def mended(corpus: Corpus, finding: Finding, mend: Mend, reason: str) -> pl.DataFrame:
    """A replace for each text of the finding that `mend` changes and does not empty.

    Args:
        corpus: the rows as they are now.
        finding: `row`, and `column` where it speaks of another place than the prompt.
        mend: the new texts, in the order of the old.
        reason: a sentence a clerk can read.
    """
    texts = found_texts(corpus, finding)
    new = texts.with_columns(value=mend(texts["text"]))
    filled = pl.col("value").fill_null("").str.strip_chars() != ""
    return new.filter(filled & (pl.col("value") != pl.col("text"))).select(
        "row", "column", "value", action=pl.lit("replace"), reason=pl.lit(reason)
    )


def found_texts(corpus: Corpus, finding: Finding) -> pl.DataFrame:
    """`row`, `column`, `text` of the places that the finding names, as they are now."""
    column = pl.col("column") if "column" in finding.frame.columns else pl.lit("prompt")
    places = finding.frame.select("row", column=column).unique(maintain_order=True)
    rows = (
        corpus.scan("row", "prompt", "answer", "messages")
        .join(places.lazy().select("row").unique(), on="row", how="semi")
        .collect()
    )
    return text_of(rows, places).drop_nulls("text").sort("row", "column")
