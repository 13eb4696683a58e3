"""Matches of a regular expression in many texts, with their places in characters and what stands around them.

Polars extracts matches but not where they are. So a text is split at its matches, by way of a character that no text
holds, and the lengths of the pieces say the rest: no Python code runs per row.
"""

import polars as pl

#: Stands before and after a match while a text is split; no text may hold it (`spans_of` blanks it).
MARK = "\0"
#: Characters of context kept on each side.
AROUND = 48
_FOUND = {"item": pl.Int64, "start": pl.Int64, "end": pl.Int64, "before": pl.String, "after": pl.String,
          "match": pl.String}  # fmt: skip


def cut(
    frame: pl.DataFrame, pattern: str, *, column: str = "text", value: str = "${0}", lead: str = "", trail: str = ""
) -> pl.DataFrame:
    """Every match of `pattern` in `column`.

    Args:
        frame: `column` and an `item` by which the matches are known; only texts that may well hold one, since each is
            taken apart.
        pattern: a Rust regular expression.
        column: where to look.
        value: the part of a match that is the span, such as ``${2}``.
        lead: the part of a match that stands before the span, such as ``${1}``; pattern = lead + value + trail.
        trail: the part behind it.

    Returns:
        `item`, `start`, `end` (characters in `column`), `match`, `before`, `after` (`AROUND` characters each).
    """
    if frame.is_empty():  # compiling a long pattern takes longer than many rows
        return pl.DataFrame(schema=_FOUND)
    texts = frame.lazy().select("item", pl.col(column).alias("text"))
    if value == "${0}":
        return _whole(texts, pattern)
    hits = texts.filter(pl.col("text").str.contains(pattern))
    return _parts(hits, pattern, f"{lead}{MARK}{value}{MARK}{trail}")


def _whole(texts: pl.LazyFrame, pattern: str) -> pl.DataFrame:
    """Spans that are whole matches: without groups, gaps and matches come separately, which is faster."""
    text = pl.col("text")
    gaps = text.str.replace_all(pattern, MARK).str.split(MARK)
    matches = pl.concat_list(text.str.extract_all(pattern), pl.lit([""], pl.List(pl.String)))
    split = texts.select("item", gap=gaps, match=matches).collect()
    pieces = split.explode("gap", "match").with_columns(
        gap_length=pl.col("gap").str.len_chars().cast(pl.Int64), length=pl.col("match").str.len_chars().cast(pl.Int64)
    )
    total = (pl.col("gap_length") + pl.col("length")).cum_sum()
    first = pl.col("item").ne_missing(pl.col("item").shift(1))
    base = pl.when(first).then(total - pl.col("gap_length") - pl.col("length")).forward_fill()
    return (
        pieces.with_columns(
            end=total - base, before=pl.col("gap").str.tail(AROUND), after=pl.col("gap").shift(-1).str.head(AROUND)
        )
        .filter(pl.col("length") > 0)
        .select("item", (pl.col("end") - pl.col("length")).alias("start"), "end", "before", "after", "match")
    )


def _parts(hits: pl.LazyFrame, pattern: str, marked: str) -> pl.DataFrame:
    """Spans that are a group of the match."""
    pieces = (
        hits.with_columns(piece=pl.col("text").str.replace_all(pattern, marked).str.split(MARK))
        .select("item", "piece")
        .explode("piece")
        .with_columns(length=pl.col("piece").str.len_chars().cast(pl.Int64))
        .with_columns(at=pl.int_range(pl.len()), end=pl.col("length").cum_sum().cast(pl.Int64))
        .collect()
    )
    # Texts have an odd number of pieces, matches at odd places: found by counting from the first piece of each text.
    first = pl.col("item").ne_missing(pl.col("item").shift(1))
    opening = pl.when(first).then(pl.col("at")).forward_fill()
    base = pl.when(first).then(pl.col("end") - pl.col("length")).forward_fill()
    return (
        pieces.with_columns(
            place=pl.col("at") - opening,
            end=pl.col("end") - base,
            before=pl.col("piece").shift(1).str.tail(AROUND),
            after=pl.col("piece").shift(-1).str.head(AROUND),
        )
        .filter((pl.col("place") % 2 == 1) & (pl.col("length") > 0))
        .select("item", (pl.col("end") - pl.col("length")).alias("start"), "end", "before", "after", match="piece")
    )
