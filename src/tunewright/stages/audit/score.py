"""The quality score: 100 × rows without a blocking finding / rows, with a Wilson interval.

The interval treats the rows as a sample of those the model will meet: a small file has to be cleaner than a large one
to clear the same bar.
"""

from tunewright.core.score import Score
from tunewright.stats.wilson import wilson_score


def quality_score(defective: int, rows: int) -> Score:
    """The score of `rows` rows of which `defective` have at least one blocking finding, in points of 100."""
    return wilson_score("quality_score", rows - defective, rows, scale=100, unit="points")
