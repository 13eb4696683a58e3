"""Nearest neighbors among unit vectors, exact for thousands and in k-means cells for millions.

Up to ``EXACT`` vectors every pair is looked at. Beyond, vectors are put into the two nearest of about sqrt(n) cells
(the shape of SemDeDup, Abbas et al. 2023, arXiv 2303.09540, which uses one) and compared inside a cell: a pair is
missed only where neither of the two nearest cells is shared. Blocks of products run on one thread each, so the result
depends on neither the number of threads nor the machine's load.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tunewright.core.machine import cores

EXACT = 20_000
BLOCK = 1024
#: Rows that the cells' centers are learned on, and rounds; more move the centers and find no more pairs.
FIT_ROWS, ROUNDS = 50_000, 8
CELLS_OF_A_ROW = 2

Floats = npt.NDArray[np.float32]
Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]


def neighbors(vectors: Floats, *, count: int, least: float) -> Pairs:
    """Pairs of which one is among the other's `count` nearest: first, second (first < second) and cosine, each once.

    Args:
        vectors: unit rows, ``(n, dim)``.
        count: neighbors of a row, at most.
        least: cosine from which a neighbor counts.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    everything = np.arange(len(vectors), dtype=np.int64)
    cells: Iterator[npt.NDArray[np.int64]]
    with threadpool_limits(1), ThreadPoolExecutor(cores()) as pool:
        cells = iter([everything]) if len(vectors) <= EXACT else _cells(vectors, pool)
        blocks = ((cell, cell[start : start + BLOCK]) for cell in cells for start in range(0, len(cell), BLOCK))
        parts = list(pool.map(lambda block: _nearest(vectors, block[0], block[1], count, least), blocks))
    left, right, cosine = (np.concatenate([part[at] for part in parts]) for at in range(3)) if parts else _nothing()
    low, high = np.minimum(left, right), np.maximum(left, right)
    _, first = np.unique(low * len(vectors) + high, return_index=True)
    return low[first], high[first], cosine[first]


def _nothing() -> Pairs:
    return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)


def _nearest(
    vectors: Floats, cell: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], count: int, least: float
) -> Pairs:
    """The `count` nearest in `cell` of each of `rows`, itself left out."""
    products = vectors[rows] @ vectors[cell].T
    products[cell[None, :] == rows[:, None]] = -2.0
    nearest = min(count, len(cell))
    places = np.argpartition(-products, nearest - 1, axis=1)[:, :nearest]
    cosine = np.take_along_axis(products, places, axis=1)
    at, near = np.nonzero(cosine >= least)
    return rows[at], cell[places[at, near]], cosine[at, near]


def _cells(vectors: Floats, pool: ThreadPoolExecutor) -> Iterator[npt.NDArray[np.int64]]:
    """Members of each k-means cell, empty ones left out."""
    size = int(np.sqrt(len(vectors)))
    sample = vectors[np.linspace(0, len(vectors) - 1, min(FIT_ROWS, len(vectors))).astype(np.int64)]
    centers = sample[np.linspace(0, len(sample) - 1, size).astype(np.int64)].copy()
    for _ in range(ROUNDS):
        mine = _assigned(sample, centers, 1, pool)[:, 0]
        order = np.argsort(mine, kind="stable")
        starts = np.searchsorted(mine[order], np.arange(size))
        filled = np.bincount(mine, minlength=size) > 0
        sums = np.add.reduceat(sample[order], starts[filled], axis=0)
        centers[filled] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    cell = _assigned(vectors, centers, CELLS_OF_A_ROW, pool)
    rows = np.repeat(np.arange(len(vectors), dtype=np.int64), CELLS_OF_A_ROW)
    order = np.argsort(cell.ravel(), kind="stable")
    bounds = np.searchsorted(cell.ravel()[order], np.arange(size + 1))
    for start, end in pairwise(bounds):
        if end - start > 1:
            yield rows[order[start:end]]


def _assigned(vectors: Floats, centers: Floats, count: int, pool: ThreadPoolExecutor) -> npt.NDArray[np.int64]:
    """The `count` nearest centers of each vector, ``(n, count)``."""

    def work(start: int) -> npt.NDArray[np.int64]:
        products = vectors[start : start + BLOCK] @ centers.T
        return np.asarray(np.argpartition(-products, count - 1, axis=1)[:, :count], dtype=np.int64)

    return np.concatenate(list(pool.map(work, range(0, len(vectors), BLOCK))))
