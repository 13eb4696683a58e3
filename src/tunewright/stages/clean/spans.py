"""The parts of texts that a finding points at, and their replacement."""

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.errors import UserError
from tunewright.core.finding import Finding
from tunewright.stages.clean.texts import found_texts

#: Names of kinds in brackets. "[DATE_OF…" would look like a slot that nobody filled.
LABELS = {"date_of_birth": "BIRTH_DATE"}


def label_of(kind: str) -> str:
    """What stands in brackets for one type of personal data."""
    return LABELS.get(kind, kind.upper())


def spans(corpus: Corpus, finding: Finding) -> pl.DataFrame:
    """`row`, `column`, `start`, `end`, `type`, `part`: each part as it is written.

    Raises:
        UserError: E-CLEAN-003 when the finding does not point at parts of texts.
    """
    missing = {"column", "start", "end", "type"} - set(finding.frame.columns)
    if missing:
        raise UserError(
            "E-CLEAN-003",
            f"The findings of {finding.name} do not say which characters they mean (no {', '.join(sorted(missing))}).",
            why="Parts of a text are replaced by this fix, and the rest must stay.",
            fix=f"Choose another fix for it: clean.use: {{{finding.name}: drop}}, or leave it: clean.leave.",
        )
    pointed = finding.frame.select("row", "column", "start", "end", "type").filter(pl.col("start") < pl.col("end"))
    held = pointed.join(found_texts(corpus, finding), on=["row", "column"], how="inner", maintain_order="left")
    part = pl.col("text").str.slice(pl.col("start"), pl.col("end") - pl.col("start"))
    return held.select("row", "column", "start", "end", "type", part=part)


def replaced(spans_with_values: pl.DataFrame) -> pl.DataFrame:
    """Changes that put `value` in the place of each span; the reason names the kind, never the words."""
    return spans_with_values.select(
        "row",
        "column",
        "value",
        "start",
        "end",
        action=pl.lit("replace"),
        reason=pl.format("{} replaced", pl.col("type").str.to_lowercase().str.replace_all("_", " ")),
    )
