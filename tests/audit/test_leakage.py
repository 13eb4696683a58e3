"""What the test rows hold, the training rows must not."""

import pytest
from tests.worlds import corpus

from tunewright.audit.checks.leakage import Options, check
from tunewright.core.finding import NotChecked

NEAR = "I would like to know where my new debit card is"
TEXTS = ["where is my card", "Where is my CARD?", NEAR, NEAR + " please", "bye now", "see you"]
SPLITS = ["train", "test", "train", "validation", "train", "test"]


def test_the_training_row_is_flagged_and_names_what_it_gives_away() -> None:
    exact, near = check(corpus(TEXTS, ["a"] * 6, split=SPLITS), Options())
    assert (exact.name, exact.severity) == ("leakage.exact", "blocking")
    assert exact.frame.select("row", "other", "other_line", "side").rows() == [(0, 1, 3, "test")]
    assert (near.name, near.severity) == ("leakage.near", "warning")
    assert near.frame.select("row", "other", "side").rows() == [(2, 3, "validation")]


def test_copies_on_one_side_give_nothing_away() -> None:
    assert check(corpus(["a b", "a b", "c d"], ["x"] * 3, split=["train", "train", "test"]), Options()) == ()


@pytest.mark.parametrize("split", [[None] * 3, ["train"] * 3])
def test_undivided_rows_cannot_leak(split: list[str | None]) -> None:
    with pytest.raises(NotChecked, match="not divided"):
        check(corpus(["a", "b", "c"], ["x"] * 3, split=split), Options())


def test_the_order_of_the_rows_does_not_matter() -> None:
    order = [4, 1, 3, 0, 5, 2]
    mixed = corpus([TEXTS[i] for i in order], ["a"] * 6, split=[SPLITS[i] for i in order])
    told = {f.kind: {TEXTS[order[row]] for row in f.frame["row"]} for f in check(mixed, Options())}
    assert told == {"exact": {TEXTS[0]}, "near": {TEXTS[2]}}
