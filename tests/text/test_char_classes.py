"""What the quick look at bytes passes over holds nothing that the patterns would find."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.text import char_classes
from tunewright.text.char_classes import CONTROL, UNEVEN, WIDE, may_hold, with_char_classes
from tunewright.text.encoding_damage import has_controls, is_ragged, not_ascii

TEXTS = st.lists(
    st.text(alphabet="ab  \t\n\r\x0b\x0c\x00\x1c\x1f\x7fé\u00a0\u2028\u200b\x85", max_size=12), max_size=30
)


def rows(texts: list[str]) -> pl.DataFrame:
    frame = pl.DataFrame({"row": range(len(texts)), "text": texts}, schema={"row": pl.Int64, "text": pl.String})
    return with_char_classes(frame)


@given(TEXTS)
def test_texts_without_a_sign_are_neither_damaged_nor_ragged(texts: list[str]) -> None:
    looked = rows(texts)
    assert may_hold(looked, WIDE)["row"].equals(looked.filter(not_ascii("text"))["row"])
    assert set(looked.filter(has_controls("text"))["row"]) <= set(may_hold(looked, CONTROL | WIDE)["row"])
    assert set(looked.filter(is_ragged("text"))["row"]) <= set(may_hold(looked, UNEVEN | WIDE)["row"])


def test_an_ordinary_text_has_no_sign() -> None:
    texts = ["", "one word", "two\nlines of it, and\ta tab"]
    assert rows(texts)["char_classes"].to_list() == [0, 0, 0]


@pytest.mark.parametrize(
    ("text", "sign"),
    [("é", WIDE), ("a\x00b", CONTROL), (" a", UNEVEN), ("a\n", UNEVEN), ("a  b", UNEVEN), ("a\rb", UNEVEN)],
)
def test_each_sign_is_told(text: str, sign: int) -> None:
    assert rows([text])["char_classes"].to_list() == [sign]


@pytest.mark.parametrize("threads", [1, 3])
def test_batches_and_threads_change_nothing(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["é", "a  b", "plain", " a", "a\x00b", "", "plain too"]
    whole = rows(texts)
    monkeypatch.setattr(char_classes, "BATCH_ROWS", 2)
    monkeypatch.setattr(pl, "thread_pool_size", lambda: threads)
    assert rows(texts).equals(whole)
