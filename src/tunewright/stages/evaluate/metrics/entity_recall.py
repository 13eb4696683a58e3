"""The share of the wanted entities that were extracted, over all written answers.

Rows are resampled whole for its interval, since the entities of one row are right or wrong together.
"""

from collections.abc import Sequence

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.core.score import Score
from tunewright.stages.evaluate.answers import Generations
from tunewright.stages.evaluate.entities import entity_share
from tunewright.stats.intervals import Sampling

TASKS: tuple[Task, ...] = ("extract",)


class Options(Frozen):
    """Nothing to choose."""


def measure(references: Sequence[str], answers: Generations, sampling: Sampling, options: Options) -> Score | None:
    """Entity recall of the written answers; None when none was written."""
    return entity_share("entity_recall", "wanted", references, answers.texts, sampling)
