"""Whether a stated confidence of 90 % is right nine times in ten.

A reliability diagram over ten equal bins (Guo et al. 2017, "On Calibration of Modern Neural Networks") with Wilson
intervals, since a bin of five rows says little.
"""

import polars as pl

from tunewright.core.scorecard import Scorecard
from tunewright.stages.report import charts
from tunewright.stages.report import format as fmt
from tunewright.stages.report.page import Column, Figure, Table
from tunewright.stats.wilson import wilson_interval

BINS = 10


def figure(card: Scorecard) -> Figure | None:
    """The reliability diagram, where the scorecard kept confidences."""
    frame = card.predictions
    if not frame.height or not {"truth", "predicted", "confidence"} <= set(frame.columns):
        return None
    bins = _bins(frame)
    if bins.is_empty():
        return None
    rows = []
    cells = []
    for index, confidence, right, n in bins.rows():
        low, high = wilson_interval(right / n, n)
        rows.append({"confidence": confidence, "value": right / n, "low": low, "high": high})
        cells.append(
            (
                f"{index * 100 // BINS} to {(index + 1) * 100 // BINS}{fmt.NARROW}%",
                fmt.share(confidence, 1),
                fmt.share(right, n),
                f"{100 * low:.1f} to {100 * high:.1f}{fmt.NARROW}%",
                fmt.count(n),
            )
        )
    error = next((s for s in card.own.scores if s.metric == "calibration_error"), None)
    error_text = f" Expected calibration error: {fmt.value(error)}." if error else ""
    return Figure(
        svg=charts.reliability(rows),
        title="Can its confidence be trusted?",
        label="Share answered right at each stated confidence, with its 95 % interval; on the dashed diagonal the "
        f"two are equal.{error_text}",
        table=Table(
            "Share answered right by stated confidence",
            (
                Column("Stated", head=True),
                Column("Mean confidence", numeric=True),
                Column("Right", numeric=True),
                Column("Interval", numeric=True),
                Column("Rows", numeric=True),
            ),
            tuple(cells),
        ),
    )


def _bins(frame: pl.DataFrame) -> pl.DataFrame:
    """`bin`, mean `confidence`, `right`, `rows` of each bin that has rows."""
    known = frame.filter(pl.col("confidence").is_not_null() & pl.col("confidence").is_finite())
    return (
        known.select(
            bin=(pl.col("confidence").clip(0, 1) * BINS).floor().clip(0, BINS - 1).cast(pl.Int64),
            confidence=pl.col("confidence").cast(pl.Float64),
            right=pl.col("truth").eq_missing(pl.col("predicted")),
        )
        .sort("bin", "confidence")
        .group_by("bin", maintain_order=True)
        .agg(pl.col("confidence").mean(), pl.col("right").sum().cast(pl.Int64), rows=pl.len())
        .sort("bin")
    )
