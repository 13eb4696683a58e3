"""The quality score: 100 × rows without a blocking finding / rows, with a Wilson interval.

The interval (Wilson 1927) treats the rows as a sample of those the model will meet: a small file has to be cleaner
than a large one to clear the same bar.
"""

import math

from tunewright.core.score import Score

Z_95 = 1.959963984540054


def quality_score(defective: int, rows: int) -> Score:
    """The score of `rows` rows of which `defective` have at least one blocking finding, in points of 100."""
    if rows == 0:
        return Score(metric="quality_score", value=0.0, n=0, low=0.0, high=100.0, method="wilson", unit="points")
    low, high = wilson(rows - defective, rows)
    return Score(
        metric="quality_score",
        value=100 * (rows - defective) / rows,
        n=rows,
        low=100 * low,
        high=100 * high,
        method="wilson",
        unit="points",
    )


def wilson(hits: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """The Wilson score interval of `hits` out of `n`."""
    share = hits / n
    middle = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
