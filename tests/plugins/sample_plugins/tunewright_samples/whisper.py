"""Write shouted prompts in small letters."""

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen

STAGE = 2


class Options(Frozen):
    """Nothing to choose."""


def fix(corpus: Corpus, finding: Finding, options: Options) -> pl.DataFrame:
    """The prompt of each row of the finding in small letters."""
    rows = corpus.scan("row", "prompt").collect().join(finding.frame.select("row"), on="row", how="semi")
    return rows.select(
        "row",
        action=pl.lit("replace"),
        column=pl.lit("prompt"),
        value=pl.col("prompt").str.to_lowercase(),
        reason=pl.lit("nobody has to shout"),
    )
