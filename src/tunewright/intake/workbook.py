"""XLSX: the one sheet that has a header and rows; several are a question."""

from pathlib import Path
from typing import Any

import polars as pl

from tunewright.core.errors import UserError, did_you_mean
from tunewright.intake.container import check_archive
from tunewright.intake.records import Table
from tunewright.intake.settings import DataSettings


def read_workbook(path: Path, settings: DataSettings) -> Table:
    """The rows of one sheet, cells as they are shown; line numbers are sheet rows.

    Raises:
        UserError: E-DATA-004 (no workbook), E-DATA-006 (broken), E-DATA-010 (no rows), E-DATA-012 (sheets).
    """
    import fastexcel

    archive = check_archive(path, settings)
    if "xl/workbook.xml" not in archive.namelist():
        raise UserError(
            "E-DATA-004", f"{path.name} is a zip, not a workbook.", fix="Unpack it and name the file inside."
        )
    try:
        book = fastexcel.read_excel(path)
        sheets = {name: _filled(book.load_sheet(name, header_row=None, dtypes="string")) for name in book.sheet_names}
    except fastexcel.FastExcelError as error:
        raise UserError(
            "E-DATA-006",
            f"{path.name} cannot be read: {str(error).splitlines()[0]}.",
            fix="Save it again as XLSX.",
        ) from None
    name, others = _choose(sheets, settings, path)
    table = _table(sheets[name], path)
    table.notes = [f"sheet {name!r}", *table.notes]
    table.choices = others
    return table


def _filled(sheet: Any) -> pl.DataFrame:
    """A sheet as text, with the sheet row of each; wholly empty rows and columns are left out."""
    frame: pl.DataFrame = sheet.to_polars()
    if frame.is_empty():
        return pl.DataFrame({"line": []}, schema={"line": pl.Int64})
    first = sheet.total_height - sheet.height + 1
    frame = frame.with_columns(line=pl.int_range(first, first + pl.len(), dtype=pl.Int64))
    cells = [name for name in frame.columns if name != "line" and frame[name].null_count() < frame.height]
    return frame.select("line", *cells).filter(
        pl.any_horizontal(pl.col(cells).is_not_null()) if cells else pl.lit(False)
    )


def _choose(sheets: dict[str, pl.DataFrame], settings: DataSettings, path: Path) -> tuple[str, list[str]]:
    if settings.sheet:
        if settings.sheet not in sheets:
            raise UserError(
                "E-DATA-012",
                f"{path.name} has no sheet {settings.sheet!r}.",
                fix=did_you_mean(settings.sheet, list(sheets)),
            )
        return settings.sheet, []
    tables = [name for name, frame in sheets.items() if frame.width > 2 and frame.height > 1]
    if not tables:
        raise UserError("E-DATA-010", f"No sheet of {path.name} has a header and rows.", fix="Export the rows again.")
    size = {name: sheets[name].height * sheets[name].width for name in tables}
    best = max(tables, key=lambda name: size[name])
    return best, [name for name in tables if name != best]


def _table(cells: pl.DataFrame, path: Path) -> Table:
    """The first row with as many cells as the sheet is wide is the header; what stands above it is a title."""
    names = [name for name in cells.columns if name != "line"]
    counts = cells.select(pl.sum_horizontal(pl.col(names).is_not_null()))[:, 0]
    wide = max(2, int(0.6 * len(names)))
    head = next((i for i, count in enumerate(counts) if count >= wide), 0)
    titles = [str(cells[name][head] or f"column_{place + 1}").strip() for place, name in enumerate(names)]
    if len(set(titles)) < len(titles):
        twin = next(title for title in titles if titles.count(title) > 1)
        raise UserError(
            "E-DATA-011",
            f"{path.name} has several columns called {twin!r}.",
            fix="Rename one of them in the header.",
        )
    rows = cells[head + 1 :]
    if rows.is_empty():
        raise UserError("E-DATA-010", f"{path.name} has a header and no rows.", fix="Export it again.")
    frame = rows.select(names).rename(dict(zip(names, titles, strict=True)))
    return Table(frame, rows["line"].to_list(), [], "xlsx", [f"header in row {cells['line'][head]}"])
