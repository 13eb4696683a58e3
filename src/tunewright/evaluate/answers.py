"""What one system answered on the test rows, and what baselines may learn from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class Classified:
    """One system's labels for the test rows.

    Attributes:
        predicted: class index of each row, ``(n,)``.
        probabilities: ``(n, classes)`` when the system gives them.
    """

    predicted: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Lesson:
    """What a baseline may look at: the training rows, the label names, and an untuned encoder.

    Attributes:
        texts: training texts.
        labels: class index of each, ``(m,)``.
        names: label names in index order.
        embed: unit vectors of texts by the untuned encoder; computed once for the training texts.
        vectors: the training texts' vectors, ``(m, dim)``.
    """

    texts: Sequence[str]
    labels: npt.NDArray[np.int64]
    names: Sequence[str]
    embed: Embed
    vectors: Vectors
