"""One measured figure with its count and interval."""

import math
from statistics import NormalDist

from tunewright.core.frozen import Frozen


class Score(Frozen):
    """A figure, how many things it was measured on, and the interval it may lie in.

    Attributes:
        metric: its name, such as ``accuracy`` or ``quality_score``.
        value: the point estimate.
        n: rows (or other units) it was measured on.
        low: lower end of the interval, None when none could be computed.
        high: upper end.
        level: confidence of the interval.
        method: how the interval was made, such as ``wilson`` or ``bootstrap-2000``.
        unit: what the figure counts, such as ``share``, ``points``, ``ms``.
    """

    metric: str
    value: float
    n: int
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    method: str = ""
    unit: str = "share"


def wilson_score(
    metric: str, hits: int, n: int, *, level: float = 0.95, scale: float = 1.0, unit: str = "share"
) -> Score:
    """`hits` of `n` as a share times `scale`, with its Wilson interval (Wilson 1927); no rows at all gives 0 to 1."""
    if n == 0:
        return Score(metric=metric, value=0.0, n=0, low=0.0, high=scale, level=level, method="wilson", unit=unit)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = hits / n
    middle = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    # The interval reaches 0 and 1 exactly at no hits and all hits; rounding must not say otherwise.
    low, high = (0.0 if hits == 0 else low), (1.0 if hits == n else high)
    return Score(
        metric=metric,
        value=scale * share,
        n=n,
        low=scale * low,
        high=scale * high,
        level=level,
        method="wilson",
        unit=unit,
    )
