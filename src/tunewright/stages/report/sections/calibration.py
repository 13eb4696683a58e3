"""Whether a stated confidence of 90 % is right nine times in ten.

A reliability diagram over ten equal bins (Guo et al. 2017, "On Calibration of Modern Neural Networks") with Wilson
intervals, since a bin of five rows says little.
"""

import math

import polars as pl

from tunewright.core.scorecard import Scorecard
from tunewright.stages.report import charts
from tunewright.stages.report import format as fmt
from tunewright.stages.report.page import Column, Figure, Table

BINS = 10
Z95 = 1.959963984540054


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
        low, high = wilson(right, n)
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
    error = next((s for s in card.own.scores if "calibration" in s.metric or s.metric == "ece"), None)
    said = f" Expected calibration error: {fmt.value(error)}." if error else ""
    return Figure(
        svg=charts.reliability(rows),
        title="Can its confidence be trusted?",
        label="Share answered right at each stated confidence, with its 95 % interval; on the dashed diagonal the "
        f"two are equal.{said}",
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


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share (Wilson 1927)."""
    p, z2 = right / n, Z95 * Z95
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def _bins(frame: pl.DataFrame) -> pl.DataFrame:
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
