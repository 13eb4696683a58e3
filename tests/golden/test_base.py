"""The clean base is clean, learnable and the same each time."""

from collections import Counter

import polars as pl
import pytest

from tests.golden.base import CONFUSED, ORDERS, SOURCES, clean_base, tell
from tests.golden.trial import world
from tunewright.similarity.near_duplicates import near_duplicates


@pytest.mark.parametrize("words", [12, 60])
def test_the_same_seed_gives_the_same_texts_and_another_gives_others(words: int) -> None:
    first = [row.text for row in clean_base(300, words, 0)]
    assert first == [row.text for row in clean_base(300, words, 0)]
    assert len(set(first) & {row.text for row in clean_base(300, words, 1)}) < 3


@pytest.mark.parametrize("words", [12, 60])
def test_texts_have_the_promised_length_and_classes_the_same_size(words: int) -> None:
    rows = clean_base(1200, words, 0)
    lengths = [len(row.text.split()) for row in rows]
    assert abs(sum(lengths) / len(lengths) - words) < 2
    assert set(Counter(row.label for row in rows).values()) == {100}
    assert {row.label for row in rows} == set(CONFUSED)


@pytest.mark.parametrize("words", [12, 60])
def test_no_two_texts_are_near_duplicates(words: int) -> None:
    corpus, _ = world(3000, 1, words).corpus()
    assert near_duplicates(corpus).is_empty()


def test_the_other_telling_keeps_the_number_and_changes_most_words() -> None:
    for row in clean_base(200, 12, 0):
        plain, other = row.text.lower().split(), tell(row.facts, 1).lower().split()
        assert any(str(row.facts["number"]) in word for word in other)
        assert len(set(plain) & set(other)) / len(set(plain) | set(other)) < 0.6


def test_every_source_has_an_order_of_dates() -> None:
    assert set(SOURCES) == set(ORDERS) == set(pl.Series([row.source for row in clean_base(200, 12, 0)]))
