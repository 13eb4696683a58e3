"""Labels change when a person decided it."""

from tests.stages.clean.findings import changes, cleaned, finding
from tests.worlds import corpus, of, rows

from tunewright.stages.clean.settings import CleanSettings


def test_a_reviewers_label_replaces_the_old_one_and_says_who() -> None:
    found = finding(
        {"row": [0, 1, 2], "new_label": ["y", "x", None], "reviewer": ["ann"] * 3}, "relabel", "review.labels"
    )
    frame, (edit,) = cleaned(corpus(["a", "b", "c"], ["x", "x", "x"]), found)
    assert frame["label"].to_list() == ["y", "x", "x"]
    assert edit.frame.select("row", "reason").rows() == [(0, "x became y, decided by ann")]


def test_decisions_can_be_written_down_by_example() -> None:
    world = corpus(["a", "b"], ["x", None])
    made = changes(world, finding({"row": [0, 1]}, "relabel", "label_noise.suspect"), decisions={"id1": "y"})
    assert made.select("row", "column", "value", "reason").rows() == [
        (1, "label", "y", "no label became y, decided by a reviewer")
    ]


def test_an_answer_that_was_the_label_follows() -> None:
    world = of(rows(["a"], ["x"], ["x"]))
    frame, _ = cleaned(world, finding({"row": [0], "new_label": ["y"]}, "relabel", "review.labels"))
    assert frame.select("label", "answer").row(0) == ("y", "y")
    assert frame["messages"][0][1]["content"] == "y"


def test_nothing_is_relabelled_by_guess() -> None:
    assert changes(corpus(["a"], ["x"]), finding({"row": [0]}, "relabel", "label_noise.suspect")).is_empty()
    assert CleanSettings().use == {}
