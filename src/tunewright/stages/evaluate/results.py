"""What `evaluate` gives back."""

from tunewright.core.frozen import Frozen
from tunewright.core.gate import Verdict
from tunewright.core.score import Score
from tunewright.core.scorecard import Decision


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
