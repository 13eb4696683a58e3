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
from tunewright.stages.evaluate.answers import Archive, Vectors, Written
from tunewright.stages.evaluate.neighbors import nearest

TASKS: tuple[Task, ...] = ("reply", "extract")


class Options(Frozen):
    """How many examples are shown."""

    examples: int = Field(3, ge=1, le=50, description="Training exchanges put before the question.")


def predict(lesson: Archive, asked: Sequence[Exchange], vectors: Vectors, options: Options) -> Written:
    """What the untuned model makes of each question after its nearest training exchanges."""
    rows, _ = nearest(vectors, lesson.vectors, options.examples)
    return lesson.untuned(asked, [[lesson.exchanges[row] for row in near[::-1]] for near in rows.tolist()])
