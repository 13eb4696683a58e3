"""Two texts have one key exactly when they are one text after normalization."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tunewright.text.normalize import normalized, normalized_keys, normalized_texts

SIGNS = st.sampled_from([*"aAbB1 9.,!?-_\t\n\u00a0éÉß\u212a\u0301\u200b😀ﬁЖж中", "e\u0301", "  ", "\x1c", "\x00"])
TEXTS = st.lists(st.lists(SIGNS, max_size=6).map("".join), min_size=1, max_size=40)


@given(TEXTS)
def test_equal_normalized_texts_have_equal_keys_and_others_have_not(texts: list[str]) -> None:
    frame = pl.DataFrame({"row": range(len(texts)), "text": texts}, schema={"row": pl.Int64, "text": pl.String})
    told = frame.select("row", said=normalized("text")).filter(pl.col("said") != "")
    keys = normalized_keys(frame, "text")
    assert keys["row"].to_list() == told["row"].to_list()
    pairs = told.join(keys, on="row")
    assert pairs["said"].n_unique() == pairs["key"].n_unique() == pairs.select("said", "key").n_unique()


@given(TEXTS)
def test_the_compiled_way_writes_the_same_text(texts: list[str]) -> None:
    frame = pl.DataFrame({"text": [*texts, None]}, schema={"text": pl.String})
    told = frame.select(normalized("text")).to_series().to_list()
    assert normalized_texts(frame["text"]).to_list() == told
    assert normalized_texts(frame["text"].slice(1)).to_list() == told[1:]


def test_the_key_of_a_text_is_the_same_in_any_batch_and_release() -> None:
    texts = ["Where is my card?", "where is MY card", "Wo ist méine Karte", "?!", "!?", "", None, "  \t "]
    frame = pl.DataFrame({"row": range(8), "text": texts}, schema={"row": pl.Int64, "text": pl.String})
    keys = dict(normalized_keys(frame, "text").rows())
    assert list(keys) == [0, 1, 2, 3, 4]
    assert keys[0] == keys[1] == 9_365_649_796_941_137_017
    assert len(set(keys.values())) == 4
    assert dict(normalized_keys(frame.slice(2), "text").rows())[2] == keys[2]
