"""The nearest training rows of each test row, the same on every machine."""

import numpy as np
import numpy.typing as npt

from tunewright.stages.evaluate.answers import Index, Vectors

#: Similarities held at once: 32 MB.
CELLS = 1 << 23
#: Neighbors found in float32 beyond those asked for; float64 decides among them.
SPARE = 32
#: Sums of a few hundred float64 products agree to far more digits than this on every machine.
DIGITS = 9


def nearest(questions: Vectors, known: Vectors, k: int) -> tuple[Index, npt.NDArray[np.float64]]:
    """Row numbers and cosines of the `k` nearest of the `known` unit vectors, the nearest first, both ``(n, k)``.

    Equal cosines go to the earlier row, so that neither threads nor the order of what is asked change a neighbor.
    """
    k = min(k, len(known))
    rows, cosines = np.zeros((len(questions), k), dtype=np.int64), np.zeros((len(questions), k))
    batch = max(1, CELLS // len(known))
    for start in range(0, len(questions), batch):
        part = slice(start, start + batch)
        rows[part], cosines[part] = _nearest(questions[part], known, k)
    return rows, cosines


def _nearest(questions: Vectors, known: Vectors, k: int) -> tuple[Index, npt.NDArray[np.float64]]:
    some = min(k + SPARE, len(known))
    rows = np.sort(np.argpartition(-(questions @ known.T), some - 1, axis=1)[:, :some], axis=1)
    # The last bits of a float32 product depend on its shape and threads, so they only preselect.
    pairs = zip(rows, questions.astype(np.float64), strict=True)
    exact = np.stack([known[near].astype(np.float64) @ question for near, question in pairs]).round(DIGITS)
    order = np.argsort(-exact, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(exact, order, axis=1)
