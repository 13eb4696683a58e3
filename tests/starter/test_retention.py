"""The retention suite is made the same way every time, and nothing that it tests can be trained on."""

import lzma
import re
from collections import Counter

import pytest

from starter import retention


@pytest.fixture(scope="module")
def sides():
    return retention.rows(test=True), retention.rows(test=False)


def test_the_shipped_files_are_what_the_recipe_writes_byte_for_byte() -> None:
    assert retention.text(test=True).encode() == retention.TEST.read_bytes()
    # How bytes are packed is the xz library's own; what is packed is ours.
    assert retention.text(test=False).encode() == lzma.decompress(retention.REPLAY.read_bytes())


def test_writing_them_again_changes_nothing(tmp_path, monkeypatch) -> None:
    for name in ("TEST", "REPLAY"):
        monkeypatch.setattr(retention, name, tmp_path / name)
    retention.write()
    assert (tmp_path / "TEST").read_text(encoding="utf-8") == retention.text(test=True)
    assert lzma.decompress((tmp_path / "REPLAY").read_bytes()).decode() == retention.text(test=False)


def test_nothing_that_is_tested_may_be_replayed(sides) -> None:
    test, replay = sides
    for name in ("key", "prompt"):
        assert {row[name] for row in test} & {row[name] for row in replay} == set()


def test_a_key_alone_says_which_side_it_is_on(sides) -> None:
    test, replay = sides
    assert all(retention.tested(row["key"]) for row in test)
    assert not any(retention.tested(row["key"]) for row in replay)


def test_there_are_a_hundred_items_of_each_kind_and_no_question_twice(sides) -> None:
    test, replay = sides
    assert Counter(row["kind"] for row in test) == dict.fromkeys(retention.KINDS, 100)
    assert min(Counter(row["kind"] for row in replay).values()) > 300
    for side in sides:
        assert len({row["prompt"] for row in side}) == len(side)


def test_two_ways_to_ask_for_one_fact_are_on_one_side() -> None:
    keys = {}
    for key, asks, said in retention._FACTS:
        keys.setdefault(key, []).append((asks, said))
    twice = {key for key, ways in keys.items() if len(ways) > 1}
    assert {"opposite hot", "order Monday"} <= twice


def test_sums_are_right(sides) -> None:
    """Worked out here by other means, from the words of the question."""
    checked = 0
    for row in (row for side in sides for row in side if row["key"].startswith("sum ")):
        found = re.fullmatch(r"\D*(\d+)\s*(plus|\+|minus|-|times|[x×*]|divided by|[÷/])\s*(\d+)\D*", row["prompt"])
        if not found:
            continue
        a, sign, b = int(found[1]), found[2], int(found[3])
        by = {"plus": a + b, "+": a + b, "minus": a - b, "-": a - b, "divided by": a / b if b else 0}
        by.update({"÷": by["divided by"], "/": by["divided by"], **dict.fromkeys(("times", "x", "×", "*"), a * b)})
        assert int(row["answer"]) == by[sign], row
        checked += 1
    assert checked > 500


def test_a_passage_holds_the_answer_that_is_asked_of_it(sides) -> None:
    asked = [
        row for side in sides for row in side if row["kind"] == "reading" and row["answer"] not in ("True", "False")
    ]
    spans = [row for row in asked if row["answer"].rstrip(".") in row["prompt"]]
    assert len(spans) > 0.6 * len(asked)
