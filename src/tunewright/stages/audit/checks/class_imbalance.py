"""Classes so unequal in size that the model would learn the large one and guess the small ones.

Rules: the largest class holds 95 % or more, or a class holds less than half of what an even split over K classes
would give it and less than 5 % (playbook: 95/5; Datalab's ``rarest < 0.1 / K`` misses it). A class also needs rows to
be measured: for a recall of 90 % ± 5 points at 95 % confidence, z² p (1 − p) / 0.05² = 139 test rows; the finding says
how many are missing.
"""

import math

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding, NotChecked
from tunewright.core.frozen import Frozen

Z_95 = 1.959963984540054


class Options(Frozen):
    """When sizes are called unequal."""

    largest: float = Field(0.95, gt=0.5, le=1, description="Share of the largest class from which it is flagged.")
    smallest: float = Field(0.05, gt=0, lt=0.5, description="Share below which a class can be flagged.")
    of_even: float = Field(0.5, gt=0, le=1, description="… and this part of an even share, below which it is.")
    min_rows: int = Field(20, ge=1, description="Rows below which a class cannot be evaluated at all.")
    test_share: float = Field(0.1, gt=0, lt=1, description="Share of rows that the evaluation will read.")
    recall: float = Field(0.9, gt=0, lt=1, description="Recall around which the interval is planned.")
    half_width: float = Field(0.05, gt=0, lt=0.5, description="Half-width that the recall's interval should have.")


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Statements about class sizes, and the rows of classes too small to evaluate."""
    labels = corpus.scan("row", "label").drop_nulls("label").collect()
    sizes = labels.group_by("label").agg(rows=pl.len()).sort("rows", "label")
    if sizes.height < 2:
        raise NotChecked("labels of at least two classes are needed")
    return (*_shares(sizes, labels.height, options), *_too_small(sizes, labels, options))


def _shares(sizes: pl.DataFrame, rows: int, options: Options) -> list[Finding]:
    share = sizes["rows"] / rows
    entropy = float(-(share * share.log()).sum())
    rare = sizes.filter(share < min(options.smallest, options.of_even / sizes.height))
    if float(share[-1]) < options.largest and rare.is_empty():
        return []
    facts = {
        "classes": sizes.height,
        "largest": sizes["label"][-1],
        "largest_share": float(share[-1]),
        "smallest": sizes["label"][0],
        "smallest_rows": int(sizes["rows"][0]),
        "ratio": float(sizes["rows"][-1] / sizes["rows"][0]),
        "rare_classes": rare.height,
        "effective_classes": math.exp(entropy),
        "normalized_entropy": entropy / math.log(sizes.height),
    }
    message = (
        "{largest!r} holds {largest_share:.0%} of the rows and {smallest!r} only {smallest_rows}; "
        "{rare_classes} of {classes} classes are rare, {effective_classes:.1f} count in effect"
    )
    return [Finding.about(check="class_imbalance", kind="shares", severity="warning", message=message, facts=facts)]


def _too_small(sizes: pl.DataFrame, labels: pl.DataFrame, options: Options) -> list[Finding]:
    spread = options.recall * (1 - options.recall)
    needed = math.ceil(Z_95**2 * spread / options.half_width**2)
    small = sizes.filter(pl.col("rows") < options.min_rows)
    if small.is_empty():
        return []
    rows = labels.join(small, on="label").select(
        "row",
        "label",
        "rows",
        missing=(needed / options.test_share - pl.col("rows")).ceil().cast(pl.Int64),
    )
    return [
        Finding.of(
            rows,
            check="class_imbalance",
            kind="too_small",
            severity="warning",
            message="{label!r} has {rows} rows; {missing} more are needed to know its recall to ± 5 points",
            facts={"classes": small.height, "test_rows_needed": needed},
        )
    ]
