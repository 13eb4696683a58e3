"""How often English uses its words, as far as anything here relies on it."""

import numpy as np

from tunewright.text.english import EVERYDAY, FORM, drawn, table_of, uses_per_million


def test_common_words_are_common_and_late_words_are_known() -> None:
    uses = uses_per_million()
    assert uses["the"] > uses["house"] > uses["lantern"] > 1
    assert uses["email"] >= EVERYDAY
    assert uses["emails"] == FORM
    assert "brevoaxle" not in uses


def test_drawn_texts_have_the_lengths_asked_for_and_never_change() -> None:
    lengths = np.array([3, 12, 1])
    assert [len(text.split()) for text in drawn(lengths)] == [3, 12, 1]
    assert drawn(lengths) == drawn(lengths)
    many = drawn(np.full(2000, 10))
    share = sum(text.split().count("the") for text in many) / 20_000
    assert 0.04 < share < 0.09, "English uses it about six times in a hundred words"


def test_a_table_keeps_words_of_many_books_and_no_names() -> None:
    book = "the cat met Ahab. " * 50 + "the dog "
    lines = table_of([book] * 10 + ["only here: zebra"]).splitlines()
    words = {word for line in lines for word in line.split()[1:]}
    assert words == {"the", "cat", "met", "dog"}
    assert int(lines[0].split()[0]) == 84, "the: one word in four, 10 * log10(0.25e9)"
