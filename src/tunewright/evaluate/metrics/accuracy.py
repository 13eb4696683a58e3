"""The share of test rows that were labelled right, with its Wilson interval."""

import numpy as np
import numpy.typing as npt

from tunewright.core.frozen import Frozen
from tunewright.core.score import Score, wilson_score
from tunewright.evaluate.answers import Classified


class Options(Frozen):
    """Nothing to choose."""


def measure(
    truth: npt.NDArray[np.int64], answers: Classified, classes: int, samples: npt.NDArray[np.int64], level: float,
    options: Options,
) -> Score:  # fmt: skip
    """Accuracy of `answers` against `truth`, both ``(n,)``."""
    return wilson_score("accuracy", int((truth == answers.predicted).sum()), len(truth), level=level)
