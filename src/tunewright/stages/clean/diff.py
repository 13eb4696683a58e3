"""What differs between two versions of the data, example by example."""

import polars as pl

COMPARED = ("prompt", "answer", "label", "messages", "entities", "weight", "origin", "split")
SHAPE = {
    "line": pl.Int64,
    "example_id": pl.String,
    "change": pl.String,
    "column": pl.String,
    "before": pl.String,
    "after": pl.String,
}


def diff(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """One line a difference: `line`, `example_id`, `change` (added, removed, changed), `column`, `before`, `after`.

    A conversation counts as changed on its own only where a turn changed that is neither prompt nor answer.
    """
    removed = before.join(after, on="example_id", how="anti").select("line", "example_id", change=pl.lit("removed"))
    added = after.join(before, on="example_id", how="anti").select("line", "example_id", change=pl.lit("added"))
    both = before.join(after, on="example_id", how="inner", suffix="_after")
    sides = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_after")) for name in ("prompt", "answer"))
    changed = []
    for name in COMPARED:
        differs = pl.col(name).ne_missing(pl.col(f"{name}_after"))
        if name == "messages":
            differs = differs & (~sides | _others(name).ne_missing(_others(f"{name}_after")))
        changed.append(
            both.filter(differs).select(
                "line",
                "example_id",
                change=pl.lit("changed"),
                column=pl.lit(name),
                before=_written(both, name),
                after=_written(both, f"{name}_after"),
            )
        )
    shape = pl.DataFrame(schema=SHAPE)
    return pl.concat([shape, removed, added, *changed], how="diagonal").sort("line", "example_id", "column")


def _written(frame: pl.DataFrame, column: str) -> pl.Expr:
    if isinstance(frame.schema[column], pl.List):
        return pl.struct(pl.col(column).alias("value")).struct.json_encode().str.slice(9).str.strip_suffix("}")
    return pl.col(column).cast(pl.String)


def _others(column: str) -> pl.Expr:
    """The turns but the last two, which hold the prompt and the answer of an ordinary conversation."""
    spoken = pl.col(column)
    return spoken.list.head(pl.max_horizontal(spoken.list.len().cast(pl.Int64) - 2, 0))
