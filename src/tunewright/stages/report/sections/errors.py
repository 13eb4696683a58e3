"""The errors to look at first: wrong answers, the most confident at the top."""

import polars as pl

from tunewright.core.scorecard import Scorecard
from tunewright.stages.report import format as fmt
from tunewright.stages.report.material import Evaluated, worst_errors
from tunewright.stages.report.page import Column, Quote, Table
from tunewright.stages.report.redact import label, sample
from tunewright.stages.report.settings import ReportSettings

#: Answers are long, and each is read beside another.
ANSWERS, ANSWERS_SHOWN = 10, 5


def table(evaluated: Evaluated, settings: ReportSettings) -> Table | None:
    """Wrong answers with the user's own line numbers and the text, masked and cut."""
    if not evaluated.scorecard.predictions.height or evaluated.rows.is_empty() or not settings.errors:
        return None
    worst = worst_errors(evaluated.scorecard.predictions, settings.errors)
    if worst.is_empty():
        return None
    joined = worst.join(evaluated.rows.select("row", "line", "prompt"), on="row", how="left", maintain_order="left")
    if evaluated.scorecard.task != "classify":
        return _answers(joined, settings.characters)
    rows = tuple(
        (
            "–" if row["line"] is None else str(row["line"]),
            Quote(sample(row["prompt"], settings.characters)),
            Quote(label(row["truth"])),
            Quote(label(row["predicted"])),
            fmt.share(row["confidence"], 1) if row.get("confidence") is not None else "–",
        )
        for row in joined.rows(named=True)
    )
    return Table(
        "Worst errors: wrong answers, the most confident first",
        (
            Column("Line", numeric=True),
            Column("Text, personal data masked", wide=True),
            Column("True class"),
            Column("Answered"),
            Column("Confidence", numeric=True),
        ),
        rows,
    )


def _answers(joined: pl.DataFrame, characters: int) -> Table:
    """The first written answers beside the desk's own."""
    rows = tuple(
        (
            "–" if row["line"] is None else str(row["line"]),
            Quote(sample(row["prompt"], characters)),
            Quote(sample(row["truth"], characters)),
            Quote(sample(row["predicted"], characters)),
        )
        for row in joined.head(ANSWERS).rows(named=True)
    )
    return Table(
        "Answers that differ from the desk's own, the first of the test rows",
        (
            Column("Line", numeric=True),
            Column("Text, personal data masked", wide=True),
            Column("The desk's own", wide=True),
            Column("Written", wide=True),
        ),
        rows,
        shown=ANSWERS_SHOWN,
    )


def count_wrong(card: Scorecard) -> int:
    """Rows answered wrong."""
    return card.predictions.filter(pl.col("truth").ne_missing(pl.col("predicted"))).height
