"""Training rows that the validation or test rows already hold: a score over them is no score.

Kinds: ``exact`` is the same normalized prompt on both sides and blocks; ``near`` is a near-duplicate of one, and warns.
Checked where the file brings its own split; the split that Tunewright makes keeps copies on one side. Published sets
have it too: 25 of 3,080 test questions of banking77 stand in its training file, and 19 of 4,500 of clinc150.
"""

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding, NotChecked
from tunewright.core.frozen import Frozen
from tunewright.evidence.exact import exact_groups
from tunewright.evidence.near_duplicates import near_duplicates


class Options(Frozen):
    """How alike two texts must be to give each other away."""

    near: bool = Field(True, description="Also compare near-duplicate clusters, as a warning.")


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Training rows with a copy on another side, each with the row it gives away."""
    rows = corpus.scan("row", "line", "split").collect()
    if rows["split"].drop_nulls().n_unique() < 2:
        raise NotChecked("the rows are not divided yet; the split keeps copies on one side")
    exact = _given_away(exact_groups(corpus, "prompt"), rows)
    found = [_finding(exact, "exact", "the same text is in {side}, line {other_line}")]
    if options.near:
        near = _given_away(near_duplicates(corpus).select("row", "representative"), rows)
        near = near.join(exact, on="row", how="anti")
        found.append(_finding(near, "near", "nearly the same text is in {side}, line {other_line}"))
    return tuple(finding for finding in found if finding.rows)


def _given_away(groups: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Training rows of groups that reach another side, each with the first row of its group over there."""
    placed = groups.join(rows, on="row").drop_nulls("split")
    away = (
        placed.filter(pl.col("split") != "train")
        .sort("row")
        .group_by("representative", maintain_order=True)
        .first()
        .select("representative", other="row", other_line="line", side="split")
    )
    return (
        placed.filter(pl.col("split") == "train")
        .join(away, on="representative")
        .select("row", "other", "other_line", "side")
        .sort("row")
    )


def _finding(rows: pl.DataFrame, kind: str, message: str) -> Finding:
    return Finding.of(
        rows, check="leakage", kind=kind, severity="blocking" if kind == "exact" else "warning", message=message
    )
