"""The vote of the nearest training rows: what retrieval alone would earn.

Cosine over the untuned encoder's vectors, votes weighted by similarity. Five neighbors is the usual start
(Cover and Hart 1967 for the rule; k by convention, not tuned on the test rows).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import Field

from tunewright.core.frozen import Frozen
from tunewright.evaluate.answers import Classified, Index, Lesson, Vectors

#: Similarities held at once: 32 MB.
CELLS = 1 << 23
#: Neighbors found in float32 beyond the k that vote; float64 decides among them.
SPARE = 32
#: Sums of a few hundred float64 products agree to far more digits than this on every machine.
DIGITS = 9


class Options(Frozen):
    """How many neighbors vote."""

    k: int = Field(5, ge=1, le=100, description="Neighbors that vote.")


def predict(lesson: Lesson, texts: Sequence[str], vectors: Vectors, options: Options) -> Classified:
    """The label with the largest summed similarity among the `k` nearest training rows.

    Equal similarities go to the earlier training row, equal sums to the earlier label, so that neither the number of
    threads nor the order of the test rows changes a vote.
    """
    batch = max(1, CELLS // len(lesson.texts))
    predicted = [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(texts), batch):
        asked = vectors[start : start + batch]
        rows, similar = _nearest(asked, lesson.vectors, options.k)
        votes = np.zeros((len(asked), len(lesson.names)))
        # A similarity below zero must not vote against a label.
        np.add.at(votes, (np.arange(len(asked))[:, None], lesson.labels[rows]), np.maximum(similar, 1e-6))
        predicted.append(votes.round(DIGITS).argmax(axis=1))
    return Classified(np.concatenate(predicted).astype(np.int64))


def _nearest(asked: Vectors, known: Vectors, k: int) -> tuple[Index, npt.NDArray[np.float64]]:
    """Row numbers and similarities of the `k` nearest known vectors, the nearest first, both ``(n, k)``."""
    near = asked @ known.T
    some = min(k + SPARE, len(known))
    rows = np.sort(np.argpartition(-near, some - 1, axis=1)[:, :some], axis=1)
    # The last bits of a float32 product depend on its shape and threads, so they only preselect.
    exact = np.stack(
        [known[mine].astype(np.float64) @ one for mine, one in zip(rows, asked.astype(np.float64), strict=True)]
    )
    similar = exact.round(DIGITS)
    order = np.argsort(-similar, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(similar, order, axis=1)
