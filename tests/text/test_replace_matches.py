"""Matches are replaced exactly where they are."""

import re

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.text.replace_matches import MARK, with_matches_replaced


def shouted(found: pl.Series) -> list[str]:
    return [f"<{text}!>" for text in found]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(alphabet="ab1 é\n", max_size=12) | st.none(), max_size=6))
def test_it_does_what_a_loop_would_do(texts: list[str | None]) -> None:
    series = pl.Series(texts, dtype=pl.String)
    expected = [None if t is None else re.sub(r"[ab]+1?", lambda m: f"<{m[0]}!>", t) for t in texts]
    assert with_matches_replaced(series, r"[ab]+1?", shouted).to_list() == expected
    assert series.to_list() == texts, "what was given stays"


def test_each_different_match_is_computed_once() -> None:
    asked = []

    def remember(found: pl.Series) -> list[str]:
        asked.extend(found)
        return ["x"] * len(found)

    assert with_matches_replaced(pl.Series(["a b", "b a", "c"]), "[ab]", remember).to_list() == ["x x", "x x", "c"]
    assert asked == ["a", "b"]


def test_a_text_with_the_sign_that_marks_matches_is_left_alone() -> None:
    texts = pl.Series([f"a{MARK}a", "a"])
    assert with_matches_replaced(texts, "a", shouted).to_list() == [f"a{MARK}a", "<a!>"]
