"""What a check found against the truth: precision, recall, F1 and average precision, with bootstrap intervals."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Percentile bootstrap over rows; 1,000 draws put the interval's ends within about 0.003 at these sizes.
DRAWS = 1000


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Measured:
    """One check against one defect: counts of rows and what follows from them."""

    hits: int
    false: int
    missed: int
    precision: Interval
    recall: Interval
    f1: Interval


def measure(found: Iterable[int], planted: Iterable[int], *, ignore: Iterable[int] = (), seed: int = 0) -> Measured:
    """Found rows against planted rows.

    Args:
        found: rows that the check flagged.
        planted: rows that carry the defect.
        ignore: rows where a flag is neither right nor wrong, such as the clean half of a pair.
        seed: of the bootstrap.
    """
    aside = set(ignore)
    flagged, wanted = set(found) - aside, set(planted) - aside
    hits, false, missed = len(flagged & wanted), len(flagged - wanted), len(wanted - flagged)
    total = hits + false + missed
    if total == 0:
        nothing = Interval(1.0, 1.0, 1.0)
        return Measured(0, 0, 0, nothing, nothing, nothing)
    # Rows are resampled with replacement; only their kind matters, so the counts are multinomial.
    drawn = np.random.default_rng(seed).multinomial(total, np.array([hits, false, missed]) / total, size=DRAWS)
    h, f, m = drawn.T.astype(float)
    return Measured(
        hits,
        false,
        missed,
        _interval(_ratio(hits, hits + false), _ratio(h, h + f)),
        _interval(_ratio(hits, hits + missed), _ratio(h, h + m)),
        _interval(_ratio(2 * hits, 2 * hits + false + missed), _ratio(2 * h, 2 * h + f + m)),
    )


def false_flag_rate(found: Iterable[int], rows: int) -> float:
    """Share of the rows of a clean set that were flagged."""
    return len(set(found)) / rows


def average_precision(scores: npt.NDArray[np.float64], wrong: npt.NDArray[np.bool_]) -> float:
    """Area under precision and recall of a ranking, highest score first; ties count as the worst order."""
    order = np.lexsort((wrong, -scores))
    right = wrong[order]
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    return float(precision[right].mean()) if right.any() else 1.0


def _ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> npt.NDArray[np.float64]:
    top, bottom = np.asarray(part, float), np.asarray(whole, float)
    return np.divide(top, bottom, out=np.ones_like(top), where=bottom > 0)


def _interval(value: npt.NDArray[np.float64], draws: npt.NDArray[np.float64]) -> Interval:
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(float(value), float(low), float(high))
