"""The verbs of an engine for a caller that must not wait, such as a server.

:class:`AsyncEngine` is what such a caller is handed. :class:`ThreadedEngine` makes one of any engine: each call runs in
a worker thread, so that the event loop stays free. A call whose task is cancelled, and a stream that is closed or left,
end their work at the next token or row; closing the engine ends all of it and waits for the threads.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol, Self, TypeVar

from tunewright.core.errors import UserError
from tunewright.models.chat import Message
from tunewright.models.engine import (
    AnswerScore,
    Cancelled,
    CancelToken,
    Capability,
    Classification,
    Embeddings,
    Engine,
    GenerateRequest,
    Generation,
    Limits,
    ScoreRequest,
    StreamPiece,
)

Result = TypeVar("Result")


class AsyncEngine(Protocol):
    """Anything that answers without holding its caller up; the verbs are those of ``Engine``."""

    @property
    def name(self) -> str:
        """What the engine is called in the registry."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do."""

    @property
    def limits(self) -> Limits:
        """What fits into one call."""

    async def count_tokens(self, messages: Sequence[Message], answer: str | None = None) -> int:
        """Tokens that the engine reads of a chat: waiting for an answer, or with `answer` after it."""

    async def generate(self, requests: Sequence[GenerateRequest]) -> list[Generation]:
        """An answer to each request, in order."""

    def stream(self, request: GenerateRequest) -> AsyncIterator[StreamPiece]:
        """The answer piece by piece, as it is written; closing the iterator ends the work."""

    async def score(self, requests: Sequence[ScoreRequest]) -> list[AnswerScore]:
        """How likely each answer is, in order."""

    async def classify(self, texts: Sequence[str]) -> Classification:
        """The probability of every label for each text."""

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """A unit vector of each text."""

    async def aclose(self) -> None:
        """End what is under way and let go of what the engine holds."""


class ThreadedEngine:
    """An :class:`AsyncEngine` over one that waits; as many calls run at once as the engine's limits allow.

    Args:
        engine: the engine; closing this closes it.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._pool = ThreadPoolExecutor(max(engine.limits.concurrency, 1), thread_name_prefix=engine.name)
        self._under_way: set[CancelToken] = set()
        self._closed = False

    @property
    def name(self) -> str:
        """What the engine is called in the registry."""
        return self.engine.name

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do."""
        return self.engine.capabilities

    @property
    def limits(self) -> Limits:
        """What fits into one call."""
        return self.engine.limits

    async def count_tokens(self, messages: Sequence[Message], answer: str | None = None) -> int:
        """Tokens that the engine reads of a chat."""
        return await self._call(lambda cancel: self.engine.count_tokens(messages, answer))

    async def generate(self, requests: Sequence[GenerateRequest]) -> list[Generation]:
        """An answer to each request, in order."""
        return await self._call(lambda cancel: self.engine.generate(requests, cancel=cancel))

    async def score(self, requests: Sequence[ScoreRequest]) -> list[AnswerScore]:
        """How likely each answer is, in order."""
        return await self._call(lambda cancel: self.engine.score(requests, cancel=cancel))

    async def classify(self, texts: Sequence[str]) -> Classification:
        """The probability of every label for each text."""
        return await self._call(lambda cancel: self.engine.classify(texts, cancel=cancel))

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """A unit vector of each text."""
        return await self._call(lambda cancel: self.engine.embed(texts, cancel=cancel))

    async def stream(self, request: GenerateRequest) -> AsyncIterator[StreamPiece]:
        """The answer piece by piece, as the thread writes it.

        What the caller has not taken yet waits for it, at most the request's `max_tokens` pieces.
        """
        self._require_open()
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[StreamPiece | BaseException | None] = asyncio.Queue()
        cancel = CancelToken()

        def write() -> None:
            def put(item: StreamPiece | BaseException | None) -> None:
                loop.call_soon_threadsafe(arrived.put_nowait, item)

            try:
                for piece in self.engine.stream(request, cancel=cancel):
                    put(piece)
                put(None)
            except BaseException as error:  # raised where it is awaited
                put(error)

        self._under_way.add(cancel)
        writing = loop.run_in_executor(self._pool, write)
        # A call that aclose takes out of the queue before it begins puts nothing itself.
        writing.add_done_callback(lambda done: arrived.put_nowait(Cancelled()) if done.cancelled() else None)
        try:
            while (item := await arrived.get()) is not None:
                if isinstance(item, Cancelled):
                    raise asyncio.CancelledError from item
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            # Left early or not: nothing is written any more once this returns.
            cancel.cancel()
            self._under_way.discard(cancel)
            await asyncio.wait([writing])

    async def aclose(self) -> None:
        """End every call that is under way, wait for its thread, and close the engine; closing twice is once."""
        if self._closed:
            return
        self._closed = True
        for cancel in tuple(self._under_way):
            cancel.cancel()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, partial(self._pool.shutdown, wait=True, cancel_futures=True))
        self.engine.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _call(self, work: Callable[[CancelToken], Result]) -> Result:
        """What `work` returns in a worker thread; where the awaiting task is cancelled, so is the work."""
        self._require_open()
        cancel = CancelToken()
        self._under_way.add(cancel)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, cancel)
        except Cancelled as ended:  # by aclose
            raise asyncio.CancelledError from ended
        finally:
            cancel.cancel()
            self._under_way.discard(cancel)

    def _require_open(self) -> None:
        if self._closed:
            raise UserError(
                "E-ENGINE-003",
                f"The engine {self.name!r} is closed.",
                why="What it needs to answer was given back.",
                fix="Open it again with tunewright.models.registry.open_engine.",
            )


def as_async(engine: Any) -> AsyncEngine:
    """The async face of `engine`: its own where it has one (``as_async()``), else it in threads."""
    own = getattr(engine, "as_async", None)
    face: AsyncEngine = own() if own is not None else ThreadedEngine(engine)
    return face
