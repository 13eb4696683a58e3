"""An engine without a model: it answers at once, the same each time, and needs neither weights nor torch.

It is for demos and for tests, yours as well as ours. It writes the user's last message back, or the answer that was
scripted for it; a token is a word with the white space after it. Labels, likelihoods and vectors are drawn from the
digest of what was asked, so they are plausible in form and mean nothing. It keeps the contract of every engine
(``tunewright.models.engine_contract``), and can be slow or fail on demand, so that what must wait, retry or give up can
be tested against it::

    from tunewright.models.echo import EchoEngine
    from tunewright.models.engine import GenerateRequest

    engine = EchoEngine(answers={"Where is my card?": "On its way."}, fail_first=1)
"""

import hashlib
import random
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tunewright.core.digest import canonical_json
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.progress import SILENT, Progress, tracked
from tunewright.models.chat import Message
from tunewright.models.engine import (
    AnswerScore,
    CancelToken,
    Capability,
    Classification,
    Embeddings,
    EngineBase,
    GenerateRequest,
    Generation,
    Limits,
    ScoreRequest,
    StreamPiece,
    check,
    unit,
)

#: The likeliest and the unlikeliest token of a made-up likelihood, in nats.
NATS = (0.05, 5.0)


class EchoEngine(EngineBase):
    """The stand-in engine.

    Args:
        answers: scripted answers by the user's last message.
        labels: labels that it chooses from.
        dim: width of its vectors.
        context_tokens: words of the longest chat, its answer included.
        concurrency: calls that it says it takes at the same time.
        seconds_a_call: seconds before the first word of a call.
        seconds_a_token: seconds before each word that it writes.
        fail_first: calls that fail with E-ENGINE-005, from the first on.
        fail_every: every how many calls one fails; 0 never.
    """

    name = "echo"
    capabilities: ClassVar[frozenset[Capability]] = frozenset({"generate", "stream", "score", "classify", "embed"})

    def __init__(
        self,
        *,
        answers: Mapping[str, str] | None = None,
        labels: Sequence[str] = ("no", "yes"),
        dim: int = 16,
        context_tokens: int = 4096,
        concurrency: int = 8,
        seconds_a_call: float = 0.0,
        seconds_a_token: float = 0.0,
        fail_first: int = 0,
        fail_every: int = 0,
    ) -> None:
        self.limits = Limits(context_tokens, concurrency)
        self._answers = dict(answers or {})
        self._labels = tuple(labels)
        self._dim = dim
        self._seconds_a_call = seconds_a_call
        self._seconds_a_token = seconds_a_token
        self._fail_first = fail_first
        self._fail_every = fail_every
        self._calls = 0
        self._counting = threading.Lock()

    def count_tokens(self, messages: Sequence[Message], answer: str | None = None) -> int:
        """Words of all messages, and of `answer`."""
        texts = [str(message["content"] or "") for message in messages]
        return sum(len(tokens_of(text)) for text in [*texts, answer or ""])

    def generate(
        self, requests: Sequence[GenerateRequest], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> list[Generation]:
        """The scripted or echoed answer to each request."""
        self._begin("generate", cancel)
        return [
            self._written(request, cancel)
            for request in tracked(requests, progress, "Answering", len(requests), "rows")
        ]

    def stream(self, request: GenerateRequest, *, cancel: CancelToken | None = None) -> Iterator[StreamPiece]:
        """The same answer word by word."""
        self.require("stream")
        return self._pieces(request, cancel)

    def score(
        self, requests: Sequence[ScoreRequest], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> list[AnswerScore]:
        """A made-up likelihood of each answer, and whether it is what the engine itself would write."""
        self._begin("score", cancel)
        return [
            self._scored(request, cancel)
            for request in tracked(requests, progress, "Scoring answers", len(requests), "rows")
        ]

    def classify(
        self, texts: Sequence[str], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> Classification:
        """Made-up probabilities of the labels, by the digest of each text."""
        self._begin("classify", cancel)
        probabilities = np.empty((len(texts), len(self._labels)), dtype=np.float32)
        for row, text in enumerate(tracked(texts, progress, "Predicting", len(texts), "rows")):
            check(cancel)
            weights = np.exp(4 * _draws(["classify", text], len(self._labels)))
            probabilities[row] = weights / weights.sum()
        return Classification(self._labels, probabilities)

    def embed(
        self, texts: Sequence[str], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> Embeddings:
        """Made-up unit vectors, by the digest of each text."""
        self._begin("embed", cancel)
        vectors = np.empty((len(texts), self._dim), dtype=np.float32)
        for row, text in enumerate(tracked(texts, progress, "Reading texts", len(texts), "rows")):
            check(cancel)
            vectors[row] = 2 * _draws(["embed", text], self._dim) - 1
        return Embeddings(unit(vectors))

    def _begin(self, capability: Capability, cancel: CancelToken | None) -> None:
        """Refuse, wait, or fail as the options ask, before a call is answered.

        Raises:
            UserError: E-ENGINE-001, E-ENGINE-003, and E-ENGINE-005 for a failure that was ordered.
        """
        self.require(capability)
        check(cancel)
        with self._counting:
            self._calls += 1
            call = self._calls
        _wait(self._seconds_a_call, cancel)
        if call <= self._fail_first or (self._fail_every and call % self._fail_every == 0):
            raise UserError(
                "E-ENGINE-005",
                f"The echo engine fails on call {call}, as its options ask.",
                why="What must retry or give up is tested against it.",
                fix="Call again, or open it without fail_first and fail_every.",
                exit_code=ExitCode.RETRYABLE,
            )

    def _written(self, request: GenerateRequest, cancel: CancelToken | None) -> Generation:
        words, whole = self._answer(request)
        for _ in words:
            check(cancel)
            _wait(self._seconds_a_token, cancel)
        return whole

    def _pieces(self, request: GenerateRequest, cancel: CancelToken | None) -> Iterator[StreamPiece]:
        self._begin("stream", cancel)
        words, whole = self._answer(request)
        for number, word in enumerate(words, 1):
            check(cancel)
            _wait(self._seconds_a_token, cancel)
            yield StreamPiece(word, whole if number == len(words) else None)
        if not words:
            yield StreamPiece("", whole)

    def _answer(self, request: GenerateRequest) -> tuple[list[str], Generation]:
        """The words that are written, and the answer that they make up."""
        prompt_tokens = self.count_tokens(request.messages)
        tokens = tokens_of(self._full_answer(request))
        room = max(min(request.max_tokens, self.limits.context_tokens - prompt_tokens), 0)
        cut = tokens[:room]
        text = "".join(cut)
        ends = [place for stop in request.stop if (place := text.find(stop)) >= 0]
        if ends:
            text = text[: min(ends)]
            cut = tokens_of(text)
        finished = bool(ends) or len(tokens) <= room
        return cut, Generation(text, prompt_tokens, len(cut), "stop" if finished else "length")

    def _full_answer(self, request: GenerateRequest) -> str:
        question = next((str(m["content"] or "") for m in reversed(request.messages) if m["role"] == "user"), "")
        answer = self._answers.get(question, question)
        if request.temperature == 0:
            return answer
        words = answer.split()
        random.Random(f"{request.seed} {request.temperature} {question}").shuffle(words)  # noqa: S311, no secret
        return " ".join(words)

    def _scored(self, request: ScoreRequest, cancel: CancelToken | None) -> AnswerScore:
        check(cancel)
        # One token more than the answer's words, as a model's token that ends it.
        tokens = len(tokens_of(request.answer)) + 1
        content = ["score", [[m["role"], m["content"]] for m in request.messages], request.answer]
        nats = NATS[0] + (NATS[1] - NATS[0]) * _draws(content, tokens)
        own = self._full_answer(GenerateRequest(request.messages))
        return AnswerScore(float(nats.mean()), tokens, tuple((-nats).tolist()), greedy=own == request.answer)


def tokens_of(text: str) -> list[str]:
    """`text` cut into words, each with the white space after it; together they are the text."""
    return re.findall(r"\s*\S+\s*|\s+", text)


def _draws(content: Any, count: int) -> npt.NDArray[np.float64]:
    """`count` numbers from 0 up to 1 that depend on the digest of `content` alone, ``(count,)``."""
    seed = canonical_json(content).encode()
    blocks = [hashlib.sha256(b"%d " % block + seed).digest() for block in range(-(-count // 8))]
    return np.frombuffer(b"".join(blocks), dtype="<u4")[:count] / 2**32


def _wait(seconds: float, cancel: CancelToken | None) -> None:
    if seconds > 0:
        (cancel or CancelToken()).wait(seconds)
