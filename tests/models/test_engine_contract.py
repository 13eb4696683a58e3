"""Every engine keeps the contract, and a check fails on an engine that breaks its promise."""

import numpy as np
import pytest
from tests.stages.train.tiny import write_classifier

from tunewright.core.engine_ref import EngineRef
from tunewright.core.errors import UserError
from tunewright.models.echo import EchoEngine
from tunewright.models.engine import Classification, Generation
from tunewright.models.engine_contract import CHECKS
from tunewright.models.registry import ENGINES, open_engine

ON_CPU = {"causal_lm": {"device": "cpu"}, "classifier": {"device": "cpu"}}


@pytest.fixture(scope="module")
def open_by_name(tiny_llama, tiny_encoder, tmp_path_factory):
    """Opens each engine that there is, on a tiny model where it needs one."""
    folders = {"causal_lm": tiny_llama, "classifier": write_classifier(tiny_encoder, tmp_path_factory.mktemp("head"))}
    return lambda name: open_engine(EngineRef(engine=name, folder=folders.get(name), options=ON_CPU.get(name, {})))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", ENGINES.names())
def test_an_engine_keeps_the_contract(open_by_name, name: str, check) -> None:
    check(lambda: open_by_name(name))


def test_each_engine_can_do_what_it_says(open_by_name) -> None:
    assert open_by_name("classifier").capabilities == {"classify", "embed"}
    assert open_by_name("causal_lm").capabilities == {"generate", "stream", "score", "embed"}
    assert open_by_name("echo").capabilities == {"generate", "stream", "score", "classify", "embed"}


def test_an_engine_that_needs_a_model_says_so() -> None:
    for name in ("classifier", "causal_lm"):
        with pytest.raises(UserError) as refusal:
            open_engine(EngineRef(engine=name))
        assert refusal.value.code == "E-ENGINE-006"


class Forgetful(EchoEngine):
    """Answers by how often it was asked."""

    def classify(self, texts, **settings):
        answer = super().classify(texts, **settings)
        return Classification(answer.names, np.roll(answer.probabilities, self._calls, axis=1))


class Wordy(EchoEngine):
    """Takes no notice of the limit."""

    def generate(self, requests, **settings):
        super().generate(requests, **settings)
        return [Generation("so and so and so and so", 7, 8, "stop") for _ in requests]


class Deaf(EchoEngine):
    """Takes no notice of a token."""

    def embed(self, texts, *, cancel=None, **settings):
        return super().embed(texts, **settings)


class Open(EchoEngine):
    """Does not close."""

    def close(self) -> None:
        pass


class Unseeded(EchoEngine):
    """Draws the same whatever the seed."""

    def _full_answer(self, request):
        return "the same"


class Stuttering(EchoEngine):
    """Streams its last word twice."""

    def _pieces(self, request, cancel):
        pieces = list(super()._pieces(request, cancel))
        return iter([*pieces[:-1], pieces[-1], pieces[-1]])


@pytest.mark.parametrize(
    ("broken", "name", "why"),
    [
        (Forgetful, "equal_requests_have_equal_answers", "classify answers otherwise"),
        (Wordy, "an_answer_keeps_to_its_limits", "8 tokens where 6"),
        (Deaf, "cancelled_work_ends", "embed goes on"),
        (Open, "a_closed_engine_refuses", "not refused"),
        (Unseeded, "a_seed_decides_what_is_drawn", "every seed draws the same"),
        (Stuttering, "a_stream_is_the_answer_in_pieces", "do not join"),
    ],
)
def test_a_broken_promise_is_named(broken, name: str, why: str) -> None:
    check = next(check for check in CHECKS if check.__name__ == name)
    with pytest.raises(AssertionError, match=why):
        check(broken)
