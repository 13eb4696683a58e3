"""What several people said of each text of a table: a column for each of them, or a line for each of them.

Both become what a Label Studio import keeps (:mod:`tunewright.stages.intake.annotated`): under ``annotators`` in
`meta`, what each one chose or wrote. The label is the user's own where a column holds it, otherwise what most of
them say.
"""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from tunewright.core.errors import UserError, did_you_mean
from tunewright.stages.intake.records import RecordTable
from tunewright.stages.intake.roles import WORDS, Guess, guess_roles
from tunewright.stages.intake.settings import DataSettings
from tunewright.stats.annotator_agreement import consensus

#: The column that holds what everybody said, and the one that holds the label made of it.
ANNOTATORS, LABEL = "annotators", "label (most annotators)"
#: Columns for a moment, called as no column of a user's is.
UNIT, LINE = "\0unit", "\0line"


def columns_of(settings: DataSettings) -> tuple[str, ...]:
    """The user's columns that say who said what, and are no other role."""
    return (*settings.annotators, *((settings.annotator,) if settings.annotator else ()))


def refuse_unknown(table: RecordTable, settings: DataSettings, name: str) -> None:
    """Stop for a named column that is not there, and for both ways of naming at once.

    Raises:
        UserError: E-DATA-016 for the column, E-DATA-021 for what cannot be put together.
    """
    for column in columns_of(settings):
        if column not in table.frame.columns:
            fix = did_you_mean(column, table.frame.columns)
            raise UserError("E-DATA-016", f"{name} has no column {column!r} (named for an annotator).", fix=fix)
    if settings.annotators and settings.annotator:
        raise UserError(
            "E-DATA-021",
            "Both data.annotators and data.annotator are set.",
            why="A table has a column for each annotator, or a line for each.",
            fix="Keep the one that fits your table.",
        )
    if columns_of(settings) and ANNOTATORS in table.frame.columns and ANNOTATORS not in columns_of(settings):
        raise UserError(
            "E-DATA-021",
            f"{name} has a column {ANNOTATORS!r} of its own, beside the columns of annotators.",
            why="What they said is kept under that name, and yours would be lost.",
            fix="Rename the column.",
        )


def understood(table: RecordTable, settings: DataSettings) -> tuple[RecordTable, Guess]:
    """`table` with :data:`ANNOTATORS` in place of the columns of annotators, and which column is which role.

    The label is the column that is named for it or called so; of a table without one, :data:`LABEL`, what most of the
    annotators say.

    Raises:
        UserError: E-DATA-021 for a table whose rows are not labelled.
    """
    named = {str(role): name for role, name in settings.columns.items()}
    guess = guess_roles(table.frame.drop(columns_of(settings)), named, settings.task)
    if not columns_of(settings) or "prompt" not in guess.columns:
        return table, guess
    if settings.annotators and not _is_label_by_name(guess.columns.get("label"), named):
        table = _with_majority(table, settings.annotators)
        named["label"] = LABEL
        guess = guess_roles(table.frame.drop(settings.annotators), named, settings.task)
    if guess.task != "classify" or "label" not in guess.columns:
        raise UserError(
            "E-DATA-021",
            "Annotators are named, and the rows have no label."
            if guess.task == "classify"
            else f"Annotators are named, and the task is {guess.task!r}.",
            why="What annotators say of a table's rows is read as labels.",
            fix="Set data.task to classify and name the label's column, or import spans and answers from Label Studio.",
        )
    if settings.annotators:
        return _side_by_side(table, settings.annotators), guess
    return _line_by_line(table, guess.columns["prompt"], guess.columns["label"], settings.annotator), guess


def _is_label_by_name(name: str | None, named: Mapping[str, str]) -> bool:
    """Whether the column `name` was named as the label, or is called as labels are."""
    return name is not None and ("label" in named or name.lower() in WORDS["label"])


def _with_majority(table: RecordTable, names: tuple[str, ...]) -> RecordTable:
    """`table` with a column :data:`LABEL`: what most of the columns `names` say, null where all are empty."""
    ratings = table.frame.select(names).with_row_index(UNIT).unpivot(index=UNIT, variable_name="rater")
    votes = consensus(ratings.select("rater", unit=UNIT, value=_clean("value")))
    majority = votes.select(pl.col("unit").alias(UNIT), pl.col("value").alias(LABEL))
    frame = table.frame.with_row_index(UNIT).join(majority, on=UNIT, how="left", maintain_order="left").drop(UNIT)
    return replace(table, frame=frame)


def _side_by_side(table: RecordTable, names: tuple[str, ...]) -> RecordTable:
    """`table` with the choices of the annotators in one column, in place of a column for each of them."""
    choices = pl.concat_list([_choice_by(pl.lit(name), name) for name in names]).list.drop_nulls()
    return replace(table, frame=table.frame.with_columns(choices.alias(ANNOTATORS)).drop(names))


def _line_by_line(table: RecordTable, text: str, label: str, who: str) -> RecordTable:
    """One row for each different text, at its first line, with the labels of all annotators put together."""
    by = pl.col(who).cast(pl.String).fill_null("")
    marked = (
        table.frame.with_columns(_choice_by(by, label).alias(ANNOTATORS), table.lines.alias(LINE))
        .with_row_index(UNIT)
        .with_columns(pl.when(pl.col(text).is_null()).then(UNIT).otherwise(pl.col(UNIT).min().over(text)))
    )
    votes = consensus(marked.select(unit=UNIT, rater=by, value=_clean(label)))
    majority = votes.select(pl.col("unit").alias(UNIT), pl.col("value").alias(label))
    joined = (
        marked.drop(label, who)
        .group_by(UNIT, maintain_order=True)
        .agg(pl.col(ANNOTATORS).drop_nulls(), pl.exclude(UNIT, ANNOTATORS).first())
        .join(majority, on=UNIT, how="left", maintain_order="left")
    )
    note = f"{marked.height} lines of annotators about {joined.height} texts"
    file_format = replace(table.file_format, notes=(*table.file_format.notes, note))
    return replace(table, frame=joined.drop(UNIT, LINE), lines=joined[LINE], file_format=file_format)


def _choice_by(by: pl.Expr, column: str) -> pl.Expr:
    """An expression for the choice in `column` of the annotator `by`, null where the cell is empty."""
    nothing = pl.lit([], pl.List(pl.String))
    chosen = pl.struct(by=by, choices=pl.concat_list(_clean(column)), spans=nothing, answer=pl.lit(None, pl.String))
    return pl.when(_clean(column).is_not_null()).then(chosen)


def _clean(column: str) -> pl.Expr:
    """An expression for `column` as text without white space around it, null where nothing is left."""
    return pl.col(column).cast(pl.String).str.strip_chars().replace("", None)
