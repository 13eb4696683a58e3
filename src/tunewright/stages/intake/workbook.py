"""XLSX: the one sheet that has a header and rows; several are a question."""

from typing import Any

import polars as pl

from tunewright.core.errors import UserError, did_you_mean
from tunewright.stages.intake.container import Content
from tunewright.stages.intake.delimited import titled
from tunewright.stages.intake.records import FileFormat, RecordTable
from tunewright.stages.intake.settings import DataSettings


def read_workbook(content: Content, settings: DataSettings) -> RecordTable:
    """The rows of one sheet, cells as they are shown; line numbers are sheet rows.

    Raises:
        UserError: E-DATA-006 (broken), E-DATA-010 (no rows), E-DATA-012 (no such sheet).
    """
    import fastexcel

    source = content.stream()
    try:
        book = fastexcel.read_excel(source if content.packing == "" else content.data())
        loaded = {
            name: book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string") for name in book.sheet_names
        }
    except fastexcel.FastExcelError as error:
        raise UserError(
            "E-DATA-006",
            f"{content.name} cannot be read: {str(error).splitlines()[0]}.",
            fix="Save it again as XLSX.",
        ) from None
    sheets = {name: _filled(sheet) for name, sheet in loaded.items()}
    hidden = {name for name, sheet in loaded.items() if sheet.visible != "visible"}
    name, others = _choose(sheets, hidden, settings, content.name)
    doubts = (f"other sheets have rows too: {', '.join(others)} (--set data.sheet=…)",) if others else ()
    return _table(sheets[name], content.name, name, doubts)


def _filled(sheet: Any) -> pl.DataFrame:
    """A sheet as text, with the sheet row of each; wholly empty rows and columns are left out."""
    frame: pl.DataFrame = sheet.to_polars()
    if frame.is_empty():
        return pl.DataFrame({"line": []}, schema={"line": pl.Int64})
    frame = frame.with_columns(line=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
    cells = [name for name in frame.columns if name != "line" and frame[name].null_count() < frame.height]
    return frame.select("line", *cells).filter(
        pl.any_horizontal(pl.col(cells).is_not_null()) if cells else pl.lit(False)
    )


def _choose(
    sheets: dict[str, pl.DataFrame], hidden: set[str], settings: DataSettings, file: str
) -> tuple[str, list[str]]:
    """The sheet that was named, or the largest that is shown; and the others that have rows."""
    if settings.sheet:
        if settings.sheet not in sheets:
            raise UserError(
                "E-DATA-012",
                f"{file} has no sheet {settings.sheet!r}.",
                fix=did_you_mean(settings.sheet, list(sheets)),
            )
        return settings.sheet, []
    filled = [name for name, frame in sheets.items() if name not in hidden and frame.height > 1]
    tables = [name for name in filled if sheets[name].width > 2] or filled
    if not tables:
        raise UserError("E-DATA-010", f"No sheet of {file} has a header and rows.", fix="Export the rows again.")
    size = {name: sheets[name].height * sheets[name].width for name in tables}
    best = max(tables, key=lambda name: size[name])
    return best, [name for name in tables if name != best]


def _table(cells: pl.DataFrame, file: str, sheet: str, doubts: tuple[str, ...]) -> RecordTable:
    """The first row with as many cells as the sheet is wide is the header; what stands above it is a title."""
    names = [name for name in cells.columns if name != "line"]
    if not names:
        raise UserError("E-DATA-010", f"Sheet {sheet!r} of {file} is empty.", fix="Name another sheet.")
    counts = cells.select(pl.sum_horizontal(pl.col(names).is_not_null()))[:, 0]
    wide = min(max(2, int(0.6 * len(names))), len(names))
    head = next((i for i, count in enumerate(counts) if count >= wide), 0)
    rows = cells[head + 1 :]
    if rows.is_empty():
        raise UserError("E-DATA-010", f"{file} has a header and no rows.", fix="Export it again.")
    titles = titled([cells[name][head] or "" for name in names])
    frame = rows.select(names).rename(dict(zip(names, titles, strict=True)))
    notes = (f"sheet {sheet!r}", f"header in row {cells['line'][head]}")
    return RecordTable(frame, rows["line"], [], FileFormat("xlsx", sheet=sheet, notes=notes, doubts=doubts))
