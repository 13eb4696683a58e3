"""The base model as it came: what tuning was added to."""

from collections.abc import Sequence

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.models.chat_examples import Exchange
from tunewright.stages.evaluate.answers import Archive, Vectors, Written

TASKS: tuple[Task, ...] = ("reply", "extract")


class Options(Frozen):
    """Nothing to choose."""


def predict(lesson: Archive, asked: Sequence[Exchange], vectors: Vectors, options: Options) -> Written:
    """What the untuned model makes of each question, shown nothing else."""
    return lesson.untuned(asked, [()] * len(asked))
