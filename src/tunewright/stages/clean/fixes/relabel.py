"""Give rows the label or the answer that a person decided on.

The decision is in the finding that a review makes (`new_label` or `new_answer`, with `reviewer` and `seen` where they
are known), or written down by example in the options. Nothing is relabelled by guess.
"""

from collections.abc import Mapping

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen

STAGE = 3
SAFE = False


class Options(Frozen):
    """Decisions that are not in the finding."""

    decisions: Mapping[str, str] = Field({}, description="Example id to the label that a person gave it.")


def fix(corpus: Corpus, finding: Finding, options: Options) -> pl.DataFrame:
    """The new label or answer of each row that has a decision; an answer that was the label follows it."""
    evidence = finding.frame.unique("row", keep="first", maintain_order=True)
    absent = [name for name in ("new_label", "new_answer", "reviewer", "seen") if name not in evidence.columns]
    decided = evidence.with_columns(pl.lit(None, pl.String).alias(name) for name in absent).with_columns(
        by=pl.coalesce("seen", pl.format("decided by {}", pl.col("reviewer").fill_null("a reviewer")))
    )
    answers = decided.drop_nulls("new_answer").select(
        "row", value="new_answer", reason=pl.format("another answer, {}", "by"), column=pl.lit("answer")
    )
    changes = pl.concat([_labels(corpus, decided, options), answers])
    return changes.with_columns(action=pl.lit("replace")).sort("row", "column")


def _labels(corpus: Corpus, decided: pl.DataFrame, options: Options) -> pl.DataFrame:
    """`row`, `value`, `reason`, `column` of the labels that change; what is written in the options goes first."""
    written = pl.DataFrame(
        {"example_id": list(options.decisions), "written": list(options.decisions.values())},
        schema={"example_id": pl.String, "written": pl.String},
    )
    rows = (
        decided.select("row", "new_label", "by")
        .join(corpus.scan("row", "example_id", "label", "answer").collect(), on="row", how="inner")
        .join(written, on="example_id", how="left", maintain_order="left")
        .with_columns(value=pl.coalesce("written", "new_label"))
        .drop_nulls("value")
        .filter(pl.col("value").ne_missing(pl.col("label")))
        .with_columns(reason=pl.format("{} became {}, {}", pl.col("label").fill_null("no label"), "value", "by"))
    )
    follow = rows.filter(pl.col("answer") == pl.col("label"))
    return pl.concat(
        frame.select("row", "value", "reason", column=pl.lit(column))
        for column, frame in (("label", rows), ("answer", follow))
    )
