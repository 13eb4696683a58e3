"""The longest common run of words, gaps allowed, of a written answer and the desk's own: order counts.

ROUGE-L of Lin 2004 (aclanthology.org/W04-1013) with equal weight on both sides, on words normalized as everywhere here.
"""

from collections.abc import Sequence

import numpy as np

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.core.score import Score
from tunewright.stages.evaluate.answers import Generations
from tunewright.stages.evaluate.words import words
from tunewright.stats.intervals import Sampling, ratio

TASKS: tuple[Task, ...] = ("reply",)


class Options(Frozen):
    """Nothing to choose."""


def measure(references: Sequence[str], answers: Generations, sampling: Sampling, options: Options) -> Score | None:
    """Mean ROUGE-L of the written answers; None when none was written."""
    if not answers.texts:
        return None
    pairs = zip(words(references[: len(answers.texts)]), words(answers.texts), strict=True)
    scores = np.array([rouge_l(wanted, written) for wanted, written in pairs])
    return ratio("rouge_l", scores, np.ones(len(scores)), sampling)[0]


def rouge_l(wanted: Sequence[str], written: Sequence[str]) -> float:
    """Twice the longest common subsequence over the words of both; 1 when both are empty."""
    total = len(wanted) + len(written)
    return 2 * _common(wanted, written) / total if total else 1.0


def _common(wanted: Sequence[str], written: Sequence[str]) -> int:
    """Length of the longest common subsequence, one row of the table at a time."""
    lengths = [0] * (len(written) + 1)
    for word in wanted:
        diagonal = 0
        for place, other in enumerate(written, 1):
            above = lengths[place]
            lengths[place] = diagonal + 1 if word == other else max(above, lengths[place - 1])
            diagonal = above
    return lengths[-1]
