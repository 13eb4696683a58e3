"""Short texts that come again and again under any label: what a form or an export puts where a text should be.

A dictionary knows the placeholders that its author thought of; others give themselves away by how they are filed. A
text that says something is nearly always filed under its class. One that says nothing is filed as its rows would have
been, so its labels are drawn like those of any rows. Which of the two a text's labels look like is a matter of
arithmetic: how likely they are as draws from all labels, against how likely as labels of one class of which
:data:`MISTAKEN` are wrong.
"""

import math

import polars as pl

from tunewright.text.normalize import normalized
from tunewright.text.placeholders import LONGEST

#: Share of wrong labels in sets that people use: 3.4 % on average (Northcutt, Athalye, Mueller 2021), rounded up.
MISTAKEN = 0.05
#: How many times likelier "of no class" must be than "of some class" (strong evidence, Jeffreys 1961).
TIMES = 10
#: A text of up to this share of the characters that texts of its column usually have is short there.
SHORT = 0.5
LEAST, LABELS = 3, 3


def filed_anywhere(rows: pl.DataFrame, words: int) -> pl.DataFrame:
    """Rows of short texts of up to `words` words whose labels are those of no class.

    Args:
        rows: `row`, `prompt`, `label`.
        words: words up to which a text is short, where half of what is usual in `prompt` is not less.

    Returns:
        `row` of each, in the order of `rows`.
    """
    length = pl.col("prompt").str.len_chars()
    usual = rows.select(length.median()).item() or 0.0
    short = (
        rows.filter(length <= min(SHORT * usual, LONGEST))
        .filter(pl.col("prompt").str.count_matches(r"\S+") <= words)
        .select("row", "label", text=normalized("prompt"))
        .filter(pl.col("text") != "")
    )
    again = short.filter(pl.len().over("text") >= LEAST)
    return again.join(_of_no_class(again, _shares(rows)), on="text", how="semi", maintain_order="left").select("row")


def _shares(rows: pl.DataFrame) -> pl.DataFrame:
    """`label` and `share` of the labelled rows."""
    counted = rows.drop_nulls("label").group_by("label").agg(share=pl.len().cast(pl.Float64))
    return counted.with_columns(share=pl.col("share") / pl.col("share").sum())


def _of_no_class(again: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """`text` of those whose labels are :data:`TIMES` likelier as draws from all labels than as those of any class.

    For class c of share p, with k of n labels: p**k (1 - p)**(n - k) against p (1 - m)**k m**(n - k), m being
    :data:`MISTAKEN`; how the other labels divide among themselves is the same on both sides.
    """
    if shares.height < 2:
        return again.select("text").clear()
    p, k, n = pl.col("share"), pl.col("k"), pl.col("n")
    odds = k * (p.log() - math.log1p(-MISTAKEN)) + (n - k) * ((-p).log1p() - math.log(MISTAKEN)) - p.log()
    return (
        again.drop_nulls("label")
        .group_by("text", "label")
        .agg(k=pl.len().cast(pl.Int64))
        .join(shares, on="label")
        .with_columns(n=pl.col("k").sum().over("text"), labels=pl.len().over("text"))
        .group_by("text")
        .agg(odds=odds.min(), n=n.first(), labels=pl.col("labels").first())
        .filter(
            (pl.col("odds") >= math.log(TIMES))
            & (pl.col("n") >= LEAST)
            & (pl.col("labels") >= min(LABELS, shares.height))
        )
        .select("text")
    )
