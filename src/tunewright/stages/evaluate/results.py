"""What `evaluate` gives back."""

from tunewright.core.frozen import Frozen
from tunewright.core.gate import Verdict
from tunewright.core.outputs import Outputs
from tunewright.core.score import Score
from tunewright.core.scorecard import Decision, Scorecard
from tunewright.stages.evaluate.gates import GAIN, gain


class SystemLine(Frozen):
    """One system's figures in a line."""

    system: str
    scores: tuple[Score, ...]


class EvaluateResult(Frozen):
    """What `evaluate` found."""

    candidate: str
    scorecard: str
    rows: int
    metric: str
    systems: tuple[SystemLine, ...]
    best_baseline: str
    gain: Score
    decision: Decision
    words: str
    verdict: Verdict | None


def evaluate_result(outputs: Outputs) -> EvaluateResult:
    """What the evaluation measured, and what the gate on the gain says of it."""
    return scorecard_result(outputs[Scorecard], outputs.verdicts.get(GAIN.name))


def scorecard_result(card: Scorecard, verdict: Verdict | None) -> EvaluateResult:
    """What a scorecard says; `verdict` is the gate's on its gain, None where no gate judged it."""
    return EvaluateResult(
        candidate=card.candidate,
        scorecard=card.digest,
        rows=card.rows,
        metric=card.metric,
        systems=tuple(SystemLine(system=each.system, scores=each.scores) for each in card.systems),
        best_baseline=card.best_baseline.system,
        gain=gain(card),
        decision=card.decision,
        words=card.words,
        verdict=verdict,
    )
