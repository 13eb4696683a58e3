"""The label whose name lies nearest to the text: the prompt of a classifier, no examples read.

The untuned encoder embeds the text and each label's name, spelled as words.
"""

import re
from collections.abc import Sequence

import numpy as np

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.stages.evaluate.answers import BaselineInput, Classified, Vectors

TASKS: tuple[Task, ...] = ("classify",)


class Options(Frozen):
    """Nothing to choose."""


def predict(inputs: BaselineInput, texts: Sequence[str], vectors: Vectors, options: Options) -> Classified:
    """The nearest label name of each text by cosine."""
    names = inputs.embed([in_words(name) for name in inputs.names]).astype(np.float64)
    # Rounded float64, so that two names in the same words tie on every machine and the first of them is taken.
    near = (vectors.astype(np.float64) @ names.T).round(9)
    return Classified(np.asarray(near.argmax(axis=1), dtype=np.int64))


def in_words(label: str) -> str:
    """``"card arrival"`` of ``card_arrival``, ``Card-Arrival`` or ``CardArrival``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", label)
    return re.sub(r"[\W_]+", " ", spaced).strip().lower() or label
