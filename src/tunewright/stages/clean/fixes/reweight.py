"""Let rows that say the same count less, so that a family of them counts like few.

For findings that point at another row (semantic duplicates, templates with other numbers) all of which are real: the
rows stay, and a family of n weighs n to the power of `growth`. 0.5 follows the square-root sampling that multilingual
and multi-task mixtures use (Raffel et al. 2020, section 3.5.2, temperature 2). Weights are set, not multiplied again
and again: a family that weighs no more than that is left alone. n counts rows of weight 1, whatever they weigh now:
measured by the heaviest of them, a family of equal rows would be halved by every pass.
"""

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen

STAGE = 4
SAFE = False
#: Weights that are this near to what they should be are there: a quotient of doubles is not exact.
NEAR = 1e-9


class Options(Frozen):
    """How much a family counts."""

    growth: float = Field(
        0.5, ge=0, le=1, description="A family of n rows weighs n ** growth: 0 counts it once, 1 leaves it alone."
    )


def fix(corpus: Corpus, finding: Finding, options: Options) -> pl.DataFrame:
    """A factor for each row of a family that weighs too much."""
    family = "cluster" if "cluster" in finding.frame.columns else "other"
    pointing = finding.frame.select("row", family=family).drop_nulls().unique("row", keep="first", maintain_order=True)
    # The rows pointed at belong to the family: they are what the others repeat.
    named = finding.frame.select(row="other", family=family).drop_nulls().unique("row", keep="first")
    members = pl.concat([pointing, named.join(pointing, on="row", how="anti")])
    rows = members.join(corpus.scan("row", "weight").collect(), on="row", how="inner")
    total = pl.col("weight").sum().over("family")
    size = pl.len().over("family")
    wanted = size.cast(pl.Float64).pow(options.growth)
    return (
        rows.with_columns(size=size, factor=wanted / total)
        .filter((pl.col("factor") < 1 - NEAR) & (pl.col("weight") > 0))
        .select(
            "row",
            action=pl.lit("reweight"),
            weight="factor",
            reason=pl.format("one of {} that say the same", "size"),
        )
        .sort("row")
    )
