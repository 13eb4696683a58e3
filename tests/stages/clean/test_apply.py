"""Changes of text reach the conversation, and weights multiply."""

import polars as pl
from tests.worlds import rows

from tunewright.core.edit import CHANGE_COLUMNS
from tunewright.stages.clean.apply import apply_changes, finished
from tunewright.stages.clean.diff import diff

TURNS = [
    {"role": "user", "content": "hi, I am Bo", "weight": None},
    {"role": "assistant", "content": "hello", "weight": 1.0},
    {"role": "user", "content": "help me", "weight": None},
    {"role": "assistant", "content": "sure", "weight": None},
]


def changes(*given: dict) -> pl.DataFrame:
    return pl.DataFrame([{name: one.get(name) for name in CHANGE_COLUMNS} for one in given], schema=CHANGE_COLUMNS)


def test_a_new_prompt_replaces_the_turn_that_held_the_old_one() -> None:
    before = rows(["help me"], answers=["sure"], messages=[TURNS])
    made = finished(
        apply_changes(before, changes({"row": 0, "action": "replace", "column": "prompt", "value": "please help"}))
    )
    assert made["prompt"].to_list() == ["please help"]
    assert [turn["content"] for turn in made["messages"][0]] == ["hi, I am Bo", "hello", "please help", "sure"]
    assert made["content_digest"][0] != before["content_digest"][0]


def test_weights_of_two_fixes_multiply_and_rows_are_numbered_anew() -> None:
    before = rows(["a", "b", "c"], ["x", "y", "z"])
    made = finished(
        apply_changes(
            before,
            changes(
                {"row": 0, "action": "drop"},
                {"row": 1, "action": "reweight", "weight": 0.5},
                {"row": 1, "action": "reweight", "weight": 0.5},
            ),
        )
    )
    assert made.select("row", "prompt", "weight").rows() == [(0, "b", 0.25), (1, "c", 1.0)]


def test_a_diff_names_what_changed_by_example() -> None:
    before, after = rows(["a", "b", "c"], ["x", "y", "z"]), rows(["a", "B"], ["x", "q"])
    found = diff(before, after).select("example_id", "change", "column", "before", "after").rows()
    assert found == [
        ("id1", "changed", "label", "y", "q"),
        ("id1", "changed", "prompt", "b", "B"),
        ("id2", "removed", None, None, None),
    ]


def test_a_diff_shows_weights_entities_and_turns_that_are_neither_prompt_nor_answer() -> None:
    before = rows(["help me"], answers=["sure"], messages=[TURNS])
    said = [{**TURNS[0], "content": "hi"}, *TURNS[1:]]
    entity = [{"label": "verb", "start": 0, "end": 4, "text": "help"}]
    after = rows(["help me"], answers=["sure"], messages=[said], weight=[2.0], entities=[entity])
    found = {column: (old, new) for column, old, new in diff(before, after).select("column", "before", "after").rows()}
    assert set(found) == {"messages", "entities", "weight"}
    assert found["weight"] == ("1.0", "2.0")
    assert found["messages"][0].startswith('[{"role":"user","content":"hi, I am Bo","weight":null}')
    assert found["entities"] == ("null", '[{"label":"verb","start":0,"end":4,"text":"help"}]')


def test_a_changed_prompt_is_told_once_and_not_again_as_a_turn() -> None:
    before = rows(["a", "b"], answers=["x", "y"])
    after = rows(["A", "b"], answers=["x", "Y"])
    found = diff(before, after).select("example_id", "column", "before", "after").rows()
    assert found == [("id0", "prompt", "a", "A"), ("id1", "answer", "y", "Y")]
    assert diff(before, before).is_empty()
