"""Wilson's score interval of a share (Wilson 1927, Journal of the American Statistical Association 22:209)."""

import math
from statistics import NormalDist

from tunewright.core.score import Score


def wilson_interval(share: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Both ends of the interval of `share` as seen in `n` rows; `n` may be an effective sample size.

    The interval reaches 0 and 1 exactly where nothing or everything was hit.

    Args:
        share: from 0 to 1.
        n: above 0.
        level: confidence, such as 0.95.
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    center = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = (center - half) / (1 + z * z / n), (center + half) / (1 + z * z / n)
    # Rounding must not say otherwise at the ends.
    return (0.0 if share == 0 else max(0.0, low)), (1.0 if share == 1 else min(1.0, high))


def wilson_score(
    metric: str, hits: int, n: int, *, level: float = 0.95, scale: float = 1.0, unit: str = "share"
) -> Score:
    """`hits` of `n` as a share times `scale`, with its Wilson interval; no rows at all gives 0 to 1."""
    share, (low, high) = (hits / n, wilson_interval(hits / n, n, level=level)) if n else (0.0, (0.0, 1.0))
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
