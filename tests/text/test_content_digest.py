"""What makes two rows the same."""

import polars as pl
from tests.worlds import rows

from tunewright.text.content_digest import with_content_digest

PROMPTS = ["", "a", "Grüße 🙂", "x" * 127, "x" * 128, "x" * 129, "y" * 4000, None, "a"]
FRAME = rows(PROMPTS, ["one", "one", None, "two", "two", "two", "two", "two", "one"])


def test_only_rows_that_say_the_same_are_equal() -> None:
    digests = with_content_digest(FRAME)["content_digest"]
    assert digests[1] == digests[8]
    assert digests.n_unique() == len(PROMPTS) - 1
    assert set(digests.str.len_chars()) == {64}
    other = with_content_digest(FRAME.with_columns(source_id=pl.lit("elsewhere"), line=pl.col("row") + 7))
    assert other["content_digest"].equals(digests)
    for changed in (
        FRAME.with_columns(label=pl.lit("other")),
        FRAME.with_columns(messages=pl.col("messages").reverse()),
    ):
        assert (with_content_digest(changed)["content_digest"] != digests).sum() >= len(PROMPTS) - 1


def test_no_rows_have_no_digests() -> None:
    assert with_content_digest(FRAME.clear())["content_digest"].to_list() == []
