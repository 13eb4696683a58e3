"""Which rows make up the batch of each step: a function of the seed and the step.

A resumed run therefore goes on with the very batch that was next.

Rows of like length share a batch, because padding is the largest waste of short texts (torchtune's ablation: 3.4 ×
from packing alone). Rows are shuffled, cut into groups of fifty batches, and sorted by length inside a group only, so
that batches differ from epoch to epoch. Where rows are packed there is no padding to save, and batches are plain
random ones.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

GROUP = 50

Rows = npt.NDArray[np.int64]


class Batches:
    """The rows of every step of a run.

    Args:
        lengths: tokens of each row, shape ``(n_rows,)``.
        size: rows of one optimizer step.
        epochs: passes over all rows.
        seed: random seed of the order.
        alike: whether the rows of a batch are alike in length.
    """

    def __init__(self, lengths: Rows, *, size: int, epochs: int, seed: int, alike: bool = True) -> None:
        self._lengths = lengths
        self._alike = alike
        self._size = size
        self._seed = seed
        self.per_epoch = -(-len(lengths) // size)
        self.steps = self.per_epoch * epochs
        self._epoch = lru_cache(maxsize=1)(self._of_epoch)

    def rows(self, step: int) -> Rows:
        """Row positions of step `step`, counted from 0."""
        epoch, place = divmod(step, self.per_epoch)
        return self._epoch(epoch)[place]

    def _of_epoch(self, epoch: int) -> list[Rows]:
        """The row positions of each batch of an epoch, in order."""
        random = np.random.default_rng([self._seed, epoch])
        order = random.permutation(len(self._lengths))
        group = self._size * GROUP
        batches = []
        for start in range(0, len(order), group):
            rows = order[start : start + group]
            if self._alike:
                rows = rows[np.argsort(-self._lengths[rows], kind="stable")]
            batches += [rows[at : at + self._size] for at in range(0, len(rows), self._size)]
        return [batches[at] for at in random.permutation(len(batches))]


def in_parts(rows: Rows, parts: int) -> list[Rows]:
    """The rows of one step in at most `parts` parts of like number and length; none is empty."""
    return [rows[part::parts] for part in range(min(parts, len(rows)))]


def by_length(lengths: Rows, size: int) -> list[Rows]:
    """All rows in batches of like length, for one pass without gradients."""
    order = np.argsort(lengths, kind="stable")
    return [order[start : start + size] for start in range(0, len(order), size)]
