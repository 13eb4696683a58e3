"""Labels for the rows of a file, or answers to them, by a release."""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from tunewright.core.errors import UserError
from tunewright.core.files import publish, require_absent
from tunewright.core.progress import SILENT, Progress
from tunewright.stages.intake.api import read_table
from tunewright.stages.release.load import load
from tunewright.workflow.results import PredictResult

#: Names under which a text usually stands, best first.
USUAL = ("prompt", "text", "message", "body", "question", "query", "ticket", "description", "content", "input")


def predict_file(
    release: Path,
    file: Path,
    *,
    output: Path | None = None,
    column: str | None = None,
    engine: str = "",
    progress: Progress = SILENT,
) -> PredictResult:
    """Every row of `file` with the release's columns (see ``LoadedRelease.columns``); your own stay as they are.

    Args:
        release: a release folder.
        file: CSV, TSV, XLSX, JSONL, JSON, Parquet, or plain text with one text a line.
        output: where to write, as .csv, .jsonl or .parquet; without it the rows are returned.
        column: the column to read; guessed from its name when left out.
        engine: an engine to answer in the place of the release's own, such as ``echo``; empty for its own.
        progress: where the work reports.

    Raises:
        UserError: E-CLI-005 when `output` exists, E-CLI-008 when no column can be told, E-REL-006 when the file has a
            column of ours already, other E-REL-… for the release.
    """
    if output is not None:
        require_absent(output)
    loaded = load(release, engine=engine)
    table = read_table(file)
    _refuse_ours(table.columns, loaded.columns)
    texts = table[text_column(table, column)].cast(pl.String).fill_null("").to_list()
    answered = table.hstack(loaded.predict_frame(texts, progress=progress))
    if output is None:
        return PredictResult(
            release=loaded.release.name, rows=answered.height, output=None, predictions=tuple(answered.to_dicts())
        )
    writers: dict[str, Callable[[Path], object]] = {
        ".csv": answered.write_csv,
        ".jsonl": answered.write_ndjson,
        ".parquet": answered.write_parquet,
    }
    if output.suffix not in writers:
        raise UserError("E-CLI-007", f"Rows are written as .csv, .jsonl or .parquet, not {output.suffix!r}.")
    publish(output, writers[output.suffix])
    return PredictResult(release=loaded.release.name, rows=answered.height, output=str(output), predictions=())


def text_column(table: pl.DataFrame, named: str | None) -> str:
    """The column that holds the text: the one that was named, the only one, or the one usually called so."""
    columns = table.columns
    if named is not None:
        if named not in columns:
            raise _unclear(f"There is no column {named!r}.", columns)
        return named
    if len(columns) == 1:
        return columns[0]
    usual = [name for word in USUAL for name in columns if name.strip().lower() == word]
    if not usual:
        raise _unclear("It is not clear which column holds the text.", columns)
    return usual[0]


def _refuse_ours(columns: Sequence[str], ours: Sequence[str]) -> None:
    taken = [name for name in ours if name in columns]
    if taken:
        raise UserError(
            "E-REL-006",
            f"The file has a column {' and '.join(repr(name) for name in taken)} already.",
            why="Your own columns stay as they are, so what is added would have no place.",
            fix="Rename or remove that column in a copy of the file.",
        )


def _unclear(what: str, columns: Sequence[str]) -> UserError:
    return UserError("E-CLI-008", what, fix=f"--column NAME; the file has: {', '.join(columns)}.")
