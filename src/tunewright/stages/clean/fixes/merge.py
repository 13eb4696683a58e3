"""Keep the earliest of several copies and give it the weight of them all.

What keep_one forgets, how often something was asked, stays in the data: five tickets that say the same become one that
counts five times. Copies whose labels differ are left alone, as by keep_one.
"""

from typing import Literal

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen
from tunewright.stages.clean.copies import copies

STAGE = 0


class Options(Frozen):
    """What the row that stays weighs."""

    weight: Literal["sum", "largest"] = Field("sum", description="Weight of the row that stays: sum or largest.")
    most: float = Field(10.0, gt=0, description="Weight that a merged row may have at most, unless it had more.")


def fix(corpus: Corpus, finding: Finding, options: Options) -> pl.DataFrame:
    """A drop for each copy, and a new weight for each row that stays."""
    gone = copies(corpus, finding)
    weights = corpus.scan("row", "weight").collect()
    drops = gone.select(
        "row",
        action=pl.lit("drop"),
        weight=pl.lit(None, pl.Float64),
        reason=pl.format("merged into line {}", pl.col("kept_line").cast(pl.String).fill_null("?")),
    )
    copied = (
        gone.join(weights, on="row", how="left")
        .group_by("kept")
        .agg(total=pl.col("weight").sum(), largest=pl.col("weight").max(), count=pl.len())
    )
    own = copied.join(weights.select(kept="row", own="weight"), on="kept", how="left").filter(pl.col("own") > 0)
    reached = pl.col("own") + pl.col("total") if options.weight == "sum" else pl.max_horizontal("own", "largest")
    wanted = pl.max_horizontal(pl.min_horizontal(reached, pl.lit(options.most)), "own")
    weighed = own.select(
        row="kept",
        action=pl.lit("reweight"),
        weight=wanted / pl.col("own"),
        reason=pl.format("stands for {} more that say the same", "count"),
    )
    return pl.concat([drops, weighed]).sort("row")
