"""How likely the desk's own answers are to the model, in nats a token; its negative is the loss.

Each token counts alike, whatever its answer, as in training. It is the main figure of answers, because every test row
gives it and no wording of a right answer is punished more than it is unlikely.
"""

from collections.abc import Sequence

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.core.score import Score
from tunewright.stages.evaluate.answers import Generations
from tunewright.stats.intervals import Sampling, ratio

TASKS: tuple[Task, ...] = ("reply", "extract")
METRIC = "log_likelihood"
UNIT = "nats a token"


class Options(Frozen):
    """Nothing to choose."""


def measure(references: Sequence[str], answers: Generations, sampling: Sampling, options: Options) -> Score | None:
    """Mean log-likelihood of a reference answer's token; higher is better, 0 is certainty."""
    return ratio(METRIC, -answers.nats * answers.tokens, answers.tokens, sampling, unit=UNIT)[0]


def difference(own: Generations, other: Generations, sampling: Sampling) -> Score:
    """What one system adds to another's log-likelihood of the same tokens."""
    gap = (other.nats - own.nats) * own.tokens
    return ratio("gain", gap, own.tokens, sampling, unit=UNIT)[0]
