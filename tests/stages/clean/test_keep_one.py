"""The earliest of several copies stays."""

from tests.stages.clean.findings import changes, finding
from tests.worlds import corpus

from tunewright.stages.audit.checks.exact_duplicates import Options as CheckOptions
from tunewright.stages.audit.checks.exact_duplicates import check
from tunewright.stages.clean.fixes.keep_one import Options, fix


def test_each_copy_names_the_line_that_stays() -> None:
    world = corpus(["b", "a", "A!", "a", "b."], ["x", "y", "y", "y", "x"])
    (finding,) = check(world, CheckOptions())
    assert fix(world, finding, Options()).rows() == [
        (2, "drop", "repeats line 3, which stays"),
        (3, "drop", "repeats line 3, which stays"),
        (4, "drop", "repeats line 2, which stays"),
    ]


def test_a_chain_of_copies_ends_at_the_earliest_and_a_circle_keeps_one() -> None:
    world = corpus(["a"] * 6, ["x"] * 6)
    chain = changes(world, finding({"row": [1, 2, 3], "other": [0, 1, 2]}, "keep_one", "near_duplicates.both"))
    assert chain["reason"].to_list() == ["repeats line 2, which stays"] * 3
    circle = changes(world, finding({"row": [3, 4, 5], "other": [4, 5, 3]}, "keep_one", "near_duplicates.both"))
    assert circle["row"].to_list() == [4, 5]


def test_a_copy_with_another_label_stays() -> None:
    world = corpus(["a"] * 4, ["x", "y", "x", None])
    made = changes(world, finding({"row": [1, 2, 3], "other": [0, 0, 0]}, "keep_one", "near_duplicates.both"))
    assert made["row"].to_list() == [2]
