"""Changes made to rows: parts of texts, whole texts, labels and weights, with the conversation kept in step."""

import polars as pl

from tunewright.core.edit import Edit
from tunewright.stages.clean.entities import realigned
from tunewright.text.content_digest import with_content_digest
from tunewright.text.fields import TURN, turns

SIDES = ("prompt", "answer")


def apply_changes(rows: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the changes of one fix, or of several that touch parts of texts; row numbers stay."""
    dropped = changes.filter(pl.col("action") == "drop")["row"]
    after = rows.filter(~pl.col("row").is_in(dropped.implode())) if len(dropped) else rows
    replaced = changes.filter(pl.col("action") == "replace").select("row", "column", "value", "start", "end")
    if replaced.height:
        after = _with_values(after, _whole_texts(after, replaced))
    weights = changes.filter(pl.col("action") == "reweight").group_by("row").agg(factor=pl.col("weight").product())
    if weights.height:
        factor = pl.col("factor").fill_null(1.0)
        after = after.join(weights, on="row", how="left", maintain_order="left").with_columns(pl.col("weight") * factor)
    return after.select(rows.columns)


def effective(rows: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """The changes that say something new of rows that are still there, so that mending twice is mending once."""
    alive = changes.join(rows.select("row"), on="row", how="semi", maintain_order="left")
    parts = alive.filter((pl.col("action") == "replace") & (pl.col("column") != "label"))
    held = pl.concat([text_of(rows, parts), rows.select("row", column=pl.lit("label"), text="label")])
    known = alive.join(held, on=["row", "column"], how="left", maintain_order="left")
    old = (
        pl.when(pl.col("start").is_null())
        .then("text")
        .otherwise(pl.col("text").str.slice(pl.col("start"), pl.col("end") - pl.col("start")))
    )
    replaces, reweights = pl.col("action") == "replace", pl.col("action") == "reweight"
    same = (replaces & (pl.col("value").eq_missing(old))) | (reweights & (pl.col("weight") == 1.0))
    nowhere = replaces & pl.col("text").is_null() & (pl.col("column") != "label")
    return known.filter(~same & ~nowhere).select(changes.columns)


def finished(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` numbered anew, with the digests of what they say now; examples keep their ids."""
    return with_content_digest(rows.with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64))).select(rows.columns)


def with_digests(edit: Edit, before: pl.DataFrame, after: pl.DataFrame) -> Edit:
    """`edit` with the example, the user's line and both content digests of each row; dropped rows have no after."""
    old = before.select("row", "example_id", "line", before_digest="content_digest")
    new = after.select("example_id", after_digest="content_digest")
    frame = edit.frame.join(old, on="row", how="left", maintain_order="left").join(
        new, on="example_id", how="left", maintain_order="left"
    )
    return Edit.of(frame, fix=edit.fix, finding=edit.finding, who=edit.who)


def text_of(rows: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """`row`, `column`, `text` of the named places (`row`, `column`), each once."""
    wanted = places.select("row", "column").unique()
    named = rows.join(wanted.select("row").unique(), on="row", how="semi")
    sides = [named.select("row", column=pl.lit(name), text=name) for name in SIDES]
    inner = wanted.filter(pl.col("column").str.contains(TURN))
    if inner.height:
        spoken = turns(named.join(inner.select("row").unique(), on="row", how="semi"))
        sides.append(spoken.select("row", "column", text="content"))
    return pl.concat(sides).join(wanted, on=["row", "column"], how="semi", maintain_order="left")


def _whole_texts(rows: pl.DataFrame, replaced: pl.DataFrame) -> pl.DataFrame:
    """`row`, `column`, `value` of whole texts: parts put into the text they are part of."""
    whole = replaced.filter(pl.col("start").is_null()).unique(["row", "column"], keep="last", maintain_order=True)
    parts = replaced.filter(pl.col("start").is_not_null())
    if parts.is_empty():
        return whole.select("row", "column", "value")
    return pl.concat([whole.select("row", "column", "value"), _with_parts(text_of(rows, parts), _apart(parts))])


def _apart(parts: pl.DataFrame) -> pl.DataFrame:
    """Parts that do not overlap: overlapping ones become one, with the value of the longest.

    A part is never left out for another's sake: what both cover is gone, so nothing of a masked name stays behind.
    """
    place = ["row", "column"]
    ordered = parts.sort("row", "column", "start", "end", "value")
    before = pl.col("end").cum_max().shift(1).over(place)
    group = (pl.col("start") >= before).fill_null(value=True).cum_sum().over(place)
    length = pl.col("end") - pl.col("start")
    return (
        ordered.with_columns(group=group)
        .group_by(*place, "group", maintain_order=True)
        .agg(pl.col("start").min(), pl.col("end").max(), pl.col("value").sort_by(length, descending=True).first())
        .sort("row", "column", "start")
    )


def _with_parts(held: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """`held` (`row`, `column`, `text`) with every part replaced: what lies between the parts, and their values."""
    place = ["row", "column"]
    joined = parts.join(held, on=place, how="left", maintain_order="left").with_columns(
        behind=pl.col("end").shift(1).over(place).fill_null(0)
    )
    between = pl.col("text").str.slice(pl.col("behind"), pl.col("start") - pl.col("behind"))
    tail = pl.col("text").str.slice(pl.col("end").max())
    return (
        joined.with_columns(piece=between + pl.col("value"))
        .group_by(place, maintain_order=True)
        .agg(pl.col("piece").str.join(""), tail=tail.first())
        .select(*place, value=pl.col("piece") + pl.col("tail"))
    )


def _with_values(rows: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """`rows` with new texts and labels; turns and entities follow."""
    after = rows
    spoken = values.filter(pl.col("column") != "label")
    if spoken.height:
        after = _with_turns(after, spoken)
    for name in (*SIDES, "label"):
        new = values.filter(pl.col("column") == name).select("row", new="value")
        if new.height:
            if name == "prompt":
                after = realigned(after, new)
            joined = after.join(new, on="row", how="left", maintain_order="left")
            after = joined.with_columns(pl.coalesce("new", name).alias(name)).drop("new")
    return after


def _with_turns(rows: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """`rows` whose conversations say the new texts."""
    spoken = turns(rows.join(values.select("row").unique(), on="row", how="semi"))
    spoken = spoken.join(values, on=["row", "column"], how="left", maintain_order="left")
    rebuilt = (
        spoken.sort("row", "at")
        .group_by("row", maintain_order=True)
        .agg(rebuilt=pl.struct("role", pl.coalesce("value", "content").alias("content"), "weight"))
    )
    return (
        rows.join(rebuilt, on="row", how="left", maintain_order="left")
        .with_columns(messages=pl.coalesce("rebuilt", "messages"))
        .drop("rebuilt")
    )
