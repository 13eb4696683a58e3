"""Groups of rows that are equal after normalization, by prompt, by answer or by both; and rows of two tables.

Texts are grouped by a 64-bit hash first; where hashes meet, the normalized texts themselves decide.
"""

from typing import Literal

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.text.normalize import normalized_keys, normalized_texts

Side = Literal["prompt", "answer", "both"]
VERSION = 3


def exact_groups(corpus: Corpus, side: Side) -> pl.DataFrame:
    """Every row that has an exact-normalized copy: `row` and `representative`, the first row of its group.

    Rows whose text is empty are in no group. ``both`` compares the prompt together with the answer and the label.
    """
    make = _equal_in_all if side == "both" else _equal_texts
    return corpus.frame_evidence("exact_groups", [VERSION, side], lambda: make(corpus, side))


def _equal_texts(corpus: Corpus, column: str) -> pl.DataFrame:
    keys = corpus.frame_evidence(
        "text_keys", [VERSION, column], lambda: normalized_keys(corpus.scan("row", column).collect(), column)
    )
    met = keys.filter(pl.col("key").is_duplicated())
    texts = corpus.scan("row", column).join(met.lazy(), on="row", how="semi").collect()
    return _grouped(_normalized(texts, column), ["text"])


def _equal_in_all(corpus: Corpus, _: str) -> pl.DataFrame:
    """Groups of equal prompts, told apart by answer and label; null is a value, as two rows may both have none."""
    groups = exact_groups(corpus, "prompt")
    rest = corpus.scan("row", "answer", "label").join(groups.lazy(), on="row", how="inner").collect()
    plain = rest.select(
        "row", "representative", answer=normalized_texts(rest["answer"]), label=normalized_texts(rest["label"])
    )
    return _grouped(plain, ["representative", "answer", "label"])


def _grouped(rows: pl.DataFrame, same: list[str]) -> pl.DataFrame:
    """Rows that are equal in the columns `same` to another, with the first of each group."""
    repeated = rows.filter(pl.struct(same).is_duplicated())
    return repeated.select("row", representative=pl.col("row").min().over(same)).sort("row")


def exact_between(rows: pl.DataFrame, others: pl.DataFrame, column: str) -> pl.DataFrame:
    """Rows whose `column` is, normalized, that of a row of another table: `row`, and `other`, the first of those.

    Both tables hold `row` and `column`; an empty text is equal to none.
    """
    keys, other_keys = normalized_keys(rows, column), normalized_keys(others, column)
    mine = _normalized(rows.join(keys.join(other_keys, on="key", how="semi"), on="row", how="semi"), column)
    theirs = _normalized(others.join(other_keys.join(keys, on="key", how="semi"), on="row", how="semi"), column)
    first = theirs.group_by("text").agg(other=pl.col("row").min())
    return mine.join(first, on="text").select("row", "other").sort("row")


def _normalized(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """`row`, and `text`, its `column` normalized."""
    return frame.select("row", text=normalized_texts(frame[column]))
