"""What every engine promises, as checks to run on any of them: one that fails says which promise is broken.

For authors of engines, in a test of theirs::

    import pytest
    from tunewright.models.engine_contract import CHECKS

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_engine_keeps_the_contract(check):
        check(open_my_engine)

A check is handed a function that opens the engine anew, and raises AssertionError. Checks of what the engine does not
name as a capability only see that it refuses. An engine that can generate is asked short questions, so that a slow one
is done in seconds.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np

from tunewright.core.errors import UserError
from tunewright.models.async_engine import as_async
from tunewright.models.chat import messages_of
from tunewright.models.engine import (
    CAPABILITIES,
    Cancelled,
    CancelToken,
    Capability,
    Engine,
    GenerateRequest,
    ScoreRequest,
    StreamPiece,
)

Open = Callable[[], Engine]

TEXTS = ("My card was stolen in Lisbon yesterday.", "What is the exchange rate?", "one two three four five six seven")
REQUESTS = tuple(GenerateRequest.of(text, max_tokens=12) for text in TEXTS)
SCORED = tuple(ScoreRequest(tuple(messages_of(text)), f"Answer {number}.") for number, text in enumerate(TEXTS))


def what_it_can_do_is_named(opened: Open) -> None:
    """Name, capabilities and limits are there and make sense."""
    engine = opened()
    assert engine.name, "an engine has a name"
    unknown = engine.capabilities - set(CAPABILITIES)
    assert not unknown, f"no capabilities: {sorted(unknown)}"
    assert engine.capabilities, "an engine can do something"
    assert engine.limits.context_tokens > 0, "context_tokens is how much the engine reads"
    assert engine.limits.concurrency > 0, "concurrency is how many calls it takes at once"


def what_it_cannot_do_is_refused(opened: Open) -> None:
    """A verb that is no capability raises E-ENGINE-001 with a fix."""
    engine = opened()
    for capability in sorted(set(CAPABILITIES) - engine.capabilities):
        error = _refusal(engine, capability)
        assert error.code == "E-ENGINE-001", f"{capability} is refused with {error.code}"
        assert error.fix, f"the refusal of {capability} says no fix"


def a_closed_engine_refuses(opened: Open) -> None:
    """After ``close``, which may be called twice, every capability raises E-ENGINE-003."""
    engine = opened()
    engine.close()
    engine.close()
    for capability in sorted(engine.capabilities):
        error = _refusal(engine, capability)
        assert error.code == "E-ENGINE-003", f"{capability} of a closed engine raises {error.code}"


def equal_requests_have_equal_answers(opened: Open) -> None:
    """Asked again, in another order or alone, by this engine or one that is opened anew, the answer is the same."""
    first, again = opened(), opened()
    for capability in sorted(first.capabilities - {"stream"}):
        whole = _rows(first, capability, range(3))
        assert whole == _rows(first, capability, range(3)), f"{capability} answers otherwise the second time"
        assert whole == _rows(again, capability, (2, 0, 1), back=True), f"{capability} depends on order or instance"
        alone = [row for at in range(3) for row in _rows(first, capability, (at,))]
        assert whole == alone, f"{capability} depends on what else is asked"


def no_request_has_no_answer(opened: Open) -> None:
    """An empty call is answered with nothing."""
    engine = opened()
    for capability in sorted(engine.capabilities - {"stream"}):
        assert _rows(engine, capability, ()) == [], capability


def an_answer_keeps_to_its_limits(opened: Open) -> None:
    """No answer has more tokens than asked for, and a shorter one begins the longer one, ended by length."""
    engine = opened()
    if "generate" not in engine.capabilities:
        return
    long = engine.generate([GenerateRequest.of(TEXTS[2], max_tokens=6)])[0]
    short = engine.generate([GenerateRequest.of(TEXTS[2], max_tokens=2)])[0]
    assert long.completion_tokens <= 6, f"{long.completion_tokens} tokens where 6 were asked for"
    assert short.completion_tokens <= 2, f"{short.completion_tokens} tokens where 2 were asked for"
    if long.completion_tokens > 2:
        assert short.finish_reason == "length", "an answer that the limit cut says so"
        assert long.text.startswith(short.text.rstrip("\N{REPLACEMENT CHARACTER}")), "the limit changes the beginning"
    assert long.prompt_tokens == engine.count_tokens(messages_of(TEXTS[2])), "prompt_tokens is not count_tokens"
    full = "so on " * engine.limits.context_tokens
    overfull = engine.generate([GenerateRequest.of(full, max_tokens=2)])[0]
    assert (overfull.text, overfull.finish_reason) == ("", "length"), "a chat beyond the context is answered"


def a_stop_text_ends_the_answer(opened: Open) -> None:
    """The answer ends before the first of the stop texts, which is not part of it."""
    engine = opened()
    if "generate" not in engine.capabilities:
        return
    whole = engine.generate([REQUESTS[2]])[0].text
    if len(whole) < 4:
        return
    stop = whole[2:4]
    request = GenerateRequest.of(TEXTS[2], max_tokens=12, stop=("\x00 never", stop))
    stopped = engine.generate([request])[0]
    assert stopped.text == whole[: whole.index(stop)], f"{stopped.text!r} does not end before {stop!r}"
    assert stopped.finish_reason == "stop"
    if "stream" in engine.capabilities:
        pieces = list(engine.stream(request))
        assert "".join(piece.text for piece in pieces) == stopped.text, "a stream shows what a stop text ends"


def a_seed_decides_what_is_drawn(opened: Open) -> None:
    """At a temperature above zero the same seed draws the same, and at zero no seed matters."""
    engine = opened()
    if "generate" not in engine.capabilities:
        return

    def drawn(seed: int, temperature: float) -> str:
        return engine.generate([GenerateRequest.of(TEXTS[2], max_tokens=12, temperature=temperature, seed=seed)])[
            0
        ].text

    assert drawn(1, 1.0) == drawn(1, 1.0), "the same seed draws something else"
    assert len({drawn(seed, 1.0) for seed in range(6)}) > 1, "every seed draws the same"
    assert drawn(1, 0.0) == drawn(2, 0.0), "a seed matters at temperature 0"


def a_stream_is_the_answer_in_pieces(opened: Open) -> None:
    """The pieces join to the generated text, and the last, and only it, carries the whole."""
    engine = opened()
    if "stream" not in engine.capabilities:
        return
    for request in (*REQUESTS, GenerateRequest.of(TEXTS[2], max_tokens=8, temperature=1.0, seed=3)):
        whole = engine.generate([request])[0]
        _require_pieces(list(engine.stream(request)), whole)


def cancelled_work_ends(opened: Open) -> None:
    """Work whose token is cancelled raises Cancelled, a stream at its next piece; the engine answers on."""
    engine = opened()
    cancel = CancelToken()
    cancel.cancel()
    for capability in sorted(engine.capabilities - {"stream"}):
        try:
            _ask(engine, capability, range(3), cancel)
            went_on = True
        except Cancelled:
            went_on = False
        assert not went_on, f"{capability} goes on though it was cancelled"
    if "stream" in engine.capabilities:
        _require_a_stream_ends(engine)


def awaited_answers_are_the_same(opened: Open) -> None:
    """The async face gives the same answers and pieces, and refuses once it is closed."""
    engine = opened()

    async def awaited() -> None:
        face = as_async(opened())
        for capability in sorted(engine.capabilities - {"stream"}):
            verb = getattr(face, capability)
            assert _listed(capability, await verb(_items(capability, range(3)))) == _rows(engine, capability, range(3))
        if "stream" in engine.capabilities:
            pieces = [piece async for piece in face.stream(REQUESTS[2])]
            _require_pieces(pieces, engine.generate([REQUESTS[2]])[0])
        await face.aclose()
        for capability in sorted(engine.capabilities - {"stream"}):
            try:
                await getattr(face, capability)(_items(capability, range(1)))
            except UserError as error:
                assert error.code == "E-ENGINE-003", error.code
            else:
                raise AssertionError(f"{capability} answers after aclose")

    asyncio.run(awaited())


CHECKS: tuple[Callable[[Open], None], ...] = (
    what_it_can_do_is_named,
    what_it_cannot_do_is_refused,
    a_closed_engine_refuses,
    equal_requests_have_equal_answers,
    no_request_has_no_answer,
    an_answer_keeps_to_its_limits,
    a_stop_text_ends_the_answer,
    a_seed_decides_what_is_drawn,
    a_stream_is_the_answer_in_pieces,
    cancelled_work_ends,
    awaited_answers_are_the_same,
)


def _items(capability: Capability, places: Any) -> list[Any]:
    """The requests or texts at `places` that a capability is asked with."""
    source: tuple[Any, ...] = {"generate": REQUESTS, "score": SCORED}.get(capability, TEXTS)
    return [source[place] for place in places]


def _ask(engine: Engine, capability: Capability, places: Any, cancel: CancelToken | None = None) -> Any:
    if capability == "stream":
        return list(engine.stream(REQUESTS[0], cancel=cancel))
    return getattr(engine, capability)(_items(capability, places), cancel=cancel)


def _listed(capability: Capability, answer: Any) -> list[Any]:
    """An answer as one comparable value a row, arrays as their bytes."""
    if capability == "classify":
        probabilities = answer.probabilities
        assert probabilities.dtype == np.float32, f"probabilities are {probabilities.dtype}"
        assert probabilities.shape[1:] == (len(answer.names),), f"{probabilities.shape} for {len(answer.names)} labels"
        assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-4), "probabilities of a text sum to one"
        return [(label, row.tobytes()) for label, row in zip(answer.labels, probabilities, strict=True)]
    if capability == "embed":
        vectors = answer.vectors
        assert vectors.dtype == np.float32, f"vectors are {vectors.dtype}"
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4), "vectors have length one"
        return [row.tobytes() for row in vectors]
    if capability == "score":
        for score in answer:
            assert len(score.logprobs) == score.tokens > 0, "one logprob a token"
            assert np.isclose(score.nats, -np.mean(score.logprobs), rtol=1e-3), "nats is the mean of the logprobs"
    return list(answer)


def _rows(engine: Engine, capability: Capability, places: Any, *, back: bool = False) -> list[Any]:
    """The answers for the requests at `places`; with `back`, in the order of the requests again."""
    rows = _listed(capability, _ask(engine, capability, places))
    return [rows[list(places).index(place)] for place in sorted(places)] if back else rows


def _refusal(engine: Engine, capability: Capability) -> UserError:
    try:
        _ask(engine, capability, range(1))
    except UserError as error:
        return error
    raise AssertionError(f"{capability} is not refused")


def _require_pieces(pieces: list[StreamPiece], whole: Any) -> None:
    assert pieces, "a stream has at least its last piece"
    assert "".join(piece.text for piece in pieces) == whole.text, "the pieces do not join to the generated text"
    assert [piece.whole for piece in pieces] == [None] * (len(pieces) - 1) + [whole], "the last piece carries the whole"


def _require_a_stream_ends(engine: Engine) -> None:
    cancel = CancelToken()
    stream = engine.stream(GenerateRequest.of(TEXTS[2], max_tokens=12), cancel=cancel)
    next(stream)
    cancel.cancel()
    try:
        rest = list(stream)
    except Cancelled:
        rest = []
    assert not rest, "a cancelled stream goes on"
    left = engine.stream(REQUESTS[2])
    next(left)
    left.close()  # type: ignore[attr-defined]
    assert len(list(engine.stream(REQUESTS[2]))) > 0, "an engine whose stream was left answers no more"
