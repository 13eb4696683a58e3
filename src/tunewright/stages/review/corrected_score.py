"""The quality score, corrected by what people said of a sample.

The audit says of every row whether it is defective (a), people say it of the sampled ones (h). The defective rows are
those that people know of, plus those that the audit finds in the rest, plus the rest's size times how far the audit is
off there, estimated by the mean of h − a within each stratum: Särndal's difference estimator (Särndal, Swensson,
Wretman 1992, "Model Assisted Survey Sampling", section 6.3), of late called prediction-powered inference (Angelopoulos
et al. 2023, Science 382:669). Within a stratum every row was as likely to be drawn, so the plain mean there is Hájek's
with the inclusion probabilities; reviewed rows are known, and only the others are estimated.

The interval is made for each combination of findings by itself, since rows in which nothing was found and rows that
are suspected have little in common, and of them as a whole by MOVER (Zou and Donner 2008, Statistics in Medicine
27:1693). What the audit missed (h = 1, a = 0) and its false alarms (h = 0, a = 1) are two shares, each with Wilson's
interval at its effective sample size (Korn and Graubard 1998, Survey Methodology 24:193); the variance behind that size
takes the share of each class as drawn towards the share of all by ``PULL`` rows, since a class of three good rows is
not proof that there is no bad one. Rows are counted whole at both ends. Simulated at nominal 95 %
(400 draws each), the interval covers 93.5 to 95.5 % in nine worlds of 1,200 to 20,000 rows and 500 to 1,000 read, and
all of the time where 650 of 700 rows are read; tests/stages/review/test_coverage.py holds four such worlds.

Several samples count by the rows that were reviewed of each. Rows that came in after the sample was drawn, and strata
of which nothing was reviewed, are taken to be like the others.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from tunewright.core.audit_report import AuditReport
from tunewright.core.gate import parse_bar
from tunewright.core.outlook import Outlook
from tunewright.core.score import Score
from tunewright.stages.review.sample import CROSS, own_findings
from tunewright.stages.review.store import Sample
from tunewright.stats.wilson import wilson_interval

METHOD = "reviewed"
LEVEL = 0.95
PULL = 2.0
#: Rows are asked for in tens; nobody counts to 437.
STEP = 10
#: With fewer rows than this the classes and findings that were not met yet weigh more than what was seen.
LEAST = 50


@dataclass(frozen=True)
class _Part:
    """What is estimated of one part of the unread rows: missed less false alarms, with both ends of its interval.

    Attributes:
        weight: the part's share of the unread rows; those of all parts add up to 1.
        value: the estimate, as a share of the part.
        low: lower end.
        high: upper end.
    """

    weight: float
    value: float
    low: float
    high: float


def corrected_score(
    report: AuditReport, rows: pl.DataFrame, decisions: pl.DataFrame, dropped: pl.Series, samples: Sequence[Sample]
) -> Score | None:
    """The corrected score of `rows`; None while fewer than ``LEAST`` sampled rows were reviewed and others are left.

    Args:
        report: the audit of `rows`.
        rows: `row`, `example_id`, `content_digest`, `label`, `answer`.
        decisions: one a reviewed row, as :func:`tunewright.stages.review.decisions.decisions` gives them.
        dropped: example ids of the rows that were dropped because of a review.
        samples: every sample that was drawn.
    """
    if rows.is_empty() or decisions.is_empty():
        return None
    flagged = _flagged(report, rows)
    decided = _decisions_about(flagged, decisions, dropped)
    unread = flagged.join(decided.filter("here"), on="example_id", how="anti")
    read = [(sample, judged) for sample in samples if (judged := _reviewed(sample, decided)).height]
    reviewed = _count_distinct([sample for sample, _ in read], decided)
    if not reviewed or (reviewed < LEAST and unread.height):
        return None
    estimates = [(judged.height, parts) for sample, judged in read if (parts := _parts(sample, judged, unread))]
    every = sum(n for n, _ in estimates)
    weighted = [replace(part, weight=part.weight * n / every) for n, parts in estimates for part in parts]
    middle = sum(part.weight * part.value for part in weighted)
    down = math.hypot(*(part.weight * (part.value - part.low) for part in weighted))
    up = math.hypot(*(part.weight * (part.high - part.value) for part in weighted))
    known = decided.filter(pl.col("bad") & pl.col("still")).height
    left, flagged_rows = unread.height, int(unread["flagged"].sum())
    counts = (
        flagged_rows + left * middle,
        math.floor(flagged_rows + left * (middle - down)),
        math.ceil(flagged_rows + left * (middle + up)),
    )
    defects = [min(max(count, 0.0), left) + known for count in counts]
    value, best, worst = (100 * (1 - defect / rows.height) for defect in defects)
    return Score(
        metric="quality_score",
        value=value,
        n=reviewed,
        low=min(worst, value),
        high=max(best, value),
        level=LEVEL,
        method=METHOD,
        unit="points",
    )


def outlook(score: Score, bar: str, unread: int) -> Outlook:
    """Whether `score` decides about `bar`, such as ``>= 85``, and how many of the `unread` rows would."""
    comparison, limit = parse_bar(bar)
    assert score.low is not None and score.high is not None
    low, high = (score.low, score.high) if comparison.startswith(">") else (-score.high, -score.low)
    value, limit = (score.value, limit) if comparison.startswith(">") else (-score.value, -limit)
    interval = f"{score.value:.1f} ({score.low:.1f} to {score.high:.1f}) by {score.n:,} reviewed rows"
    if low > limit or (low == limit and "=" in comparison):
        return Outlook(outcome="pass", more=0, words=f"{interval}: above the bar of {bar}.")
    if high < limit or (high == limit and "=" not in comparison):
        return Outlook(
            outcome="fail",
            more=0,
            words=f"{interval}: below the bar of {bar}; too many rows that nobody read are defective, too.",
        )
    missing_rows = _rows_to_decide(score.n, value - limit, value - low if value >= limit else high - value, unread)
    return Outlook(
        outcome="review more",
        more=missing_rows,
        words=f"{interval} does not decide about the bar of {bar}: review about {missing_rows:,} more rows.",
    )


def _rows_to_decide(n: int, distance: float, half: float, unread: int) -> int:
    """Rows still to read until the interval, shrinking by the root of their number, is as short as the distance."""
    missing = math.inf if distance == 0 else n * (half / abs(distance)) ** 2 - n
    stepped = unread if math.isinf(missing) else STEP * max(1, math.ceil(missing / STEP))
    return max(0, min(stepped, unread))


def _flagged(report: AuditReport, rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` and whether the audit alone calls each defective."""
    frames = [f.frame.select("row") for f in own_findings(report) if f.severity == "blocking"]
    hit = pl.concat([pl.DataFrame(schema={"row": pl.Int64}), *frames]).unique().with_columns(flagged=pl.lit(value=True))
    return rows.join(hit, on="row", how="left", maintain_order="left").with_columns(
        pl.col("flagged").fill_null(value=False)
    )


def _decisions_about(rows: pl.DataFrame, decisions: pl.DataFrame, dropped_ids: pl.Series) -> pl.DataFrame:
    """The decisions about rows that are there, or were dropped because of them.

    Returns:
        `example_id`, `bad` (what people said), `here` (the row is still there), `still` (and still what was judged),
        `flagged` (null where the row is not what it was: the sample knows what it had).
    """
    placed = decisions.join(rows, on="example_id", how="left", suffix="_now")
    same = pl.col("content_digest_now") == pl.col("content_digest")
    bad = pl.col("verdict") == "defective"
    label = pl.col("new_label").is_null() | (pl.col("new_label") == pl.col("label"))
    answer = pl.col("new_answer").is_null() | (pl.col("new_answer") == pl.col("answer"))
    corrected = pl.col("new_label").is_not_null() | pl.col("new_answer").is_not_null()
    mended = bad & corrected & label & answer & ~same
    dropped = bad & pl.col("content_digest_now").is_null() & pl.col("example_id").is_in(dropped_ids.implode())
    return (
        placed.select(
            "example_id",
            bad=bad,
            same=same.fill_null(value=False),
            mended=mended.fill_null(value=False),
            dropped=dropped.fill_null(value=False),
            flagged="flagged",
        )
        .filter(pl.any_horizontal("same", "mended", "dropped"))
        .sort("example_id", "same", descending=[False, True], maintain_order=True)
        .unique("example_id", keep="first", maintain_order=True)
        .select(
            "example_id",
            "bad",
            here=pl.col("same") | pl.col("mended"),
            still="same",
            flagged=pl.when("same").then("flagged").otherwise(None),
        )
    )


def _reviewed(sample: Sample, decided: pl.DataFrame) -> pl.DataFrame:
    """The rows of a sample that were reviewed: `stratum`, `missed`, `false`."""
    read = sample.rows.select("example_id", "stratum", had="flagged").join(decided, on="example_id")
    flag = pl.coalesce("flagged", "had")
    return read.select("stratum", missed=pl.col("bad") & ~flag, false=~pl.col("bad") & flag)


def _count_distinct(samples: Sequence[Sample], decided: pl.DataFrame) -> int:
    """Reviewed rows of several samples, each once."""
    frames = [sample.rows.select("example_id") for sample in samples]
    sampled = pl.concat([pl.DataFrame(schema={"example_id": pl.String}), *frames]).unique()
    return sampled.join(decided, on="example_id", how="semi").height


def _parts(sample: Sample, read: pl.DataFrame, unread: pl.DataFrame) -> list[_Part]:
    """What the reviewed rows of one sample say of the unread ones, for each combination of findings."""
    strata = read.group_by("stratum").agg(pl.len().alias("n"), pl.col("missed", "false").sum())
    sizes = (
        unread.join(sample.population, on="example_id")
        .group_by("stratum")
        .agg(left=pl.len(), alarms=pl.col("flagged").sum())
    )
    names = pl.DataFrame({"combination": [name.split(CROSS)[0] for name in sample.header.strata]})
    both = (
        strata.join(sizes, on="stratum")
        .join(names.with_row_index("stratum").cast({"stratum": pl.Int64}), on="stratum")
        .sort("combination", "stratum")
    )
    total = int(both["left"].sum())
    return [_part(group, total) for _, group in both.group_by("combination", maintain_order=True)]


def _part(strata: pl.DataFrame, total: int) -> _Part:
    """The estimate for the strata of one combination of findings, of `total` unread rows in all."""
    left, alarms = int(strata["left"].sum()), int(strata["alarms"].sum())
    # Nothing is missed among alarms, and a false alarm needs one.
    missed, false = _share(strata, "missed", 1 - alarms / left), _share(strata, "false", alarms / left)
    middle = missed[0] - false[0]
    down, up = (
        math.hypot(missed[0] - missed[1], false[2] - false[0]),
        math.hypot(missed[2] - missed[0], false[0] - false[1]),
    )
    return _Part(left / total, middle, middle - down, middle + up)


def _share(strata: pl.DataFrame, hits: str, most: float) -> tuple[float, float, float]:
    """The share of `hits` in the unread rows and its interval, from `n` read and `left` unread rows of each stratum."""
    n, left, hit = (strata[name].to_numpy().astype(float) for name in ("n", "left", hits))
    weight = left / left.sum()
    value = float((weight * hit / n).sum())
    # A share of nothing still varies: half a row more says how much.
    pooled = (value * n.sum() + 0.5) / (n.sum() + 1)
    drawn = (hit + PULL * pooled) / (n + PULL)
    variance = float((weight**2 * drawn * (1 - drawn) * (1 / n + 1 / left)).sum())
    steady = float((weight * drawn).sum())
    low, high = wilson_interval(value, steady * (1 - steady) / variance, level=LEVEL)
    return value, low, max(min(high, most), value)
