"""The base model shown the most similar training exchanges first: what a prompt with retrieval would earn.

The examples are the nearest by the default encoder's vectors of the questions (Liu et al. 2021, arXiv 2101.06804), the
nearest last, right before the question; three is a usual start. Examples that the model's context does not hold are
left out, the farthest first.
"""

from collections.abc import Sequence

from pydantic import Field

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.models.chat_examples import Exchange
from tunewright.stages.evaluate.answers import ExampleBank, Generations, Vectors
from tunewright.stages.evaluate.neighbors import nearest

TASKS: tuple[Task, ...] = ("reply", "extract")


class Options(Frozen):
    """How many examples are shown."""

    examples: int = Field(3, ge=1, le=50, description="Training exchanges put before the question.")


def predict(bank: ExampleBank, questions: Sequence[Exchange], vectors: Vectors, options: Options) -> Generations:
    """What the untuned model makes of each question after its nearest training exchanges."""
    rows, _ = nearest(vectors, bank.vectors, options.examples)
    return bank.untuned(questions, [[bank.exchanges[row] for row in near[::-1]] for near in rows.tolist()])
