"""The words that a written answer shares with the desk's own: the harmonic mean of both shares.

Rajpurkar et al. 2016 (arXiv 1606.05250), on words normalized as everywhere here. Order does not count.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.core.score import Score
from tunewright.stages.evaluate.answers import Generations
from tunewright.stages.evaluate.words import words
from tunewright.stats.intervals import Sampling, ratio

TASKS: tuple[Task, ...] = ("reply", "extract")


class Options(Frozen):
    """Nothing to choose."""


def measure(references: Sequence[str], answers: Generations, sampling: Sampling, options: Options) -> Score | None:
    """Mean token F1 of the written answers; None when none was written."""
    if not answers.texts:
        return None
    pairs = zip(words(references[: len(answers.texts)]), words(answers.texts), strict=True)
    shared = np.array([_f1(Counter(wanted), Counter(written)) for wanted, written in pairs])
    return ratio("token_f1", shared, np.ones(len(shared)), sampling)[0]


def _f1(wanted: Counter[str], written: Counter[str]) -> float:
    total = wanted.total() + written.total()
    return 2 * (wanted & written).total() / total if total else 1.0
