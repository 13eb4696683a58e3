"""Bootstrap intervals: what a figure would have been on other rows like these.

Shares of rows have Wilson's interval (`core/score.py`). The rest is resampled: a figure that only counts, such as
macro F1, needs no rows but the counts, since resampling rows is drawing the counts from a multinomial; any other
figure is computed on resampled rows, a few samples at a time so that memory stays small.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tunewright.core.score import Score

Rows = npt.NDArray[np.int64]
Draws = npt.NDArray[np.float64]
#: Row numbers held at once: 32 MB.
CELLS = 1 << 22


@dataclass(frozen=True)
class Sampling:
    """How intervals are drawn: the same draws for every system, so that only the systems differ.

    Attributes:
        resamples: samples with replacement of each figure.
        seed: seed of the draws.
        level: confidence of every interval.
    """

    resamples: int = 2000
    seed: int = 0
    level: float = 0.95

    def of_rows(self, n: int, statistic: Callable[[Rows], Draws]) -> Draws:
        """`statistic` of every sample of `n` rows; it maps row numbers ``(samples, n)`` to ``(samples,)``."""
        rng = np.random.default_rng(self.seed)
        most = max(1, CELLS // n)
        sizes = [min(most, self.resamples - start) for start in range(0, self.resamples, most)]
        return np.concatenate([statistic(rng.integers(0, n, size=(size, n))) for size in sizes])

    def of_counts(self, counts: npt.NDArray[np.integer], *, total: int | None = None) -> Rows:
        """How often each kind of row occurs in every sample, ``(resamples, kinds)``."""
        rng = np.random.default_rng(self.seed)
        share = counts / counts.sum()
        return rng.multinomial(total or int(counts.sum()), share, size=self.resamples)

    def score(
        self, metric: str, value: float, draws: Draws, n: int, *, kind: Literal["percentile", "basic"] = "percentile",
        floor: float | None = None, unit: str = "share",
    ) -> Score:  # fmt: skip
        """`value` with an interval from its bootstrap `draws` (Efron and Tibshirani 1993, chapter 13).

        The basic interval turns the percentiles around the value, which undoes the bias of a figure that resampling
        pushes one way, such as a mean of absolute gaps. The value itself is never left outside.
        """
        tail = 50 * (1 - self.level)
        low, high = np.percentile(draws, [tail, 100 - tail])
        if kind == "basic":
            low, high = 2 * value - high, 2 * value - low
        low = low if floor is None else max(low, floor)
        return Score(
            metric=metric, value=value, n=n, low=float(min(low, value)), high=float(max(high, value)),
            level=self.level, method=f"bootstrap-{len(draws)}", unit=unit,
        )  # fmt: skip

    def ratio(
        self, metric: str, parts: npt.NDArray[np.float64], wholes: npt.NDArray[np.float64], *, unit: str = "share"
    ) -> Score:
        """Σ `parts` over Σ `wholes`, both one a row, with rows resampled whole; 0 of nothing is 0."""
        value = float(_over(parts.sum(), wholes.sum()))
        draws = self.of_rows(len(parts), lambda rows: _over(parts[rows].sum(axis=1), wholes[rows].sum(axis=1)))
        return self.score(metric, value, draws, len(parts), unit=unit)


def gain_of_shares(wins: int, losses: int, n: int, sampling: Sampling) -> Score:
    """The paired difference of two shares of rows right: `wins` less `losses` over `n`, with its interval.

    Rows where both are right, or both wrong, only count as ties, so three counts are resampled. One win and one loss
    are added before (Bonett and Price 2012, J. Educ. Behav. Stat. 37(4)): without them a test of five rows that all
    tie would claim to know the difference exactly.
    """
    counts = np.array([wins + 1, losses + 1, n - wins - losses])
    drawn = sampling.of_counts(counts, total=n)
    draws = (drawn[:, 0] - drawn[:, 1]) / n
    return sampling.score("gain", (wins - losses) / n, draws, n)


def _over(part: npt.NDArray[np.float64], whole: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(np.asarray(part, dtype=np.float64)), where=np.asarray(whole) != 0)
