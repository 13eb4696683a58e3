"""Copies are found whatever their case, spaces and punctuation, and each names what it repeats."""

import os
import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.worlds import corpus, found, of, rows

from tunewright.similarity.exact import exact_groups
from tunewright.stages.audit.checks.conflicts import Options as ConflictOptions
from tunewright.stages.audit.checks.conflicts import check as conflicts
from tunewright.stages.audit.checks.exact_duplicates import Options, check

DATA = Path(os.environ.get("TUNEWRIGHT_DATA", Path(__file__).parents[4] / "shared" / "data"))


def test_a_copy_names_the_row_and_the_line_it_repeats() -> None:
    findings = check(corpus(["Hi there!", "other", "  hi   THERE "], ["a", "b", "a"]), Options())
    (both,) = findings
    assert both.name == "exact_duplicates.both"
    assert both.severity == "blocking"
    assert both.frame.select("row", "other", "other_line").rows() == [(2, 0, 2)]
    assert both.sentence(both.frame.row(0, named=True)) == "repeats line 2, answer and all"


def test_the_same_text_with_another_label_is_no_copy_but_the_same_question() -> None:
    findings = check(corpus(["hi", "hi", "hi"], ["a", "b", "a"]), Options())
    assert found(findings, "exact_duplicates.both") == [2]
    assert found(findings, "exact_duplicates.prompt") == [1]


def test_the_same_answer_to_different_questions_is_only_counted() -> None:
    findings = check(corpus(["one", "two"], answers=["Yes.", "yes"]), Options())
    assert [(f.name, f.severity, f.frame["row"].to_list()) for f in findings] == [
        ("exact_duplicates.answer", "info", [1])
    ]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("caf\u00e9", "cafe\u0301", True),
        ("你好", "你好!", True),
        ("हिन्दी", "हिनदी", False),  # a mark is part of the word
        ("?", "!!", False),
        ("😀", "😡", False),
        ("order 12", "order 13", False),
        ("", "", False),  # nothing repeats nothing
        ("a-b", "a b", True),
    ],
)
def test_what_counts_as_the_same_text(first: str, second: str, same: bool) -> None:
    assert (exact_groups(corpus([first, second], ["x", "x"]), "prompt").height == 2) is same


def test_a_column_of_nulls_is_survived() -> None:
    assert check(corpus([None, None], [None, None]), Options()) == ()


@given(
    st.lists(st.sampled_from(["Hi", "hi!", "yo", "YO", "other", "x y", "x  y"]), min_size=1, max_size=20), st.randoms()
)
def test_the_order_of_the_rows_does_not_change_the_groups(texts: list[str], rng: random.Random) -> None:
    def groups(order: list[int]) -> set[frozenset[int]]:
        made = exact_groups(corpus([texts[i] for i in order], ["x"] * len(order)), "prompt")
        return {frozenset(order[row] for row in part["row"]) for _, part in made.group_by("representative")}

    shuffled = list(range(len(texts)))
    rng.shuffle(shuffled)
    assert groups(list(range(len(texts)))) == groups(shuffled)


@pytest.mark.skipif(not (DATA / "banking77").exists(), reason="banking77 is absent; set TUNEWRIGHT_DATA")
def test_banking77_has_31_copies_and_one_contradiction_among_them() -> None:
    data = pl.read_csv(DATA / "banking77" / "train.csv")
    world = of(rows(data["text"].to_list(), data["category"].to_list()))
    findings = check(world, Options())
    assert sum(f.rows for f in findings) == 31
    (conflict,) = conflicts(world, ConflictOptions(near=False))
    assert conflict.frame["group"].n_unique() == 1
    assert conflict.rows == 2
