"""One row stands for its copies, and weighs what they weighed."""

from tests.stages.clean.findings import changes, cleaned, finding
from tests.worlds import corpus, of, rows

COPIES = {"row": [1, 2, 4], "other": [0, 0, 3]}


def test_weights_come_together_in_the_row_that_stays() -> None:
    world = of(rows(["a", "a", "a", "b", "b"], ["x"] * 5, weight=[1.0, 3.0, 1.0, 2.0, 0.5]))
    frame, (edit,) = cleaned(world, finding(COPIES, "merge", "exact_duplicates.both"))
    assert frame.select("example_id", "weight").rows() == [("id0", 5.0), ("id3", 2.5)]
    told = dict(edit.frame.select("row", "reason").rows())
    assert told == {
        0: "stands for 2 more that say the same",
        1: "merged into line 2",
        2: "merged into line 2",
        3: "stands for 1 more that say the same",
        4: "merged into line 5",
    }


def test_the_largest_weight_may_stand_for_all_and_none_exceeds_the_most() -> None:
    world = of(rows(["a", "a", "a"], ["x"] * 3, weight=[1.0, 3.0, 1.0]))
    found = finding({"row": [1, 2], "other": [0, 0]}, "merge", "exact_duplicates.both")
    assert cleaned(world, found, fixes={"merge": {"weight": "largest"}})[0]["weight"].to_list() == [3.0]
    assert cleaned(world, found, fixes={"merge": {"most": 4.0}})[0]["weight"].to_list() == [4.0]


def test_copies_of_another_label_are_not_merged() -> None:
    world = corpus(["a", "a", "a"], ["x", "y", "x"])
    made = changes(world, finding({"row": [1, 2], "other": [0, 0]}, "merge", "exact_duplicates.both"))
    assert made.filter(action="drop")["row"].to_list() == [2]
