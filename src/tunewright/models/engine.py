"""The seam to a model: what an engine may be asked, and what it answers.

An engine does some of five things, and says which in `capabilities`: it writes (``generate``, and ``stream`` piece by
piece), says how likely a given answer is (``score``), labels texts (``classify``), and turns texts into vectors
(``embed``). What it cannot do it refuses with E-ENGINE-001. Equal requests have equal answers, whatever else is in the
call; ``tunewright.models.engine_contract`` checks that of any engine. The same verbs for a caller that must not wait
are in ``tunewright.models.async_engine``.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, Self, get_args, runtime_checkable

import numpy as np
import numpy.typing as npt

from tunewright.core.errors import UserError
from tunewright.core.progress import SILENT, Progress
from tunewright.models.chat import Message, messages_of

Capability = Literal["generate", "stream", "score", "classify", "embed"]
CAPABILITIES: tuple[Capability, ...] = get_args(Capability)
FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class Limits:
    """What fits into one call.

    Attributes:
        context_tokens: tokens of the longest chat, its answer included; of the longest text, for one that reads texts.
        concurrency: calls that may be in the engine at the same time.
    """

    context_tokens: int
    concurrency: int = 1


@dataclass(frozen=True)
class GenerateRequest:
    """A chat that waits for an answer, and how the answer is to be written.

    Attributes:
        messages: the turns so far.
        max_tokens: tokens of the longest answer.
        temperature: 0 writes the likeliest token each time; above it tokens are drawn, the flatter the higher.
        seed: what is drawn at a temperature above 0.
        stop: texts that end the answer and are not part of it.

    Raises:
        UserError: E-ENGINE-002 for a value that no engine can honor.
    """

    messages: tuple[Message, ...]
    max_tokens: int = 256
    temperature: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise _unanswerable(f"max_tokens is {self.max_tokens}", "Ask for at least one token.")
        if not 0 <= self.temperature < float("inf"):
            raise _unanswerable(f"temperature is {self.temperature}", "Give 0 or a number above it.")
        if "" in self.stop:
            raise _unanswerable("a stop text is empty", "Leave it out, or name the text that ends an answer.")

    @classmethod
    def of(cls, prompt: str, **settings: Any) -> Self:
        """The request that asks `prompt` alone, as the user's one message."""
        return cls(messages=tuple(messages_of(prompt)), **settings)


@dataclass(frozen=True)
class Generation:
    """An answer that was written.

    Attributes:
        text: the answer, without what stopped it.
        prompt_tokens: tokens that were read.
        completion_tokens: tokens that were written.
        finish_reason: ``stop`` when the model or a stop text ended it, ``length`` when the limit or the context did.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: FinishReason


@dataclass(frozen=True)
class StreamPiece:
    """Some more of an answer; the last piece of a stream, and only that, carries the whole."""

    text: str
    whole: Generation | None = None


@dataclass(frozen=True)
class ScoreRequest:
    """An answer whose likelihood is wanted, and the turns before it."""

    messages: tuple[Message, ...]
    answer: str


@dataclass(frozen=True)
class AnswerScore:
    """How likely an answer was to the model.

    Attributes:
        nats: negative log-likelihood in nats a token, the mean over the answer's tokens and the one that ends it.
        tokens: how many tokens that were.
        logprobs: natural logarithm of the probability of each.
        greedy: whether the model's own likeliest words are this answer, token for token.
    """

    nats: float
    tokens: int
    logprobs: tuple[float, ...]
    greedy: bool


@dataclass(frozen=True, eq=False)
class Classification:
    """The probability of every label for each of some texts.

    Attributes:
        names: label names in index order.
        probabilities: float32 of shape ``(n, labels)`` in that order, each row summing to one.
    """

    names: tuple[str, ...]
    probabilities: npt.NDArray[np.float32]

    @property
    def labels(self) -> list[str]:
        """The most probable label of each text; the first in index order on a tie."""
        best = self.probabilities.argmax(axis=1) if len(self.probabilities) else []
        return [self.names[index] for index in best]


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Vectors of some texts, float32 of shape ``(n, dim)``, each of length one."""

    vectors: npt.NDArray[np.float32]


class Cancelled(Exception):
    """Work was given up because its caller no longer wants it."""


class CancelToken:
    """How a caller tells work that it is no longer wanted; work looks at it between tokens or rows."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask for the work to end."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked for."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise :class:`Cancelled` once it was asked for."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass; raises :class:`Cancelled` as soon as it is asked for."""
        if self._event.wait(seconds):
            raise Cancelled


@runtime_checkable
class Engine(Protocol):
    """Anything that answers. Every verb raises E-ENGINE-001 where it is no capability, E-ENGINE-003 once closed."""

    @property
    def name(self) -> str:
        """What the engine is called in the registry."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do."""

    @property
    def limits(self) -> Limits:
        """What fits into one call."""

    def count_tokens(self, messages: Sequence[Message], answer: str | None = None) -> int:
        """Tokens that the engine reads of a chat: waiting for an answer, or with `answer` after it."""

    def generate(
        self, requests: Sequence[GenerateRequest], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> list[Generation]:
        """An answer to each request, in order. A chat that fills the context has an empty one that ends by length."""

    def stream(self, request: GenerateRequest, *, cancel: CancelToken | None = None) -> Iterator[StreamPiece]:
        """The answer of :meth:`generate` piece by piece, as it is written; closing the iterator ends the work."""

    def score(
        self, requests: Sequence[ScoreRequest], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> list[AnswerScore]:
        """How likely each answer is, in order."""

    def classify(
        self, texts: Sequence[str], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> Classification:
        """The probability of every label for each text; longer texts than the limit are cut."""

    def embed(
        self, texts: Sequence[str], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> Embeddings:
        """A unit vector of each text; longer texts than the limit are cut."""

    def close(self) -> None:
        """Let go of what the engine holds; closing twice is once."""


class EngineBase:
    """An engine that can do nothing yet: every verb refuses, and closing is kept in mind.

    A subclass says its `name`, `capabilities`, `limits` and `count_tokens`, and writes the verbs that it has, each
    beginning with :meth:`require`.
    """

    name: str = ""
    capabilities: ClassVar[frozenset[Capability]] = frozenset()
    _closed = False

    def require(self, capability: Capability) -> None:
        """Stop unless the engine is open and has `capability`.

        Raises:
            UserError: E-ENGINE-001, E-ENGINE-003.
        """
        if self._closed:
            raise UserError(
                "E-ENGINE-003",
                f"The engine {self.name!r} is closed.",
                why="What it needs to answer was given back.",
                fix="Open it again with tunewright.models.registry.open_engine.",
            )
        if capability not in self.capabilities:
            abilities = ", ".join(name for name in CAPABILITIES if name in self.capabilities)
            raise UserError(
                "E-ENGINE-001",
                f"The engine {self.name!r} cannot {capability}.",
                why=f"It can {abilities}." if abilities else "It can do nothing.",
                fix=f"Choose an engine that can {capability}; `capabilities` says what each one can.",
            )

    def generate(
        self, requests: Sequence[GenerateRequest], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> list[Generation]:
        """Refused."""
        raise self._refused("generate")

    def stream(self, request: GenerateRequest, *, cancel: CancelToken | None = None) -> Iterator[StreamPiece]:
        """Refused."""
        raise self._refused("stream")

    def score(
        self, requests: Sequence[ScoreRequest], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> list[AnswerScore]:
        """Refused."""
        raise self._refused("score")

    def classify(
        self, texts: Sequence[str], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> Classification:
        """Refused."""
        raise self._refused("classify")

    def embed(
        self, texts: Sequence[str], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> Embeddings:
        """Refused."""
        raise self._refused("embed")

    def close(self) -> None:
        """Refuse everything from here on."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _refused(self, capability: Capability) -> AssertionError:
        """What is raised after :meth:`require` let a verb pass that nobody wrote."""
        self.require(capability)
        return AssertionError(f"{type(self).__name__} names {capability} as a capability and has no such method")


def check(cancel: CancelToken | None) -> None:
    """Raise :class:`Cancelled` where there is a token and it was cancelled."""
    if cancel is not None:
        cancel.check()


def unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Each row of `vectors` ``(n, dim)`` at length one; a row of zeros stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _unanswerable(what: str, fix: str) -> UserError:
    return UserError("E-ENGINE-002", f"No engine can answer this request: {what}.", fix=fix)
