"""Rows that ask the same and are labelled differently, whichever is right."""

import pytest
from tests.worlds import corpus, found

from tunewright.audit.checks.conflicts import Options, check
from tunewright.core.finding import NotChecked


def test_both_sides_of_a_contradiction_are_named_with_the_other() -> None:
    (finding,) = check(corpus(["where is my card", "Where is my card?", "bye"], ["card", "post", "card"]), Options())
    assert finding.severity == "blocking"
    assert finding.fix is None, "only a person can say which is right"
    assert finding.frame.select("row", "label", "other_line", "other_label").rows() == [
        (0, "card", 3, "post"),
        (1, "post", 2, "card"),
    ]


def test_copies_that_agree_are_no_conflict() -> None:
    assert check(corpus(["hi", "hi!", "yo"], ["a", "a", "b"]), Options()) == ()


def test_a_near_copy_with_another_label_is_a_warning() -> None:
    texts = [
        "I would like to know where my new debit card is",
        "I would like to know where my new debit card was",
        "bye",
    ]
    findings = check(corpus(texts, ["card", "post", "x"]), Options())
    assert [(f.name, f.severity, f.rows) for f in findings] == [("conflicts.near", "warning", 2)]
    assert check(corpus(texts, ["card", "post", "x"]), Options(near=False)) == ()


def test_a_missing_label_contradicts_nobody() -> None:
    assert check(corpus(["hi", "hi"], ["a", None]), Options()) == ()


def test_without_labels_it_says_so() -> None:
    with pytest.raises(NotChecked, match="no labels"):
        check(corpus(["hi", None], [None, None]), Options())


def test_shuffled_rows_give_the_same_rows_by_text() -> None:
    texts, labels = ["q one", "q two", "Q one", "q three", "Q TWO"], ["a", "a", "b", "a", "a"]
    order = [3, 1, 4, 0, 2]
    straight = found(check(corpus(texts, labels), Options()), "conflicts.exact")
    mixed = found(check(corpus([texts[i] for i in order], [labels[i] for i in order]), Options()), "conflicts.exact")
    assert {texts[i] for i in straight} == {texts[order[i]] for i in mixed} == {"q one", "Q one"}
