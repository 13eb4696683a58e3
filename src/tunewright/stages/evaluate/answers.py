"""What one system answered on the test rows, and what baselines may learn from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tunewright.models.chat_examples import Exchange

Index = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class Truth:
    """The true class of every test row.

    Attributes:
        labels: class index of each row, ``(n,)``.
        classes: how many classes there are.
    """

    labels: Index
    classes: int


@dataclass(frozen=True)
class Classified:
    """One system's labels for the test rows.

    Attributes:
        predicted: class index of each row, ``(n,)``.
        probabilities: ``(n, classes)`` when the system gives them.
    """

    predicted: Index
    probabilities: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True)
class BaselineInput:
    """What a baseline may look at: the training rows, the label names, and an untuned encoder.

    Attributes:
        texts: training texts.
        labels: class index of each, ``(m,)``.
        names: label names in index order.
        embed: unit vectors of texts by the untuned encoder.
        vectors: the training texts' vectors, ``(m, dim)``.
    """

    texts: Sequence[str]
    labels: Index
    names: Sequence[str]
    embed: Embed
    vectors: Vectors


@dataclass(frozen=True)
class Generations:
    """How one system answers in words.

    Attributes:
        nats: negative log-likelihood of each reference answer, in nats a token, ``(n,)``.
        tokens: tokens of each reference answer, ``(n,)``.
        texts: what the system itself writes, for the first rows.
    """

    nats: npt.NDArray[np.float64]
    tokens: npt.NDArray[np.float64]
    texts: Sequence[str]


@dataclass(frozen=True)
class ExampleBank:
    """What a baseline that answers in words may look at.

    Attributes:
        exchanges: questions and answers of the training rows.
        vectors: unit vectors of their questions, ``(m, dim)``.
        untuned: the base model's answers to questions, each asked after some exchanges.
    """

    exchanges: Sequence[Exchange]
    vectors: Vectors
    untuned: Callable[[Sequence[Exchange], Sequence[Sequence[Exchange]]], Generations]
