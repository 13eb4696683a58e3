"""The user's file as rows in our columns; what cannot be read is set aside with its line and its reason."""

from pathlib import Path

import polars as pl

from tunewright.core.errors import UserError
from tunewright.core.progress import SILENT, Progress
from tunewright.stages.intake.container import open_content
from tunewright.stages.intake.detect import open_file, parse
from tunewright.stages.intake.encoding import to_text
from tunewright.stages.intake.json_text import tabulate
from tunewright.stages.intake.records import RecordTable
from tunewright.stages.intake.rows import Intake, rows_of
from tunewright.stages.intake.settings import DataSettings


def read(path: Path, settings: DataSettings, *, progress: Progress = SILENT) -> Intake:
    """The rows of the file at `path`.

    Raises:
        UserError: E-DATA-… with what is wrong with the file and how to mend it.
    """
    progress.start(f"read {path.name}", None, "")
    try:
        intake = rows_of(open_file(path, settings))
        _refuse_large_cells(intake.frame, path.name, settings)
    finally:
        progress.finish()
    if intake.frame.is_empty():
        first = intake.quarantine["reason"][0] if intake.quarantine.height else "no records"
        raise UserError(
            "E-DATA-010", f"No row of {path.name} can be used: {first}.", fix="Mend the file and run again."
        )
    return intake


def read_table(path: Path) -> pl.DataFrame:
    """Every record of a file in its own columns, for labelling; plain text is one text a line.

    Raises:
        UserError: E-DATA-018 when a record cannot be read, as a label that is left out would go unnoticed.
    """
    settings = DataSettings()
    if path.suffix == ".txt":
        text = to_text(open_content(path, settings).data(), settings, path.name)
        return pl.DataFrame({"text": text.data.decode("utf-8", "replace").splitlines()})
    parsed = parse(path, settings)
    table = parsed if isinstance(parsed, RecordTable) else tabulate(parsed, path.name)
    if table.bad:
        first = min(table.bad, key=lambda record: record.line)
        raise UserError(
            "E-DATA-018",
            f"{len(table.bad)} records of {path.name} cannot be read; the first is in line {first.line}: "
            f"{first.reason}.",
            why="They would go without an answer, and nobody would notice.",
            fix="Mend these lines.",
        )
    return table.frame


def _refuse_large_cells(frame: pl.DataFrame, name: str, settings: DataSettings) -> None:
    """Raise E-DATA-009 for a text that no model could read, whatever the format it came in."""
    limit = int(settings.max_cell_mb * 2**20)
    turn_bytes = pl.col("messages").list.eval(pl.element().struct.field("content").str.len_bytes()).list.max()
    size = pl.max_horizontal(turn_bytes, *(pl.col(text).str.len_bytes() for text in ("label", "meta")))
    large = frame.select("line", size=size).filter(pl.col("size") > limit)
    if large.height:
        line, largest = large.row(0)
        raise UserError(
            "E-DATA-009",
            f"{name}, line {line}: a text of {largest / 2**20:,.1f} MB, over the limit of {settings.max_cell_mb:g} MB.",
            why="No model reads that much at once; a broken export writes such cells.",
            fix="Take the row out, or raise data.max_cell_mb.",
        )
