"""Prompts that are written in capitals alone."""

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen


class Options(Frozen):
    """What counts as shouting."""

    letters: int = Field(8, ge=1, description="Letters from which on a text in capitals is shouted.")


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Rows whose prompt has that many letters and no small one."""
    rows = corpus.scan("row", "prompt").collect()
    text = pl.col("prompt")
    hits = rows.filter((text.str.count_matches("[A-Z]") >= options.letters) & (text == text.str.to_uppercase()))
    return (
        Finding.of(
            hits.select("row", seen="prompt"),
            check="shouting",
            kind="prompt",
            severity="warning",
            message="the prompt is shouted: {seen!r}",
            fix="whisper",
        ),
    )
