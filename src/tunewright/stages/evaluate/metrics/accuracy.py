"""The share of test rows that were labelled right, with its Wilson interval."""

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.core.score import Score
from tunewright.stages.evaluate.answers import Classified, Truth
from tunewright.stats.intervals import Sampling
from tunewright.stats.wilson import wilson_score

TASKS: tuple[Task, ...] = ("classify",)


class Options(Frozen):
    """Nothing to choose."""


def measure(truth: Truth, answers: Classified, sampling: Sampling, options: Options) -> Score | None:
    """Accuracy of `answers`."""
    right = int((truth.labels == answers.predicted).sum())
    return wilson_score("accuracy", right, len(truth.labels), level=sampling.level)
