"""A family of rows that say the same counts like few, and weighing twice is weighing once."""

import pytest
from tests.stages.clean.findings import changes, cleaned, finding
from tests.worlds import corpus, of, rows

FAMILY = finding({"row": [1, 2, 3, 5], "other": [0, 0, 0, 4]}, "reweight", "semantic_duplicates.both")
ON = {"fixes": {"reweight": {}}}


def test_a_family_of_four_weighs_two() -> None:
    frame, (edit,) = cleaned(corpus(["a", "b", "c", "d", "e", "f", "g"], ["x"] * 7), FAMILY, **ON)
    assert frame["weight"].to_list() == pytest.approx([0.5] * 4 + [2**0.5 / 2] * 2 + [1.0])
    assert edit.frame["reason"][0] == "one of 4 that say the same"


def test_weighing_again_changes_nothing() -> None:
    frame, _ = cleaned(of(rows(["a"] * 7, ["x"] * 7, weight=[1.0, 3.0, 0.5, 1.0, 0.0, 2.0, 1.0])), FAMILY, **ON)
    again, edits = cleaned(of(frame), FAMILY, **ON)
    assert edits == ()
    assert again.equals(frame)


@pytest.mark.parametrize("growth", [0.0, 0.5])
def test_weighing_equal_rows_again_changes_nothing(growth: float) -> None:
    on = {"fixes": {"reweight": {"growth": growth}}}
    frame, edits = cleaned(corpus(["a"] * 7, ["x"] * 7), FAMILY, **on)
    assert len(edits) == 1
    assert cleaned(of(frame), FAMILY, **on)[1] == ()


def test_what_a_person_weighed_keeps_its_proportions() -> None:
    frame, _ = cleaned(of(rows(["a"] * 6, ["x"] * 6, weight=[1.0, 3.0, 1.0, 1.0, 1.0, 1.0])), FAMILY, **ON)
    assert frame["weight"][1] / frame["weight"][0] == pytest.approx(3.0)
    assert frame["weight"][:4].sum() == pytest.approx(2.0)


def test_growth_of_one_leaves_a_family_alone() -> None:
    assert changes(corpus(["a"] * 6, ["x"] * 6), FAMILY, growth=1.0).is_empty()
