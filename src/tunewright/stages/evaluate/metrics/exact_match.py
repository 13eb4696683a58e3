"""The share of written answers that say the same words as the desk's own, with its Wilson interval.

Rajpurkar et al. 2016 (arXiv 1606.05250), on words normalized as everywhere here. Useful for short and fixed answers.
"""

from collections.abc import Sequence

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.core.score import Score
from tunewright.stages.evaluate.answers import Generations
from tunewright.stages.evaluate.words import words
from tunewright.stats.intervals import Sampling
from tunewright.stats.wilson import wilson_score

TASKS: tuple[Task, ...] = ("reply", "extract")


class Options(Frozen):
    """Nothing to choose."""


def measure(references: Sequence[str], answers: Generations, sampling: Sampling, options: Options) -> Score | None:
    """Exact matches among the written answers; None when none was written."""
    if not answers.texts:
        return None
    n = len(answers.texts)
    same = sum(wanted == written for wanted, written in zip(words(references[:n]), words(answers.texts), strict=True))
    return wilson_score("exact_match", same, n, level=sampling.level)
