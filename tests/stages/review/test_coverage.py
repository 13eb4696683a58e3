"""The interval of the corrected score holds the truth as often as it says."""

import numpy as np
import polars as pl
import pytest
from tests.stages.review.worlds import decided, finding, population, report, sample

from tunewright.stages.review.corrected_score import corrected_score

COLUMNS = ("row", "example_id", "content_digest", "label", "answer")
#: rows, read, share flagged, precision of the flags, share missed, share of warnings and their rate of defects, classes
WORLDS = {
    "typical": (2500, 500, 0.10, 0.8, 0.03, 0.10, 0.3, 3),
    "cleaned: no flag left, rare defects": (2500, 500, 0.0, 0.0, 0.004, 0.02, 0.3, 3),
    "alarms that are mostly false": (2500, 500, 0.15, 0.2, 0.02, 0.0, 0.0, 5),
    "nearly all read": (600, 550, 0.05, 0.7, 0.03, 0.1, 0.3, 3),
}


@pytest.mark.parametrize("world", WORLDS)
def test_the_interval_covers_the_truth(world: str) -> None:
    """100 draws, defective reviewed rows dropped as cleaning drops them; 93 % is the least that is promised."""
    n, read, flagged, precision, missed, warned, rate, classes = WORLDS[world]
    rng, trials, inside, off = np.random.default_rng(7), 100, 0, []
    corpus = population(n, classes)
    for trial in range(trials):
        kind = rng.random(n)
        flags, warnings = kind < flagged, (kind >= flagged) & (kind < flagged + warned)
        bad = rng.random(n) < np.where(flags, precision, np.where(warnings, rate, missed))
        audit = report(
            corpus, finding("a.x", np.flatnonzero(flags), "blocking"), finding("w.y", np.flatnonzero(warnings))
        )
        drawn = sample(corpus, audit, read, trial)
        decisions = decided(corpus, drawn.rows["example_id"], bad)
        gone = decisions.filter(pl.col("verdict") == "defective")["example_id"]
        left = corpus.scan(*COLUMNS).collect().filter(~pl.col("example_id").is_in(gone.implode()))
        truth = 100 * (1 - bad[left["row"].to_numpy()].mean())
        score = corrected_score(audit, left, decisions, gone, [drawn])
        inside += score.low <= truth <= score.high
        off.append(score.value - truth)
    assert inside / trials >= 0.93
    assert abs(np.mean(off)) < 4 * np.std(off) / np.sqrt(trials) + 0.02
