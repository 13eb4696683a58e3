"""Labels that the other rows contradict go to a person, with the label that fits."""

import random

import numpy as np
import pytest
from tests.workflow.worlds import THINGS, tickets
from tests.worlds import corpus

from tunewright.core.finding import NotChecked
from tunewright.stages.audit.checks.label_noise import Options, _issues, check

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


def test_texts_too_vague_for_any_label_do_not_hide_the_wrong_ones() -> None:
    classes, each = 12, 100
    labels = np.repeat(np.arange(classes), each)
    following = (labels + 1) % classes
    wrong = np.arange(len(labels)) % each < 10
    vague = np.arange(len(labels)) % each >= 88
    probabilities = np.full((len(labels), classes), 0.05 / (classes - 2))
    probabilities[np.arange(len(labels)), labels] = np.where(wrong, 0.1, 0.85)
    probabilities[np.arange(len(labels)), following] = np.where(wrong, 0.85, 0.1)
    draw = np.random.default_rng(0)
    probabilities[vague] = draw.dirichlet(np.full(classes, 20.0), int(vague.sum()))
    found = _issues(labels, probabilities, Options())
    assert found[wrong].mean() >= 0.9
    assert not found[~wrong].any()


def test_the_order_of_rows_changes_nothing() -> None:
    rows = tickets(200, seed=4)
    labels = [next(iter(THINGS)) if i % 17 == 0 else label for i, (_, label) in enumerate(rows)]
    order = list(range(200))
    random.Random(2).shuffle(order)
    (one,) = check(corpus([text for text, _ in rows], labels), Options())
    (two,) = check(corpus([rows[i][0] for i in order], [labels[i] for i in order]), Options())
    assert {order[row] for row in two.frame["row"]} == set(one.frame["row"].to_list())
