"""Entities of an answer in JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.stages.evaluate.entities import counts, entities

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("reference", "answer", "common", "given_", "wanted"),
    [
        ('{"order": "A1", "items": ["x", "y"]}', '{"items": ["y", "X "], "order": "A1"}', 3, 3, 3),
        ('{"order": "A1"}', '{"order": "A2"}', 0, 1, 1),
        ('{"order": "A1"}', '{"number": "A1"}', 0, 1, 1),
        ('[{"label": "P", "text": "Ann"}]', '[{"text": "ann", "label": "P"}, {"label": "P", "text": "Bo"}]', 1, 2, 1),
        ('[{"label": "P", "text": "Ann"}]', '[{"label": "Q", "text": "Ann"}]', 0, 1, 1),  # half an entity is none
        ('{"a": ["x", "x"]}', '{"a": ["x"]}', 1, 1, 2),
        ('{"order": null, "items": []}', "{}", 0, 0, 0),
        ('{"n": 5}', '{"n": 5.0}', 1, 1, 1),
        ('{"n": 5}', '{"n": "5"}', 0, 1, 1),
        ('{"order": "A1"}', "The order is A1.", 0, 0, 1),
        ('{"order": "A1"}', '{"order": "A1"', 0, 0, 1),
    ],
)
def test_values_are_compared_with_the_keys_that_lead_to_them(
    reference: str, answer: str, common: int, given_: int, wanted: int
) -> None:
    assert [int(part[0]) for part in counts([reference], [answer])] == [common, given_, wanted]


@given(JSON)
def test_any_json_agrees_wholly_with_itself(value: object) -> None:
    spelled = json.dumps(value)
    common, given_, wanted = counts([spelled], [spelled])
    assert common == given_ == wanted


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", "[" * 100_000, '{"a": 1e999}', '{"a": 123456789012345678901}', '"\\ud800"']
)
def test_a_hostile_answer_is_no_crash(text: str) -> None:
    counts(['{"a": 1}'], [text])
    assert entities("NaN") is None
