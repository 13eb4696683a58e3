"""The mean F1 over the classes, so that a rare class counts as much as a common one."""

import numpy as np
import numpy.typing as npt

from tunewright.core.frozen import Frozen
from tunewright.core.score import Score
from tunewright.evaluate.answers import Classified
from tunewright.evaluate.intervals import bootstrap_score, in_batches


class Options(Frozen):
    """Nothing to choose."""


def measure(
    truth: npt.NDArray[np.int64], answers: Classified, classes: int, samples: npt.NDArray[np.int64], level: float,
    options: Options,
) -> Score:  # fmt: skip
    """Macro F1 over the classes that occur in `truth` or in the answers (as scikit-learn's ``f1_score``)."""

    def of(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return macro_f1(truth[rows], answers.predicted[rows], classes)

    value = float(of(np.arange(len(truth))[None, :])[0])
    return bootstrap_score("macro_f1", value, in_batches(samples, of), len(truth), level)


def macro_f1(truth: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.float64]:
    """Macro F1 of each sample; `truth` and `predicted` are ``(samples, n)``."""
    offset = np.arange(len(truth))[:, None] * classes

    def count(values: npt.NDArray[np.int64], weights: npt.NDArray[np.float64] | None = None) -> npt.NDArray[np.float64]:
        flat = None if weights is None else weights.ravel()
        counted = np.bincount((values + offset).ravel(), flat, minlength=len(truth) * classes)
        return counted.reshape(len(truth), classes).astype(np.float64)

    hits = count(truth, (truth == predicted).astype(np.float64))
    both = count(truth) + count(predicted)
    f1 = np.divide(2 * hits, both, out=np.zeros_like(both), where=both > 0)
    return np.asarray(f1.sum(axis=1) / (both > 0).sum(axis=1))
