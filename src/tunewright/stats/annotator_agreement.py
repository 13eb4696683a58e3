"""How far several annotators agree, whom to trust, and what most of them say.

Ratings are rows of `unit` (anything that tells units apart), `rater` (string) and `value` (string, nominal); a rating
without a value is left out. What a rater says twice of one unit counts once, except for the quality of the rater, who
may well be judged by contradicting himself.

Reliability is Krippendorff's alpha, which copes with any number of raters, missing ratings and agreement by chance
(Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"; Content Analysis, 4th ed. 2018, chapter 12). Quality
is the model of Dawid and Skene (1979, Applied Statistics 28:20): each rater has a table of which value is named when
another is true, and the tables and the truth are estimated together by EM.

Units that were rated alike are counted, not repeated, so the cost follows the number of *different* units: 100,000
units of three raters and 77 values take 2.4 s for alpha with its interval and 4.1 s for quality (measured, two shared
cores).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.score import Score

#: Krippendorff (2018, p. 356): rely on 0.8 and more, draw tentative conclusions from 0.667, none from less.
TENTATIVE, RELIABLE = 0.667, 0.8
#: Samples behind the interval; the ends of a percentile interval move by less than a tenth of its width beyond this.
RESAMPLES = 1000
#: EM ends when no share moves by more than this, or after so many rounds (the example of 1979 needs 20).
TOLERANCE, ROUNDS = 1e-4, 100
#: Ratings added to each cell of a rater's table, so that what was never seen is unlikely and not impossible.
PRIOR = 0.01
#: Numbers held at once while resampling or estimating: 128 MB.
CELLS = 1 << 24

Floats = npt.NDArray[np.float64]


def krippendorff_alpha(ratings: pl.DataFrame, *, seed: int = 0, resamples: int = RESAMPLES) -> Score:
    """Krippendorff's nominal alpha over the units that two or more raters judged, with a bootstrap interval over units.

    1 is perfect agreement, 0 what chance gives, below 0 systematic disagreement. `n` of the score is the number of
    such units. Where only one value was ever given nothing can be said against chance: 1.0 without an interval.

    Args:
        ratings: `unit`, `rater`, `value`.
        seed: of the resampling.
        resamples: samples behind the interval.

    Raises:
        ValueError: no unit was judged by two raters.
    """
    shared = _shared(_distinct(ratings))
    if shared.is_empty():
        raise ValueError("no unit was judged by two raters")
    kinds = _kinds(shared, "value")
    held, units = kinds.counts, kinds.units
    alpha = _alpha(units[None, :].astype(float), held)[0]
    n = int(units.sum())
    if held.shape[1] == 1:
        return Score(metric="krippendorff_alpha", value=float(alpha), n=n, method="one value", unit="alpha")
    rng = np.random.default_rng(seed)
    most = max(1, CELLS // len(units))
    sizes = [min(most, resamples - start) for start in range(0, resamples, most)]
    draws = np.concatenate([_alpha(rng.multinomial(n, units / n, size=size).astype(float), held) for size in sizes])
    low, high = np.percentile(draws, [2.5, 97.5])
    return Score(
        metric="krippendorff_alpha",
        value=float(alpha),
        n=n,
        low=float(min(low, alpha)),
        high=float(max(high, alpha)),
        method=f"bootstrap-{resamples}",
        unit="alpha",
    )


def consensus(ratings: pl.DataFrame) -> pl.DataFrame:
    """What most raters say of each unit, of a tie the first by name.

    Returns:
        Sorted by unit: `unit`, `value`, `share` of the ratings that say so, `tie` (another value is named as often) and
        `n` ratings.
    """
    return (
        _votes(_distinct(ratings))
        .sort("unit", "votes", "value", descending=[False, True, False])
        .group_by("unit", maintain_order=True)
        .agg(
            pl.col("value").first(),
            share=pl.col("votes").first() / pl.col("votes").sum(),
            tie=(pl.col("votes") == pl.col("votes").max()).sum() > 1,
            n=pl.col("votes").sum(),
        )
    )


def annotator_quality(ratings: pl.DataFrame) -> pl.DataFrame:
    """How often each rater is with the others, and how often right as far as all ratings together tell.

    Returns:
        By rater, sorted: `rater`, `labelled` (units), `shared` (units that others judged too), `agreement` (share of
        `shared` in which the rater says what most of the others say, a tie of the others counting in part; null when
        nothing is shared), and `quality` (the probability, by Dawid and Skene's model, that the rater names the true
        value of a unit; null when nothing is shared).
    """
    rated = ratings.drop_nulls("value")
    alone = rated.group_by("rater").agg(labelled=pl.col("unit").n_unique())
    agreement, quality = _agreement(_distinct(rated)), _quality(rated)
    raters = alone.join(agreement, on="rater", how="left").join(quality, on="rater", how="left")
    return raters.sort("rater").select("rater", "labelled", pl.col("shared").fill_null(0), "agreement", "quality")


def _distinct(ratings: pl.DataFrame) -> pl.DataFrame:
    return ratings.select("unit", "rater", "value").drop_nulls("value").unique().sort("unit", "rater", "value")


def _shared(ratings: pl.DataFrame) -> pl.DataFrame:
    """The ratings of units that two or more raters judged."""
    return ratings.filter(pl.col("rater").n_unique().over("unit") > 1)


def _votes(ratings: pl.DataFrame) -> pl.DataFrame:
    return ratings.group_by("unit", "value").agg(votes=pl.len().cast(pl.Int64))


@dataclass(frozen=True)
class _Kinds:
    """Units that were rated alike, once each.

    Attributes:
        counts: how often each entry occurs in one unit of each kind, sparse ``(kinds, entries)``.
        units: units of each kind, ``(kinds,)``.
        entries: what the columns of `counts` stand for, in their order.
    """

    counts: Any
    units: npt.NDArray[np.int64]
    entries: pl.DataFrame


def _kinds(ratings: pl.DataFrame, *entry: str) -> _Kinds:
    """The kinds of units in `ratings`, told apart by how often each `entry` occurs; sorted, whatever the row order."""
    from scipy.sparse import csr_array

    entries = ratings.select(entry).unique().sort(entry).with_row_index("code")
    coded = ratings.join(entries, on=entry).select("unit", "code")
    kinds = (
        coded.sort("unit", "code")
        .group_by("unit", maintain_order=True)
        .agg(codes=pl.col("code"), key=pl.col("code").cast(pl.String).str.join(" "))
        .group_by("key")
        .agg(pl.col("codes").first(), units=pl.len())
        .sort("key")
    )
    cells = (
        kinds.with_row_index("kind")
        .explode("codes")
        .group_by("kind", "codes")
        .agg(times=pl.len())
        .sort("kind", "codes")
    )
    places = cells["kind"].to_numpy(), cells["codes"].to_numpy()
    counts = csr_array((cells["times"].to_numpy().astype(float), places), shape=(kinds.height, entries.height))
    return _Kinds(counts, kinds["units"].to_numpy().astype(np.int64), entries)


def _alpha(weights: Floats, held: Any) -> Floats:
    """Alpha of samples: `weights` says how often each kind of unit occurs ``(samples, kinds)``, `held` what it holds.

    With o the coincidence matrix, in which each unit enters its pairs of ratings divided by its ratings less one:
    1 - (n - 1) (n - Σ o_cc) / (n² - Σ n_c²), equation in section C of Krippendorff (2011).
    """
    ratings = np.asarray(held.sum(axis=1)).ravel()
    pairs = np.asarray((held * held).sum(axis=1)).ravel() - ratings
    same = weights @ (pairs / (ratings - 1))
    values = np.asarray(held.T @ weights.T).T
    n = values.sum(axis=1)
    by_chance = n * n - (values * values).sum(axis=1)
    differing = (n - 1) * (n - same)
    return np.asarray(1 - np.divide(differing, by_chance, out=np.zeros_like(n), where=by_chance > 0))


def _agreement(ratings: pl.DataFrame) -> pl.DataFrame:
    """`rater`, `shared`, `agreement` with the plurality of the others.

    Without one vote a value can only lead when it led alone before, and then it ties with those one vote behind.
    """
    votes = _votes(_shared(ratings))
    top = pl.col("votes").max().over("unit")
    led = (pl.col("votes") == top) & ((pl.col("votes") == top).sum().over("unit") == 1)
    behind = (pl.col("votes") == top - 1).sum().over("unit")
    shares = votes.with_columns(share=pl.when(led).then(1 / (1 + behind)).otherwise(0.0))
    return (
        _shared(ratings)
        .join(shares, on=["unit", "value"])
        .sort("unit", "rater", "value")
        .group_by("rater", maintain_order=True)
        .agg(shared=pl.col("unit").n_unique().cast(pl.Int64), agreement=pl.col("share").mean())
    )


def _quality(ratings: pl.DataFrame) -> pl.DataFrame:
    """`rater`, `quality`: the expected diagonal of the rater's table under Dawid and Skene's model."""
    shared = _shared(ratings)
    if shared.is_empty():
        return pl.DataFrame(schema={"rater": ratings.schema["rater"], "quality": pl.Float64})
    _, prior, tables = dawid_skene(shared)
    return pl.DataFrame(
        {"rater": shared["rater"].unique().sort(), "quality": tables.diagonal(axis1=1, axis2=2) @ prior}
    )


def dawid_skene(ratings: pl.DataFrame) -> tuple[pl.DataFrame, Floats, Floats]:
    """The truth and the raters' tables, estimated together by EM from the shares of the votes.

    Of very many different units a seeded sample is read, as the tables need no more.

    Args:
        ratings: `unit`, `rater`, `value`, none null; a rating given twice counts twice, as in the paper's example.

    Returns:
        The kinds of units read with their estimated truth (`units`, then one column per value), the share of each
        value ``(values,)``, and the tables ``(raters, values, values)``: rater, true value, value named. Raters and
        values are in sorted order.
    """
    raters, values = ratings["rater"].unique().sort(), ratings["value"].unique().sort()
    kinds = _sampled(_kinds(ratings, "rater", "value"), len(values))
    rater = kinds.entries["rater"].replace_strict(raters, range(len(raters)), return_dtype=pl.Int64).to_numpy()
    value = kinds.entries["value"].replace_strict(values, range(len(values)), return_dtype=pl.Int64).to_numpy()
    units = kinds.units.astype(float)
    votes = np.zeros((len(units), len(values)))
    for number in range(len(values)):
        votes[:, number] = np.asarray(kinds.counts[:, np.flatnonzero(value == number)].sum(axis=1)).ravel()
    truth = votes / votes.sum(axis=1, keepdims=True)
    prior, tables = np.zeros(len(values)), np.zeros((len(raters), len(values), len(values)))
    for _ in range(ROUNDS):
        weighted = truth * units[:, None]
        prior = weighted.sum(axis=0) / units.sum()
        tables = np.full((len(raters), len(values), len(values)), PRIOR)
        tables[rater, :, value] += kinds.counts.T @ weighted
        tables /= tables.sum(axis=2, keepdims=True)
        logs = kinds.counts @ np.log(tables[rater, :, value]) + np.log(np.maximum(prior, 1e-12))
        before, truth = truth, np.exp(logs - logs.max(axis=1, keepdims=True))
        truth /= truth.sum(axis=1, keepdims=True)
        if np.abs(truth - before).max() < TOLERANCE:
            break
    probabilities = pl.DataFrame(
        {"units": kinds.units, **{name: truth[:, at] for at, name in enumerate(values.to_list())}}
    )
    return probabilities, prior, tables


def _sampled(kinds: _Kinds, values: int) -> _Kinds:
    most = max(1, CELLS // values)
    if len(kinds.units) <= most:
        return kinds
    sample = np.sort(np.random.default_rng(0).choice(len(kinds.units), most, replace=False))
    return _Kinds(kinds.counts[sample], kinds.units[sample], kinds.entries)
