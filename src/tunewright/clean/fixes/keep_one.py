"""Keep the earliest of several copies and drop the rest.

Only copies whose label and answer are the same come here: the exact duplicates check calls the others ``prompt``
copies, and a contradiction is never merged silently.
"""

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen

STAGE = 0


class Options(Frozen):
    """Nothing to choose: the earliest row stays."""


def fix(corpus: Corpus, finding: Finding, options: Options) -> pl.DataFrame:
    """A drop for each copy, naming the line that stays."""
    return finding.frame.select(
        "row", action=pl.lit("drop"), reason=pl.format("repeats line {}, which stays", "other_line")
    )
