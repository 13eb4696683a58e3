"""Every engine keeps the contract, and a check fails on an engine that breaks its promise."""

import numpy as np
import pytest

from tunewright.models.echo import EchoEngine
from tunewright.models.engine import Classification, Generation
from tunewright.models.engine_contract import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_echo_keeps_the_contract(check) -> None:
    check(EchoEngine)


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
