"""An awaited engine leaves the loop free, and what nobody waits for any more ends."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from tunewright.core.errors import UserError
from tunewright.models.async_engine import ThreadedEngine, as_async
from tunewright.models.echo import EchoEngine
from tunewright.models.engine import CancelToken, EngineBase, GenerateRequest, Generation, Limits, StreamPiece

FOREVER = 3600.0


class Stepwise(EngineBase):
    """Writes a word whenever the test allows it, and says when its work has ended."""

    name = "stepwise"
    capabilities = frozenset({"generate", "stream"})
    limits = Limits(100, concurrency=2)

    def __init__(self) -> None:
        self.may_write = threading.Semaphore(0)
        self.written = 0
        self.started = threading.Event()
        self.ended = threading.Event()

    def count_tokens(self, messages, answer=None) -> int:
        return 1

    def stream(self, request, *, cancel: CancelToken | None = None) -> Iterator[StreamPiece]:
        assert cancel is not None
        self.started.set()
        try:
            for number in range(request.max_tokens):
                while not self.may_write.acquire(timeout=0.01):
                    cancel.check()
                self.written += 1
                yield StreamPiece(f"{number} ")
            yield StreamPiece("", Generation("", 1, request.max_tokens, "length"))
        finally:
            self.ended.set()

    def generate(self, requests, *, progress=None, cancel=None) -> list[Generation]:
        return [list(self.stream(request, cancel=cancel))[-1].whole for request in requests]


def test_pieces_arrive_as_they_are_written_and_not_at_the_end() -> None:
    engine = Stepwise()

    async def first_two() -> list[str]:
        stream = as_async(engine).stream(GenerateRequest.of("x", max_tokens=3))
        texts = []
        for allowed in (1, 2):
            engine.may_write.release()
            texts.append((await anext(stream)).text)
            assert engine.written == allowed
        await stream.aclose()
        return texts

    assert asyncio.run(first_two()) == ["0 ", "1 "]


def test_a_stream_that_is_left_has_ended_its_work_when_closing_returns() -> None:
    engine = Stepwise()

    async def left() -> bool:
        stream = as_async(engine).stream(GenerateRequest.of("x", max_tokens=50))
        engine.may_write.release()
        await anext(stream)
        await stream.aclose()
        return engine.ended.is_set()

    assert asyncio.run(left())
    assert engine.written == 1


def test_a_cancelled_task_ends_the_work_in_its_thread() -> None:
    engine = Stepwise()

    async def cancelled() -> None:
        task = asyncio.ensure_future(as_async(engine).generate([GenerateRequest.of("x", max_tokens=50)]))
        await asyncio.to_thread(engine.started.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(engine.ended.wait)

    asyncio.run(cancelled())
    assert engine.written == 0


def test_a_stream_whose_task_is_cancelled_ends_too() -> None:
    engine = Stepwise()

    async def cancelled() -> bool:
        async def read() -> None:
            async for _ in as_async(engine).stream(GenerateRequest.of("x", max_tokens=50)):
                raise AssertionError("nothing may be written")

        task = asyncio.ensure_future(read())
        await asyncio.to_thread(engine.started.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return engine.ended.is_set()

    assert asyncio.run(cancelled())


def test_the_loop_goes_on_while_an_engine_works() -> None:
    engine = Stepwise()

    async def both() -> Generation:
        face = as_async(engine)
        task = asyncio.ensure_future(face.generate([GenerateRequest.of("x", max_tokens=2)]))
        await asyncio.to_thread(engine.started.wait)
        assert not task.done()  # reached although the engine waits for us
        engine.may_write.release(2)
        (generation,) = await task
        return generation

    assert asyncio.run(both()).completion_tokens == 2


def test_as_many_calls_run_at_once_as_the_engine_allows() -> None:
    """Two calls that each wait for the other: with one thread they would wait for ever."""
    met = threading.Barrier(2, timeout=60)

    class Meeting(EchoEngine):
        def embed(self, texts, **_):
            met.wait()
            return super().embed(texts)

    async def both() -> int:
        async with ThreadedEngine(Meeting(concurrency=2)) as face:
            return len(await asyncio.gather(face.embed(["a"]), face.embed(["b"])))

    assert asyncio.run(both()) == 2


def test_closing_ends_what_is_under_way_and_closes_the_engine() -> None:
    engine = EchoEngine(seconds_a_token=FOREVER, concurrency=2)

    async def closed() -> None:
        face = ThreadedEngine(engine)
        running = asyncio.ensure_future(face.generate([GenerateRequest.of("x")]))
        stream = face.stream(GenerateRequest.of("x"))
        next_piece = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        await face.aclose()
        for task in (running, next_piece):
            with pytest.raises(asyncio.CancelledError):
                await task
        with pytest.raises(UserError) as refusal:
            await face.generate([])
        assert refusal.value.code == "E-ENGINE-003"

    asyncio.run(closed())
    with pytest.raises(UserError):
        engine.embed(["x"])


def test_closing_ends_a_stream_that_has_not_begun() -> None:
    engine = Stepwise()
    engine.limits = Limits(100, concurrency=1)

    async def closed() -> None:
        face = ThreadedEngine(engine)
        streams = [face.stream(GenerateRequest.of("x")) for _ in range(2)]
        tasks = [asyncio.ensure_future(anext(stream)) for stream in streams]
        await asyncio.to_thread(engine.started.wait)
        await face.aclose()
        for task in tasks:
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(closed())
    assert engine.written == 0


def test_an_error_in_the_thread_is_raised_where_it_is_awaited() -> None:
    async def failing() -> list[str]:
        face = as_async(EchoEngine(fail_first=2))
        codes = []
        for awaited in (face.embed(["x"]), anext(face.stream(GenerateRequest.of("x")))):
            with pytest.raises(UserError) as failure:
                await awaited
            codes.append(failure.value.code)
        assert (await face.embed(["x"])).vectors.shape == (1, 16)
        return codes

    assert asyncio.run(failing()) == ["E-ENGINE-005", "E-ENGINE-005"]


def test_an_engine_with_a_face_of_its_own_is_asked_through_it() -> None:
    own = ThreadedEngine(EchoEngine())

    class Remote(EchoEngine):
        def as_async(self):
            return own

    assert as_async(Remote()) is own
