"""Labels that the other rows contradict go to a person, with the label that fits."""

import random

import pytest
from tests.flow.worlds import THINGS, tickets
from tests.worlds import corpus

from tunewright.audit.checks.label_noise import Options, check
from tunewright.core.finding import NotChecked

pytest.importorskip("cleanlab")


def test_most_planted_flips_are_found_and_most_flags_are_flips() -> None:
    rows = tickets(600, seed=3)
    rng = random.Random(1)
    flipped = set(rng.sample(range(600), 30))
    labels = [
        rng.choice([t for t in THINGS if t != label]) if i in flipped else label for i, (_, label) in enumerate(rows)
    ]
    (finding,) = check(corpus([text for text, _ in rows], labels), Options())
    flagged = set(finding.frame["row"].to_list())
    assert len(flagged & flipped) / len(flipped) >= 0.9
    assert len(flagged & flipped) / len(flagged) >= 0.9
    assert finding.severity == "warning"
    assert finding.fix is None, "a flag is a question, never a deletion"
    right = {i: label for i, (_, label) in enumerate(rows)}
    suggested = dict(zip(finding.frame["row"], finding.frame["suggested"], strict=True))
    assert all(suggested[i] == right[i] for i in flagged & flipped)


def test_clean_rows_are_left_alone() -> None:
    rows = tickets(300, seed=5)
    findings = check(corpus([text for text, _ in rows], [label for _, label in rows]), Options())
    assert sum(f.rows for f in findings) <= 3


@pytest.mark.parametrize("labels", [[None] * 20, ["a"] * 20])
def test_without_two_classes_it_says_so(labels: list[str | None]) -> None:
    with pytest.raises(NotChecked, match="two classes"):
        check(corpus([f"text {i}" for i in range(20)], labels), Options())
