"""Keep the earliest of several copies and drop the rest.

A copy whose label differs from that of the row that would stay is not dropped: a contradiction is never merged
silently.
"""

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen
from tunewright.stages.clean.copies import copies

STAGE = 0


class Options(Frozen):
    """Nothing to choose: the earliest row stays."""


def fix(corpus: Corpus, finding: Finding, options: Options) -> pl.DataFrame:
    """A drop for each copy, naming the line that stays."""
    return copies(corpus, finding).select(
        "row",
        action=pl.lit("drop"),
        reason=pl.format("repeats line {}, which stays", pl.col("kept_line").cast(pl.String).fill_null("?")),
    )
