"""The vote of the nearest training rows: what retrieval alone would earn.

Cosine over the untuned encoder's vectors, votes weighted by similarity. Five neighbors is the usual start
(Cover and Hart 1967 for the rule; k by convention, not tuned on the test rows).
"""

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from tunewright.core.frozen import Frozen
from tunewright.evaluate.answers import Classified, Lesson, Vectors

BATCH = 512


class Options(Frozen):
    """How many neighbors vote."""

    k: int = Field(5, ge=1, le=100, description="Neighbors that vote.")


def predict(lesson: Lesson, texts: Sequence[str], vectors: Vectors, options: Options) -> Classified:
    """The label with the largest summed similarity among the `k` nearest training rows."""
    k = min(options.k, len(lesson.texts))
    predicted = []
    for start in range(0, len(texts), BATCH):
        near = vectors[start : start + BATCH] @ lesson.vectors.T
        top = np.argpartition(-near, k - 1, axis=1)[:, :k]
        votes = np.zeros((len(near), len(lesson.names)))
        rows = np.arange(len(near))[:, None]
        # A similarity below zero must not vote against a label.
        np.add.at(votes, (rows, lesson.labels[top]), np.maximum(near[rows, top], 1e-6))
        predicted.append(votes.argmax(axis=1))
    return Classified(np.concatenate(predicted).astype(np.int64))
