"""Valid answers by hand."""

import pytest
from tests.stages.evaluate.written import written

from tunewright.stages.evaluate.metrics.json_valid import Options, measure
from tunewright.stats.intervals import Sampling

REFERENCES = ['{"category": "refund", "reply": "Hello!"}'] * 8


def test_an_answer_is_valid_when_it_is_an_object_with_the_very_keys() -> None:
    answers = [
        '{"category": "refund", "reply": "Hello!"}',
        ' {"reply": "", "category": null}\n',  # what it says is another matter
        '{"category": "refund"}',
        '{"category": "refund", "reply": "Hello!", "mood": "glad"}',
        '{"category": "refund", "reply": "Hel',
        'Sure: {"category": "refund", "reply": "Hello!"}',
        '["category", "reply"]',
    ]
    score = measure(REFERENCES, written(answers), Sampling(), Options())
    assert score is not None
    assert (score.metric, score.value, score.n, score.method) == ("json_valid", 2 / 7, 7, "wilson")
    # Wilson, z = 1.959964, of 2 in 7: (2/7 + z²/14 ± z √(10/49/7 + z²/196)) / (1 + z²/7)
    assert score.low == pytest.approx(0.08222, abs=1e-5)
    assert score.high == pytest.approx(0.64107, abs=1e-5)


@pytest.mark.parametrize(
    ("references", "answers"),
    [(REFERENCES, []), (["We are sorry."], ["{}"]), (['{"a": 1}', "[1]"], ["{}"]), (['{"a": 1}', "7"], ["{}"])],
)
def test_nothing_written_or_answers_that_are_no_objects_give_no_figure(references, answers) -> None:
    assert measure(references, written(answers, nats=[1.0]), Sampling(), Options()) is None
