"""Drop rows that hold nothing to learn from."""

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen

STAGE = 0


class Options(Frozen):
    """Nothing to choose."""


def fix(corpus: Corpus, finding: Finding, options: Options) -> pl.DataFrame:
    """A drop for each row of the finding, with the finding's name and what was seen as the reason."""
    seen = (
        pl.format("{}: {}", pl.lit(finding.name), "seen") if "seen" in finding.frame.columns else pl.lit(finding.name)
    )
    return finding.frame.unique("row", keep="first", maintain_order=True).select(
        "row", action=pl.lit("drop"), reason=seen
    )
