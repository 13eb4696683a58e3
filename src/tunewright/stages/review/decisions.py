"""From what several people said to one decision for each row."""

import polars as pl

from tunewright.core.score import Score
from tunewright.stats.annotator_agreement import consensus, krippendorff_alpha

#: One decision a row. `new_label` and `new_answer` are there only where most reviewers of the row gave the same one.
DECISION_COLUMNS = dict.fromkeys(
    ("example_id", "content_digest", "verdict", "new_label", "new_answer", "reviewer", "note"), pl.String
)


def decisions(answers: pl.DataFrame) -> pl.DataFrame:
    """What most reviewers of each row said, sorted by row; of a tie ``defective``.

    A row that reviewers disagree about is not fine to train on. A correction counts where most of those who call the
    row defective and correct it write the same; of a tie there is none, and the row goes.
    """
    rows = ["example_id", "content_digest"]
    keyed = answers.with_columns(unit=pl.concat_str(rows, separator=" "), rater="reviewer")
    # Of a tie the consensus takes the first by name, and that is "defective".
    verdicts = consensus(keyed.with_columns(value="verdict")).select("unit", verdict="value")
    decided = (
        keyed.sort("unit", "reviewer")
        .group_by("unit", *rows, maintain_order=True)
        .agg(pl.col("reviewer").str.join(", "), note=pl.col("note").drop_nulls().str.join("; "))
        .join(verdicts, on="unit", how="left", maintain_order="left")
        .join(_corrections(keyed, "right_label", "new_label"), on="unit", how="left", maintain_order="left")
        .join(_corrections(keyed, "right_answer", "new_answer"), on="unit", how="left", maintain_order="left")
    )
    corrected = pl.col("verdict") == "defective"
    return decided.with_columns(
        pl.when(corrected).then(name).otherwise(None).alias(name) for name in ("new_label", "new_answer")
    ).select(*DECISION_COLUMNS)


def _corrections(keyed: pl.DataFrame, column: str, name: str) -> pl.DataFrame:
    """`unit`, `name`: what most reviewers of a unit wrote in `column`; units with a tie or nothing are left out."""
    majority = consensus(keyed.with_columns(value=column))
    return majority.filter(~pl.col("tie")).select("unit", pl.col("value").alias(name))


def agreement(answers: pl.DataFrame) -> Score | None:
    """Krippendorff's alpha of the verdicts, None where no row was judged by two people."""
    rated = answers.select(
        unit=pl.concat_str("example_id", "content_digest", separator=" "), rater="reviewer", value="verdict"
    )
    if rated.group_by("unit").agg(raters=pl.col("rater").n_unique()).filter(pl.col("raters") > 1).is_empty():
        return None
    return krippendorff_alpha(rated)
