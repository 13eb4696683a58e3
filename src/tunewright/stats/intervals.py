"""Bootstrap intervals: where a figure would have lain on other rows like these.

Shares of rows have Wilson's interval (`stats/wilson.py`). The rest is resampled. A figure that only counts, such as
macro F1, needs no rows: resampling rows is drawing how often each kind of row occurs, a multinomial. Any other figure
is computed on resampled rows. Both go a few samples at a time, so that memory stays small for any number of rows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tunewright.core.score import Score

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
#: Numbers held at once: 32 MB.
CELLS = 1 << 22


@dataclass(frozen=True)
class Sampling:
    """How intervals are drawn: the same draws for every system, so that only the systems differ.

    Attributes:
        resamples: samples with replacement behind each interval.
        seed: seed of the draws.
        level: confidence of every interval.
    """

    resamples: int = 2000
    seed: int = 0
    level: float = 0.95

    def sizes(self, width: int) -> Iterator[int]:
        """How many samples of `width` numbers to hold at a time, until all are drawn."""
        most = max(1, CELLS // max(width, 1))
        for start in range(0, self.resamples, most):
            yield min(most, self.resamples - start)

    def of_rows(self, n: int, statistic: Callable[[Counts], Floats]) -> Floats:
        """`statistic` of every sample of `n` rows: it maps row numbers ``(samples, n)`` to ``(samples,)``."""
        rng = np.random.default_rng(self.seed)
        return np.concatenate([statistic(rng.integers(0, n, size=(size, n))) for size in self.sizes(n)])

    def of_counts(self, counts: Counts, statistic: Callable[[Counts], Floats], *, rows: int | None = None) -> Floats:
        """`statistic` of how often each kind of row occurs in every sample: ``(samples, kinds)`` to ``(samples,)``.

        Args:
            counts: how often each kind was seen, ``(kinds,)``.
            statistic: what is computed of them.
            rows: rows in a sample, where `counts` holds more than were seen.
        """
        rng = np.random.default_rng(self.seed)
        n, share = rows or int(counts.sum()), counts / counts.sum()
        return np.concatenate([statistic(rng.multinomial(n, share, size=size)) for size in self.sizes(len(counts))])

    def score(
        self,
        metric: str,
        value: float,
        draws: Floats,
        n: int,
        *,
        kind: Literal["percentile", "expanded", "basic"] = "percentile",
        unit: str = "share",
    ) -> Score:
        """`value` with an interval from its bootstrap `draws` (Efron and Tibshirani 1993, chapter 13).

        The basic interval turns the percentiles around the value, which undoes the bias of a figure that resampling
        pushes one way; the expanded one reaches further out where a mean is of few rows. The value itself is never left
        outside.
        """
        tail = 100 * _expanded(0.5 - self.level / 2, n) if kind == "expanded" else 50 * (1 - self.level)
        low, high = np.percentile(draws, [tail, 100 - tail])
        if kind == "basic":
            low, high = 2 * value - high, 2 * value - low
        return Score(
            metric=metric,
            value=value,
            n=n,
            low=float(min(low, value)),
            high=float(max(high, value)),
            level=self.level,
            method=f"bootstrap-{len(draws)}",
            unit=unit,
        )


def gain_in_shares(wins: int, losses: int, n: int, sampling: Sampling) -> Score:
    """The share of rows right of one system less that of another on the same `n` rows, from their wins and losses.

    A row where both are right, or both wrong, only counts as a tie, so three counts are resampled. One win and one
    loss are added before (Bonett and Price 2012, J. Educ. Behav. Stat. 37:479): without them twenty rows that all
    tie would claim to know the difference exactly (docs/decisions/030).
    """
    seen = np.array([wins + 1, losses + 1, n - wins - losses])
    draws = sampling.of_counts(seen, lambda drawn: (drawn[:, 0] - drawn[:, 1]) / n, rows=n)
    return sampling.score("gain", (wins - losses) / n, draws, n)


def ratio(
    metric: str, parts: Floats, wholes: Floats, sampling: Sampling, *, unit: str = "share"
) -> tuple[Score, Floats]:
    """Σ `parts` over Σ `wholes`, both one a row, and its draws; rows are resampled whole, and 0 of nothing is 0."""

    def over(rows: Counts) -> Floats:
        part, whole = parts[rows].sum(axis=-1), wholes[rows].sum(axis=-1)
        return np.asarray(np.divide(part, whole, out=np.zeros(whole.shape), where=whole != 0))

    draws = sampling.of_rows(len(parts), over)
    value = float(over(np.arange(len(parts))))
    return sampling.score(metric, value, draws, len(parts), kind="expanded", unit=unit), draws


def _expanded(tail: float, n: int) -> float:
    """The tail at which the percentiles of a mean of `n` rows cover as Student's interval does.

    Resamples of few rows are too narrow and know no fat tails (Hesterberg 2015, The American Statistician 69:371).
    """
    from scipy.special import ndtr, stdtrit

    return float(ndtr(np.sqrt(n / (n - 1)) * stdtrit(n - 1, tail))) if n > 1 else 0.0
