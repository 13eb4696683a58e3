"""The stand-in says what it is told, as slowly and as unreliably as it is asked to."""

import asyncio
import subprocess
import sys

import pytest

from tunewright.core.engine_ref import EngineRef
from tunewright.core.errors import ExitCode, UserError
from tunewright.models.chat import messages_of
from tunewright.models.echo import EchoEngine, tokens_of
from tunewright.models.engine import Cancelled, CancelToken, GenerateRequest, ScoreRequest
from tunewright.models.registry import ENGINES, open_engine


def answer(engine: EchoEngine, prompt: str, **settings) -> str:
    return engine.generate([GenerateRequest.of(prompt, **settings)])[0].text


def test_it_says_the_users_last_message_or_the_scripted_answer() -> None:
    engine = EchoEngine(answers={"Where is my card?": "On its way."})
    assert answer(engine, "Where is my card?") == "On its way."
    assert answer(engine, "Where  is\n it?") == "Where  is\n it?"
    chat = (*messages_of("first", "an answer"), *messages_of("second"))
    assert engine.generate([GenerateRequest(chat)])[0].text == "second"


def test_tokens_are_words_and_the_limit_counts_them() -> None:
    generation = EchoEngine().generate([GenerateRequest.of("one two  three four", max_tokens=2)])[0]
    assert (generation.text, generation.finish_reason) == ("one two  ", "length")
    assert (generation.prompt_tokens, generation.completion_tokens) == (4, 2)
    assert tokens_of(" a  b\nc ") == [" a  ", "b\n", "c "]


def test_a_chat_and_its_answer_share_the_context() -> None:
    engine = EchoEngine(context_tokens=5)
    assert answer(engine, "one two three") == "one two "
    assert answer(engine, "one two three four five six") == ""


def test_a_seed_shuffles_the_words_only_above_temperature_zero() -> None:
    engine = EchoEngine()
    drawn = [answer(engine, "a b c d e f g", temperature=0.5, seed=seed) for seed in range(4)]
    assert all(sorted(text.split()) == list("abcdefg") for text in drawn)
    assert len(set(drawn)) == 4


def test_the_greedy_answer_is_the_one_it_would_write() -> None:
    scores = EchoEngine().score([ScoreRequest(tuple(messages_of("hello")), text) for text in ("hello", "bye")])
    assert [score.greedy for score in scores] == [True, False]
    assert scores[0].nats != scores[1].nats


def test_it_chooses_among_the_labels_that_it_was_given_and_not_always_the_same() -> None:
    texts = [f"text {number}" for number in range(30)]
    assert set(EchoEngine(labels=("card", "login")).classify(texts).labels) == {"card", "login"}


def test_the_first_calls_fail_as_asked_and_the_next_is_answered() -> None:
    engine = EchoEngine(fail_first=2)
    for call in (1, 2):
        with pytest.raises(UserError) as failure:
            answer(engine, "x")
        assert failure.value.code == "E-ENGINE-005"
        assert failure.value.exit_code == ExitCode.RETRYABLE
        assert f"call {call}" in failure.value.what
    assert answer(engine, "x") == "x"


def test_every_third_call_fails_whatever_verb_it_is() -> None:
    engine = EchoEngine(fail_every=3)
    engine.embed(["x"])
    engine.classify(["x"])
    with pytest.raises(UserError):
        list(engine.stream(GenerateRequest.of("x")))
    assert engine.embed(["x"]).vectors.shape == (1, 16)


def test_a_slow_answer_is_given_up_in_the_middle() -> None:
    """An hour a word, so a wait that did not heed the token would never end."""
    engine = EchoEngine(seconds_a_token=3600)
    cancel = CancelToken()

    async def given_up() -> None:
        loop = asyncio.get_running_loop()
        waiting = loop.run_in_executor(None, lambda: engine.generate([GenerateRequest.of("a b")], cancel=cancel))
        await asyncio.sleep(0)
        cancel.cancel()
        with pytest.raises(Cancelled):
            await waiting

    asyncio.run(given_up())


def test_a_request_that_no_engine_can_answer_is_refused_when_it_is_made() -> None:
    for wrong in ({"max_tokens": 0}, {"temperature": -1.0}, {"temperature": float("nan")}, {"stop": ("",)}):
        with pytest.raises(UserError) as refusal:
            GenerateRequest.of("x", **wrong)
        assert refusal.value.code == "E-ENGINE-002"


def test_it_is_listed_and_opened_by_name() -> None:
    assert "echo" in ENGINES.names()
    engine = open_engine(EngineRef(engine="echo", options={"labels": ["a", "b", "c"]}))
    assert engine.classify(["x"]).names == ("a", "b", "c")


def test_an_option_that_it_does_not_have_is_named() -> None:
    with pytest.raises(UserError) as refusal:
        open_engine(EngineRef(engine="echo", options={"anwsers": {}}))
    assert refusal.value.code == "E-ENGINE-004"
    assert "Did you mean 'answers'?" in refusal.value.fix
    with pytest.raises(UserError) as unknown:
        open_engine(EngineRef(engine="eko"))
    assert unknown.value.code == "E-CFG-002"


def test_a_reference_is_known_by_what_answers_and_not_by_where_it_lies(tmp_path) -> None:
    here = EngineRef(engine="causal_lm", files={"model.safetensors": "sha256:aa"}, folder=tmp_path)
    there = EngineRef(engine="causal_lm", files={"model.safetensors": "sha256:aa"}, folder=tmp_path / "copy")
    assert here.digest == there.digest
    assert here.digest != here.model_copy(update={"files": {"model.safetensors": "sha256:bb"}}).digest
    assert here.digest != here.model_copy(update={"options": {"device": "cpu"}}).digest


def test_it_needs_no_torch() -> None:
    code = """
import sys
from tunewright.core.engine_ref import EngineRef
from tunewright.models.engine import GenerateRequest
from tunewright.models.registry import open_engine
print(open_engine(EngineRef(engine="echo")).generate([GenerateRequest.of("hello")])[0].text)
print([name for name in ("torch", "transformers", "safetensors") if name in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["hello", "[]"]
