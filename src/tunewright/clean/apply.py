"""Changes applied to rows, and the digests of each row before and after."""

from collections.abc import Sequence

import polars as pl

from tunewright.core.edit import Edit
from tunewright.evidence.content import with_content_digest

TEXT_COLUMNS = ("prompt", "answer", "label", "messages")


def apply_changes(before: pl.DataFrame, changes: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """`before` with every change made; rows are numbered anew, examples keep their ids."""
    if not changes:
        return before
    every = pl.concat([frame.select("row", "action", "column", "value", "weight") for frame in changes])
    dropped = every.filter(pl.col("action") == "drop")["row"]
    after = before.filter(~pl.col("row").is_in(dropped.implode()))
    for column in TEXT_COLUMNS[:3]:
        after = _replace(after, every, column)
    weights = every.filter(pl.col("action") == "reweight").group_by("row").agg(new=pl.col("weight").product())
    after = (
        after.join(weights, on="row", how="left", maintain_order="left")
        .with_columns(weight=pl.col("weight") * pl.col("new").fill_null(1.0))
        .drop("new")
    )
    after = with_content_digest(after.with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64)))
    return after.select(before.columns)


def _replace(frame: pl.DataFrame, changes: pl.DataFrame, column: str) -> pl.DataFrame:
    """New values of one column; the turn of the conversation that held the old value follows."""
    new = changes.filter((pl.col("action") == "replace") & (pl.col("column") == column))
    if new.is_empty():
        return frame
    last = new.unique("row", keep="last", maintain_order=True).select("row", new="value")
    joined = frame.join(last, on="row", how="left", maintain_order="left")
    changed = pl.col("new").is_not_null()
    if column != "label":
        turns = (
            joined.filter(changed)
            .select("row", "messages", old=column, new="new")
            .explode("messages")
            .unnest("messages")
        )
        turns = turns.with_columns(content=pl.when(pl.col("content") == pl.col("old")).then("new").otherwise("content"))
        rebuilt = turns.group_by("row", maintain_order=True).agg(rebuilt=pl.struct("role", "content", "weight"))
        joined = joined.join(rebuilt, on="row", how="left", maintain_order="left").with_columns(
            messages=pl.coalesce("rebuilt", "messages")
        )
    return joined.with_columns(pl.when(changed).then("new").otherwise(column).alias(column)).select(frame.columns)


def with_digests(edit: Edit, before: pl.DataFrame, after: pl.DataFrame) -> Edit:
    """`edit` with the example, the user's line and both content digests of each row; dropped rows have no after."""
    old = before.select("row", "example_id", "line", before_digest="content_digest")
    new = after.select("example_id", after_digest="content_digest")
    frame = edit.frame.join(old, on="row", how="left", maintain_order="left").join(
        new, on="example_id", how="left", maintain_order="left"
    )
    return Edit.of(frame, fix=edit.fix, finding=edit.finding, who=edit.who)
