"""Nothing that is known on one side is asked on another."""

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.workflow.worlds import tickets
from tests.worlds import of, rows

from tunewright.core.errors import UserError
from tunewright.stages.split.api import split
from tunewright.stages.split.settings import SplitSettings
from tunewright.text.content_digest import with_content_digest


def world(pairs: list[tuple[str, str]], **columns):
    return of(with_content_digest(rows([text for text, _ in pairs], [label for _, label in pairs], **columns)))


def sides(frame: pl.DataFrame) -> dict[str, str]:
    return dict(zip(frame["prompt"], frame["split"], strict=True))


def test_shares_are_kept_in_every_class() -> None:
    frame, division = split(world(tickets(900)), SplitSettings(near_duplicates=False), seed=0)
    for counts in division.classes.values():
        total = sum(counts.values())
        assert abs(counts["test"] / total - 0.1) < 0.01
        assert abs(counts["validation"] / total - 0.1) < 0.01
    assert sum(division.rows.values()) == frame.height == 900


def test_copies_and_near_copies_stay_on_one_side() -> None:
    pairs = tickets(200)
    copies = [(f" {text.upper()}!", label) for text, label in pairs[:40]]
    edited = [(text + " please", label) for text, label in pairs[40:80]]
    split_of = sides(split(world(pairs + copies + edited), SplitSettings(test=0.3, validation=0.3), seed=1)[0])
    for (text, _), (copy, _) in zip(pairs[:80], copies + edited, strict=True):
        assert split_of[text] == split_of[copy], (text, copy)


def test_rows_of_one_subject_stay_together() -> None:
    # Near-copies would tie these invented tickets into a handful of groups; subjects alone are looked at here.
    subjects = [f"s{i % 30}" for i in range(120)]
    settings = SplitSettings(by="subject_token", test=0.3, near_duplicates=False)
    frame, _ = split(world(tickets(120), subject_token=subjects), settings, seed=0)
    assert frame.group_by("subject_token").agg(pl.col("split").n_unique())["split"].max() == 1


def test_rows_without_a_subject_are_not_taken_for_one_persons() -> None:
    subjects = [f"s{i % 20}" if i % 2 else None for i in range(120)]
    settings = SplitSettings(by="subject_token", test=0.3, near_duplicates=False)
    frame, division = split(world(tickets(120), subject_token=subjects), settings, seed=0)
    assert division.groups == 10 + 60, "ten people, and sixty rows each by itself"
    nameless = frame.filter(pl.col("subject_token").is_null())
    assert nameless.height == 60
    assert set(nameless["split"]) == {"train", "validation", "test"}


@settings(max_examples=10, deadline=None)
@given(st.randoms(), st.integers(0, 5))
def test_the_order_of_the_file_does_not_matter_and_the_seed_does(rng: random.Random, seed: int) -> None:
    pairs = tickets(150)
    shuffled = rng.sample(pairs, len(pairs))
    straight = sides(split(world(pairs), SplitSettings(), seed=seed)[0])
    assert straight == sides(split(world(shuffled), SplitSettings(), seed=seed)[0])
    assert straight != sides(split(world(pairs), SplitSettings(), seed=seed + 1)[0])


def test_a_class_of_three_is_seen_on_every_side() -> None:
    pairs = [
        *tickets(100),
        ("zebra crossing alpha", "rare"),
        ("quantum kettle beta", "rare"),
        ("violet harbor gamma", "rare"),
    ]
    division = split(world(pairs), SplitSettings(), seed=0)[1]
    assert division.classes["rare"] == {"train": 1, "validation": 1, "test": 1}


@pytest.mark.parametrize(
    ("given_sides", "untouched"),
    [(("train", "test"), "test"), (("train", "validation"), "validation"), (("train", "validation", "test"), "test")],
)
def test_the_files_own_split_is_kept_and_completed(given_sides: tuple[str, ...], untouched: str) -> None:
    pairs = tickets(120)
    column = [given_sides[i % len(given_sides)] for i in range(120)]
    frame, division = split(world(pairs, split=column), SplitSettings(), seed=0)
    assert division.given
    assert all(division.rows.values())
    before = {text for (text, _), side in zip(pairs, column, strict=True) if side == untouched}
    assert {text for text, side in sides(frame).items() if side == untouched} == before


@pytest.mark.parametrize(
    ("pairs", "column", "code"),
    [([("a b c", "x"), ("d e f", "x")], None, "E-SPLIT-001"), (tickets(30), ["tarin"] * 30, "E-SPLIT-002")],
)
def test_a_split_that_cannot_be_made_says_why(pairs, column, code: str) -> None:
    with pytest.raises(UserError) as caught:
        split(world(pairs, **({"split": column} if column else {})), SplitSettings(), seed=0)
    assert caught.value.code == code
