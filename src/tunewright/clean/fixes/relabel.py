"""Give rows the label that a person decided on.

The decision is in the finding that a review makes (`new_label`, and `reviewer` where it is known), or written down by
example in the options. Nothing is relabelled by guess.
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
    """The new label of each row that has a decision; an answer that was the label follows it."""
    evidence = finding.frame
    decided = pl.col("new_label") if "new_label" in evidence.columns else pl.lit(None, pl.String)
    by = pl.col("reviewer") if "reviewer" in evidence.columns else pl.lit(None, pl.String)
    written = pl.DataFrame(
        {"example_id": list(options.decisions), "written": list(options.decisions.values())},
        schema={"example_id": pl.String, "written": pl.String},
    )
    rows = (
        evidence.select("row", decided=decided, by=by)
        .unique("row", keep="first", maintain_order=True)
        .join(corpus.scan("row", "example_id", "label", "answer").collect(), on="row", how="inner")
        .join(written, on="example_id", how="left", maintain_order="left")
        .with_columns(value=pl.coalesce("written", "decided"))
        .drop_nulls("value")
        .filter(pl.col("value").ne_missing(pl.col("label")))
        .with_columns(
            reason=pl.format(
                "{} became {}, decided by {}",
                pl.col("label").fill_null("no label"),
                "value",
                pl.col("by").fill_null("a reviewer"),
            )
        )
    )
    return pl.concat(
        [
            frame.select("row", "value", "reason", action=pl.lit("replace"), column=pl.lit(column))
            for column, frame in (("label", rows), ("answer", rows.filter(pl.col("answer") == pl.col("label"))))
        ]
    ).sort("row", "column")
