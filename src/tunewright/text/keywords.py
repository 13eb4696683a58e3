"""What some texts are about, in the words that tell them from other texts: "whisked, oven, dough".

Telling words are those that far more of the texts hold than of the others, and than general English would have it.
Words that keep the same company are one topic: average linkage over the cosine of their co-occurrence counts. Counts
are whole numbers and words stand in alphabetical order, so neither the order of the rows nor the machine changes a
topic.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.text.english import UNKNOWN, uses_per_million
from tunewright.text.normalize import normalized

#: Texts that words are looked for in, and those that are read at a time.
SAMPLE, BATCH = 20_000, 100_000
WORDS = 200
#: How many times more common than elsewhere a telling word is, and the texts that must hold it.
TELLING, MIN_TEXTS = 8.0, 3
#: Distance beyond which two groups of words are two topics: 1 is no common company at all.
APART = 0.8
NAMED = 3


def topics(texts: pl.DataFrame, others: pl.Series) -> pl.DataFrame:
    """What each of `texts` (`row`, `text`) is about that `others` are not.

    Returns:
        `row` and `topic`, the most telling words of its topic; rows without a telling word are left out.
    """
    distinct = texts["text"].drop_nulls().unique().sort()
    step = max(1, -(-len(distinct) // SAMPLE))
    held = _held(distinct.gather_every(step).to_frame("text").with_row_index("row"))
    telling = _telling(held, _held(others.unique().sort().to_frame("text").with_row_index("row")))
    if telling.is_empty():
        return pl.DataFrame(schema={"row": pl.Int64, "topic": pl.String})
    telling = telling.with_columns(group=pl.Series(_groups(held, telling)))
    names = (
        telling.sort(["weight", "word"], descending=[True, False])
        .group_by("group", maintain_order=True)
        .agg(topic=pl.col("word").head(NAMED).str.join(", "))
    )
    parts = [_assigned(texts[start : start + BATCH], telling) for start in range(0, texts.height, BATCH)]
    return pl.concat(parts).join(names, on="group").select("row", "topic").sort("row")


def _held(texts: pl.DataFrame) -> pl.DataFrame:
    """`row` and each different `word` of its text that is not a number."""
    return (
        texts.select("row", word=normalized("text").str.split(" "))
        .explode("word")
        .filter(pl.col("word").str.len_chars() > 2, ~pl.col("word").str.contains("[0-9]"))
        .unique()
    )


def _telling(held: pl.DataFrame, elsewhere: pl.DataFrame) -> pl.DataFrame:
    """The most telling words in alphabetical order: `word` and `weight`, a whole number."""
    size, others = held["row"].n_unique(), max(elsewhere["row"].n_unique(), 1)
    known = uses_per_million()
    words = held.group_by("word").agg(texts=pl.len()).filter(pl.col("texts") >= MIN_TEXTS)
    words = words.join(elsewhere.group_by("word").agg(there=pl.len()), on="word", how="left").sort("word")
    per_text = held.height / max(size, 1)
    usual = pl.Series([known.get(word, UNKNOWN) * per_text / 1e6 for word in words["word"]], dtype=pl.Float64)
    words = words.with_columns(usual=usual, there=(pl.col("there").fill_null(0) + 0.5) / (others + 1))
    ratio = (pl.col("texts") / size) / pl.max_horizontal("usual", "there")
    return (
        words.with_columns(ratio=ratio)
        .filter(pl.col("ratio") >= TELLING)
        .select("word", weight=(pl.col("texts") * pl.col("ratio").log(2) * 1000).round().cast(pl.Int64))
        .sort(["weight", "word"], descending=[True, False])
        .head(WORDS)
        .sort("word")
    )


def _groups(held: pl.DataFrame, telling: pl.DataFrame) -> npt.NDArray[Any]:
    """The number of the topic of each telling word."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.sparse import csr_matrix
    from scipy.spatial.distance import squareform

    if telling.height < 2:
        return np.zeros(telling.height, dtype=np.int64)
    place = telling.select("word").with_row_index("place")
    hits = held.join(place, on="word").select("row", "place")
    row, column = hits["row"].to_numpy(), hits["place"].to_numpy()
    holds = csr_matrix((np.ones(row.size, np.int64), (row, column)), shape=(int(row.max()) + 1, telling.height))
    together = (holds.T @ holds).toarray().astype(np.float64)
    company = together / np.sqrt(np.outer(together.diagonal(), together.diagonal()))
    unit = company / np.linalg.norm(company, axis=1, keepdims=True)
    apart = np.round(np.clip(1 - unit @ unit.T, 0, 1), 6)
    np.fill_diagonal(apart, 0)
    numbers: npt.NDArray[Any] = fcluster(
        linkage(squareform(apart, checks=False), "average"), APART, criterion="distance"
    ).astype(np.int64)
    return numbers


def _assigned(texts: pl.DataFrame, telling: pl.DataFrame) -> pl.DataFrame:
    """`row` and the `group` whose telling words weigh most in it."""
    return (
        _held(texts)
        .join(telling, on="word")
        .group_by("row", "group")
        .agg(pl.col("weight").sum())
        .sort(["row", "weight", "group"], descending=[False, True, False])
        .unique("row", keep="first", maintain_order=True)
        .select("row", "group")
    )
