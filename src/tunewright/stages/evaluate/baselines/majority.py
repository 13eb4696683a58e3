"""The commonest label of the training rows, for every row: what a constant answer earns."""

from collections.abc import Sequence

import numpy as np

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.stages.evaluate.answers import BaselineInput, Classified, Vectors

TASKS: tuple[Task, ...] = ("classify",)


class Options(Frozen):
    """Nothing to choose."""


def predict(inputs: BaselineInput, texts: Sequence[str], vectors: Vectors, options: Options) -> Classified:
    """The same label for all of `texts`; the first in name order where two are as common."""
    counts = np.bincount(inputs.labels, minlength=len(inputs.names))
    return Classified(np.full(len(texts), int(counts.argmax()), dtype=np.int64))
