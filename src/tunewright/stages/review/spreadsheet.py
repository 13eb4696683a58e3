"""Spreadsheets: the sample as CSV or XLSX for people who have no labelling tool, and reading it back.

A cell that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, "CSV Injection"), which is taken
away again on the way back. In a workbook every cell is written as text, which no program runs.
"""

import csv
import io
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl

from tunewright.core.dataset import Task
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.files import publish
from tunewright.stages.review.returned_row import ReturnedRow, text
from tunewright.stages.review.store import Sample

KEYS = ("review_set", "example_id", "content_digest")
QUESTIONS: dict[Task, tuple[str, ...]] = {
    "classify": ("verdict", "right_label"),
    "reply": ("verdict", "right_answer"),
    "extract": ("verdict",),
}
FORMULA = r"^[=+\-@\t\r]"
SHEET, HOWTO = "Review", "How to"
#: Excel refuses longer cells.
CELL = 32_000

INSTRUCTIONS = (
    "Each row of the sheet Review is one row of training data. Read it as it stands there, top to bottom.",
    "",
    "verdict (needed)",
    "  ok: a model may learn from this row as it is.",
    "  defective: it may not. The text is no real message, is garbled or says nothing; the label or answer is wrong; "
    "it shows a person's data; you would not want this answer sent.",
    "right_label, right_answer (optional)",
    "  Where only the label or the answer is wrong: say defective, and write the right one; the row is then mended.",
    "note (optional): what is wrong, in a few words.",
    "reviewer (optional): your name. Without it you go by the name of this file.",
    "",
    "The column found says what the audit noticed. It may be wrong: judge for yourself.",
    "Leave verdict empty where you cannot say; such a row counts as not reviewed.",
    "Other columns are not read: what you change there has no effect. Delete no columns; rows may be sorted.",
    "Hand the file back: tunewright review import FILE",
)


def write_csv(path: Path, sample: Sample) -> tuple[Path, ...]:
    """Write the sample as a CSV that Excel opens with its letters whole."""
    body = _harmless(_sheet(sample)).write_csv()
    publish(path, lambda target: target.write_bytes(b"\xef\xbb\xbf" + body.encode()))
    return (path,)


def write_xlsx(path: Path, sample: Sample) -> tuple[Path, ...]:
    """Write the sample as a workbook: the sheet to fill in and a sheet that says how.

    Raises:
        UserError: E-ENV-001 when the package that writes workbooks is missing.
    """
    if find_spec("xlsxwriter") is None:
        raise UserError(
            "E-ENV-001",
            "A workbook needs xlsxwriter, which is not installed.",
            fix="pip install xlsxwriter, or --to review.csv",
            exit_code=ExitCode.RESOURCES,
        )
    publish(path, lambda target: _write_workbook(target, sample))
    return (path,)


def _write_workbook(target: Path, sample: Sample) -> None:
    """Write the workbook: the rows, how to fill them in, and the labels to choose from."""
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

    frame = _sheet(sample)
    book = Workbook(str(target), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False})
    bold, plain = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet(SHEET)
    sheet.freeze_panes(1, 0)
    for at, name in enumerate(frame.columns):
        wide = name in ("before", "text", "answer", "found", "right_answer")
        sheet.set_column(at, at, 50 if wide else 16, plain, {"hidden": name in KEYS})
        sheet.write_string(0, at, name, bold)
        for row, cell in enumerate(frame[name].to_list(), start=1):
            if cell:
                sheet.write_string(row, at, cell, plain)
    _lists(sheet, frame, sample)
    howto = book.add_worksheet(HOWTO)
    howto.set_column(0, 0, 120, plain)
    for row, line in enumerate(INSTRUCTIONS):
        howto.write_string(row, 0, line, plain)
    if "right_label" in frame.columns:  # Excel takes longer lists only from cells
        labels = book.add_worksheet("Labels")
        for row, label in enumerate(sample.header.labels):
            labels.write_string(row, 0, label)
    book.close()


def _lists(sheet: Any, frame: pl.DataFrame, sample: Sample) -> None:
    """Add drop-down lists to the columns of `sheet` where there is something to choose."""
    verdict = frame.columns.index("verdict")
    sheet.data_validation(1, verdict, frame.height, verdict, {"validate": "list", "source": ["ok", "defective"]})
    if "right_label" in frame.columns and sample.header.labels:
        at, last = frame.columns.index("right_label"), len(sample.header.labels)
        sheet.data_validation(1, at, frame.height, at, {"validate": "list", "source": f"=Labels!$A$1:$A${last}"})


def _sheet(sample: Sample) -> pl.DataFrame:
    """The rows to fill in, every cell a text."""
    task = sample.header.dataset.task
    judged = {"classify": "label", "reply": "answer", "extract": None}[task]
    before = ["before"] if (sample.rows["before"] != "").any() else []
    empty = [pl.lit("").alias(name) for name in (*QUESTIONS[task], "note", "reviewer")]
    return (
        sample.rows.select(
            review_set=pl.lit(sample.header.id),
            example_id="example_id",
            content_digest="content_digest",
            line=pl.col("line").cast(pl.String),
            **{name: pl.col(name) for name in (*before, "text", *([judged] if judged else []))},
            found=pl.col("found").list.join("\n"),
        )
        .with_columns(empty)
        .with_columns(pl.all().fill_null("").str.slice(0, CELL))
    )


def _harmless(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with an apostrophe before every cell that a spreadsheet would run."""
    return frame.with_columns(
        pl.when(pl.col(name).str.contains(FORMULA)).then(pl.format("'{}", name)).otherwise(name).alias(name)
        for name in frame.columns
    )


def read(path: Path) -> list[ReturnedRow]:
    """What reviewers filled in, one entry a row.

    Raises:
        UserError: E-REVIEW-005 when the columns that tell rows apart are gone, E-REVIEW-006 when it cannot be read.
    """
    table = _workbook(path) if path.suffix.lower() == ".xlsx" else _delimited(path)
    header, body = table[0], table[1:]
    missing = [name for name in ("example_id", "content_digest", "verdict") if name not in header]
    if missing:
        raise UserError(
            "E-REVIEW-005",
            f"{path.name} has no column {', '.join(map(repr, missing))}.",
            why="A row that came back is known by its id and its digest; without them nobody can say which one it is.",
            fix="Fill in a copy of the file that `tunewright review sample` wrote, with all its columns.",
        )
    rows = [dict(zip(header, cells, strict=False)) for cells in body]
    return [_returned_row(row, f"row {number}") for number, row in enumerate(rows, start=2) if any(row.values())]


def _returned_row(row: dict[str, str], where: str) -> ReturnedRow:
    """A filled-in row by its columns; a column that is missing was left empty."""
    cells = {name: plain(row.get(name, "")) for name in ("reviewer", "verdict", "right_label", "right_answer", "note")}
    keys = {name: text(row.get(name)) for name in KEYS}
    return ReturnedRow(where=where, **keys, **cells)


def plain(cell: str) -> str:
    """A cell without the apostrophe that keeps it from being run."""
    content = text(cell)
    return content[1:] if content[:1] == "'" and content[1:2] in ("=", "+", "-", "@", "\t", "\r") else content


def _workbook(path: Path) -> list[list[str]]:
    """The cells of the sheet Review, or of the first sheet where none is called so.

    Raises:
        UserError: E-REVIEW-006 when it cannot be read.
    """
    import fastexcel

    try:
        book = fastexcel.read_excel(path)
        name = SHEET if SHEET in book.sheet_names else book.sheet_names[0]
        frame = book.load_sheet(name, header_row=None, dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        raise _unreadable(path, str(error).splitlines()[0]) from None
    columns = [["" if cell is None else str(cell) for cell in column.to_list()] for column in frame.iter_columns()]
    return [list(cells) for cells in zip(*columns, strict=True)] or [[]]


def _delimited(path: Path) -> list[list[str]]:
    """The cells of a CSV as it comes back: Excel writes semicolons and its own code page in much of the world.

    Raises:
        UserError: E-REVIEW-006 when it cannot be read.
    """
    data = path.read_bytes()
    try:
        content = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        content = data.decode("cp1252", errors="replace")
    first = content.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(1 << 24)
    try:
        return list(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)) or [[]]
    except csv.Error as error:
        raise _unreadable(path, str(error)) from None


def _unreadable(path: Path, why: str) -> UserError:
    """E-REVIEW-006 for the file at `path`."""
    return UserError(
        "E-REVIEW-006",
        f"{path.name} cannot be read: {why}.",
        why="Nothing was imported.",
        fix="Save it again as CSV or XLSX.",
    )
