"""The mean F1 over the classes, so that a rare class counts as much as a common one.

Classes that occur neither in the truth nor in the answers are left out, as scikit-learn's ``f1_score`` does.
"""

import numpy as np
import numpy.typing as npt

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.core.score import Score
from tunewright.stages.evaluate.answers import Classified, Index, Truth
from tunewright.stats.intervals import Sampling

TASKS: tuple[Task, ...] = ("classify",)
METRIC = "macro_f1"


class Options(Frozen):
    """Nothing to choose."""


def measure(truth: Truth, answers: Classified, sampling: Sampling, options: Options) -> Score | None:
    """Macro F1 of `answers`, with the interval of resampled pairs of true and answered class."""
    pairs, counts = np.unique(np.stack([truth.labels, answers.predicted]), axis=1, return_counts=True)

    def of(drawn: Index) -> npt.NDArray[np.float64]:
        return macro_f1(pairs[0], pairs[1], drawn, truth.classes)

    value = float(of(counts[None])[0])
    return sampling.score(METRIC, value, sampling.of_counts(counts, of), len(truth.labels))


def difference(truth: Truth, own: Index, other: Index, sampling: Sampling) -> Score:
    """Macro F1 of one system's labels less another's, resampled together."""
    kinds, counts = np.unique(np.stack([truth.labels, own, other]), axis=1, return_counts=True)

    def of(drawn: Index) -> npt.NDArray[np.float64]:
        ours, theirs = (macro_f1(kinds[0], side, drawn, truth.classes) for side in kinds[1:])
        return np.asarray(ours - theirs)

    return sampling.score(METRIC, float(of(counts[None])[0]), sampling.of_counts(counts, of), len(truth.labels))


def macro_f1(truth: Index, predicted: Index, counts: Index, classes: int) -> npt.NDArray[np.float64]:
    """Macro F1 of each sample, ``(samples,)``.

    Args:
        truth: true class of each kind of row, ``(kinds,)``.
        predicted: answered class of each kind of row.
        counts: how often each kind occurs in each sample, ``(samples, kinds)``.
        classes: how many classes there are.
    """
    one_hot = np.eye(classes)
    weights = counts.astype(np.float64)  # whole numbers, so their products are exact on every machine
    hits = weights @ (one_hot[truth] * one_hot[predicted])
    both = weights @ (one_hot[truth] + one_hot[predicted])
    f1 = np.divide(2 * hits, both, out=np.zeros_like(both), where=both > 0)
    return np.asarray(f1.sum(axis=1) / (both > 0).sum(axis=1))
