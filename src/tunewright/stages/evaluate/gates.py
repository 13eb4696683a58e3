"""The bars on what the evaluation measures."""

from tunewright.core.gate import Gate
from tunewright.core.score import Score
from tunewright.core.scorecard import Scorecard


def gain(scorecard: Scorecard) -> Score:
    """What tuning added: the paired difference to the best baseline that needs none."""
    best = scorecard.best_baseline.system
    return next(comparison.difference for comparison in scorecard.comparisons if comparison.baseline == best)


def ship(scorecard: Scorecard) -> Score:
    """1 unless the evaluation said in words that this candidate must not ship."""
    value = 0.0 if scorecard.decision == "do not ship" else 1.0
    return Score(metric="verdict", value=value, n=scorecard.rows, unit="yes or no")


#: Why a release may be as good as the best baseline but not worse: docs/decisions/004.
GAIN = Gate(
    name="evaluate.gain",
    bar=">= -0.02",
    title="gain over the best baseline",
    measure=gain,
    advice="Keep the baseline named in the scorecard, or gather rows of the classes it misses",
    difference=True,
)
#: Never against the evaluation's own verdict: docs/decisions/004.
SHIP = Gate(
    name="evaluate.ship",
    bar=">= 1",
    title="the evaluation's own verdict",
    measure=ship,
    advice="The scorecard says what speaks against shipping; gather rows of the classes it names",
    answers=("do not ship", "not against shipping"),
    former="evaluate.verdict",
)
