"""What differs between two versions of the data, example by example."""

import polars as pl

COMPARED = ("prompt", "answer", "label", "weight", "split")


def diff(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """One line a difference: `line`, `example_id`, `change` (added, removed, changed), `column`, `before`, `after`."""
    removed = before.join(after, on="example_id", how="anti").select("line", "example_id", change=pl.lit("removed"))
    added = after.join(before, on="example_id", how="anti").select("line", "example_id", change=pl.lit("added"))
    both = before.join(after, on="example_id", how="inner", suffix="_after")
    changed = [
        both.filter(pl.col(name).ne_missing(pl.col(f"{name}_after"))).select(
            "line",
            "example_id",
            change=pl.lit("changed"),
            column=pl.lit(name),
            before=pl.col(name).cast(pl.String),
            after=pl.col(f"{name}_after").cast(pl.String),
        )
        for name in COMPARED
    ]
    return pl.concat([removed, added, *changed], how="diagonal").sort("line", "example_id", "column")
