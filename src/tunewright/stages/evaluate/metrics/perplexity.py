"""The number of tokens the model in effect wavers between at each token of the desk's own answers.

The exponential of the mean loss (Jelinek et al. 1977). It depends on the tokenizer and the task, so it means something
only beside that of the untuned base on the same rows.
"""

from collections.abc import Sequence

import numpy as np

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.core.score import Score
from tunewright.stages.evaluate.answers import Generations
from tunewright.stats.intervals import Sampling, ratio

TASKS: tuple[Task, ...] = ("reply", "extract")
#: exp(700) is near the largest float64; a loss like that says only "hopeless".
MOST = 700.0


class Options(Frozen):
    """Nothing to choose."""


def measure(references: Sequence[str], answers: Generations, sampling: Sampling, options: Options) -> Score | None:
    """Perplexity of the reference answers; lower is better, 1 is certainty."""
    loss, draws = ratio("loss", answers.nats * answers.tokens, answers.tokens, sampling)
    value, spread = float(np.exp(min(loss.value, MOST))), np.exp(np.minimum(draws, MOST))
    return sampling.score("perplexity", value, spread, len(answers.nats), kind="expanded", unit="tokens")
