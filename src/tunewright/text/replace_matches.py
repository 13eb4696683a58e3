"""Matches of a pattern in many texts, replaced by what a function makes of the different ones.

Where a replacement has no columnar form (a library that mends one text, an HMAC, a table of names), it is computed
once for each different match; the texts are taken apart at the matches and put together again by Polars.
"""

from collections.abc import Callable

import polars as pl

#: Put around matches while a text is taken apart; a private-use sign that texts do not hold.
MARK = "\ue000"


def with_matches_replaced(texts: pl.Series, pattern: str, make: Callable[[pl.Series], list[str]]) -> pl.Series:
    """`texts` with every match of `pattern` replaced.

    Args:
        texts: shape ``(n,)``; a text that holds :data:`MARK` is left as it is.
        pattern: a Rust regular expression without capturing groups.
        make: what stands for each of the different matches, in their order.
    """
    frame = texts.rename("text").to_frame().with_row_index("at")
    hits = frame.filter(pl.col("text").str.contains(pattern) & ~pl.col("text").str.contains(MARK, literal=True))
    if hits.is_empty():
        return texts
    pieces = (
        hits.select("at", piece=pl.col("text").str.replace_all(f"({pattern})", f"{MARK}${{1}}{MARK}").str.split(MARK))
        .explode("piece")
        .with_columns(matched=pl.int_range(pl.len()).over("at") % 2 == 1)
    )
    matches = pieces.filter("matched")["piece"].unique().sort()
    known = pl.DataFrame({"piece": matches, "replacement": pl.Series(make(matches), dtype=pl.String)})
    joined = (
        pieces.join(
            known.with_columns(matched=pl.lit(value=True)), on=["piece", "matched"], how="left", maintain_order="left"
        )
        .group_by("at", maintain_order=True)
        .agg(text_new=pl.coalesce("replacement", "piece").str.join(""))
    )
    return (
        frame.join(joined, on="at", how="left", maintain_order="left")
        .select(pl.coalesce("text_new", "text"))
        .to_series()
    )
