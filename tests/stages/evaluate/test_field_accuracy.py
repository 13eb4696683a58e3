"""Fields of an answer in JSON by hand, one figure each."""

import json

import pytest
from tests.stages.evaluate.written import written

from tunewright.stages.evaluate.metrics.field_accuracy import Options, measure
from tunewright.stats.intervals import Sampling

#: Ten answers: two categories of five rows each, two priorities, a text of its own in each row, and a list.
REFERENCES = [
    json.dumps(
        {"category": "refund" if at < 5 else "login", "priority": 1 + at % 2, "reply": f"Hello {at}", "tags": []}
    )
    for at in range(10)
]


def test_each_repeating_field_has_its_own_share_and_interval() -> None:
    answers = [
        '{"category": "refund", "priority": 1, "reply": "Hello 0"}',
        '{"priority": 2.0, "category": "login"}',  # another category; the number is the same number
        '{"category": "Refund", "priority": "1"}',  # labels are compared to the letter, and a text is no number
        "category: refund",  # no JSON: neither is right
    ]
    scores = measure(REFERENCES, written(answers), Sampling(), Options())
    assert scores is not None
    assert [(one.metric, one.value, one.n, one.method) for one in scores] == [
        ("category_accuracy", 1 / 4, 4, "wilson"),
        ("priority_accuracy", 2 / 4, 4, "wilson"),
    ]
    # Wilson, z = 1.959964, of 1 in 4: (.25 + z²/8 ± z √(.1875/4 + z²/64)) / (1 + z²/4)
    assert scores[0].low == pytest.approx(0.04559, abs=1e-5)
    assert scores[0].high == pytest.approx(0.69936, abs=1e-5)
    # of 2 in 4: (.5 + z²/8 ± z √(.25/4 + z²/64)) / (1 + z²/4)
    assert scores[1].low == pytest.approx(0.15004, abs=1e-5)
    assert scores[1].high == pytest.approx(0.84996, abs=1e-5)


def test_free_text_constants_lists_and_fields_not_in_every_answer_are_no_labels() -> None:
    references = [
        json.dumps({"kind": "a" if at % 2 else "b", "shop": "one", "reply": f"{at}", "tags": [], **extra})
        for at, extra in enumerate([{"note": "x"}, *[{}] * 9])
    ]
    scores = measure(references, written(references), Sampling(), Options())
    assert scores is not None
    assert [one.metric for one in scores] == ["kind_accuracy"]
    assert scores[0].value == 1


def test_named_fields_are_the_ones_compared() -> None:
    scores = measure(REFERENCES, written(REFERENCES), Sampling(level=0.9), Options(fields=("reply",)))
    assert scores is not None
    assert [(one.metric, one.value, one.level) for one in scores] == [("reply_accuracy", 1.0, 0.9)]


def test_a_field_that_neither_has_is_not_right() -> None:
    scores = measure(REFERENCES, written(['{"category": "refund"}']), Sampling(), Options(fields=("owner",)))
    assert scores is not None
    assert scores[0].value == 0


@pytest.mark.parametrize(
    ("references", "answers"),
    [(REFERENCES, []), (["We are sorry."] * 10, REFERENCES), ([*REFERENCES, "[1]"], REFERENCES), ([], [])],
)
def test_nothing_written_or_answers_that_are_no_objects_give_no_figure(references, answers) -> None:
    assert not measure(references, written(answers, nats=[1.0]), Sampling(), Options())


def test_objects_without_a_label_like_field_give_no_figure() -> None:
    references = [json.dumps({"reply": f"Hello {at}"}) for at in range(10)]
    assert not measure(references, written(references), Sampling(), Options())
