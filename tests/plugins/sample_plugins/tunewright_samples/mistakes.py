"""How many test rows were labelled wrong."""

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.core.score import Score
from tunewright.stages.evaluate.answers import Classified, Truth
from tunewright.stats.intervals import Sampling

TASKS: tuple[Task, ...] = ("classify",)


class Options(Frozen):
    """Nothing to choose."""


def measure(truth: Truth, answers: Classified, sampling: Sampling, options: Options) -> Score | None:
    """The count, which has no interval."""
    wrong = int((truth.labels != answers.predicted).sum())
    return Score(metric="mistakes", value=float(wrong), n=len(truth.labels), unit="rows")
