"""The vote of the nearest training rows: what retrieval alone would earn.

Cosine over the untuned encoder's vectors, votes weighted by similarity. Five neighbors is the usual start
(Cover and Hart 1967 for the rule; k by convention, not tuned on the test rows).
"""

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.stages.evaluate.answers import BaselineInput, Classified, Vectors
from tunewright.stages.evaluate.neighbors import DIGITS, nearest

TASKS: tuple[Task, ...] = ("classify",)


class Options(Frozen):
    """How many neighbors vote."""

    k: int = Field(5, ge=1, le=100, description="Neighbors that vote.")


def predict(inputs: BaselineInput, texts: Sequence[str], vectors: Vectors, options: Options) -> Classified:
    """The label with the largest summed similarity among the `k` nearest training rows; of equal sums the first."""
    rows, similar = nearest(vectors, inputs.vectors, options.k)
    votes = np.zeros((len(texts), len(inputs.names)))
    # A similarity below zero must not vote against a label.
    np.add.at(votes, (np.arange(len(texts))[:, None], inputs.labels[rows]), np.maximum(similar, 1e-6))
    return Classified(np.asarray(votes.round(DIGITS).argmax(axis=1), dtype=np.int64))
