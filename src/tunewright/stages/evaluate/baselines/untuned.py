"""The base model as it came: what tuning was added to."""

from collections.abc import Sequence

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.models.chat_examples import Exchange
from tunewright.stages.evaluate.answers import ExampleBank, Generations, Vectors

TASKS: tuple[Task, ...] = ("reply", "extract")


class Options(Frozen):
    """Nothing to choose."""


def predict(bank: ExampleBank, questions: Sequence[Exchange], vectors: Vectors, options: Options) -> Generations:
    """What the untuned model makes of each question, shown nothing else."""
    return bank.untuned(questions, [()] * len(questions))
