"""CSV and TSV: the delimiter by column stability, quotes and line breaks inside cells, ragged rows set aside."""

import csv
from collections import Counter
from itertools import islice

import polars as pl

from tunewright.core.errors import UserError
from tunewright.intake.container import lines_of
from tunewright.intake.records import Bad, Table
from tunewright.intake.settings import DataSettings

DELIMITERS = (",", ";", "\t", "|")
SAMPLE = 200


def read_delimited(text: str, settings: DataSettings, name: str) -> Table:
    """The records of a CSV; its first record is the header.

    Raises:
        UserError: E-DATA-008 (one column), E-DATA-009 (a cell too large), E-DATA-010 (a header and no rows),
            E-DATA-011 (two columns of one name).
    """
    csv.field_size_limit(int(settings.max_cell_mb * 2**20))
    delimiter = settings.delimiter or find_delimiter(text)
    try:
        header, rows, lines, bad = _records(text, delimiter)
    except csv.Error as error:
        raise UserError(
            "E-DATA-009",
            f"{name}: {error} (a cell over {settings.max_cell_mb:g} MB, or a quote that never closes).",
            why="Everything after an open quote would be read as one cell.",
            fix="Close the quote, or raise data.max_cell_mb.",
        ) from None
    if len(header) < 2:
        raise UserError(
            "E-DATA-008",
            f"{name} has one column ({header[0]!r})." if header else f"{name} has no header.",
            why="A row needs at least a text and a label or an answer.",
            fix="Export both columns, or name the delimiter with --set data.delimiter=…",
        )
    _refuse_twins(header, name)
    if not rows:
        raise UserError("E-DATA-010", f"{name} has a header and no rows.", fix="Export it again.")
    columns = zip(*rows, strict=True)
    frame = pl.DataFrame(
        {title: pl.Series(title, cells, pl.String) for title, cells in zip(header, columns, strict=True)}
    )
    # An empty cell and a missing one are the same in CSV.
    frame = frame.with_columns(pl.all().replace("", None))
    told = {"\t": "tab"}.get(delimiter, delimiter)
    return Table(frame, lines, bad, "csv", [f"delimiter {told}, {len(header)} columns"])


def find_delimiter(text: str) -> str:
    """The delimiter that gives most records the same number of columns, and more than one."""
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        try:
            widths = Counter(
                len(row) for row in islice(csv.reader(lines_of(text[: 1 << 20]), delimiter=delimiter), SAMPLE) if row
            )
        except csv.Error:
            continue
        if not widths:
            continue
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        score = count / sum(widths.values()) * (width > 1) + 0.001 * min(width, 50) * (width > 1)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _records(text: str, delimiter: str) -> tuple[list[str], list[list[str]], list[int], list[Bad]]:
    """Header, rows, the line each row starts on, and the ragged ones."""
    reader = csv.reader(lines_of(text), delimiter=delimiter)
    header: list[str] = []
    rows, lines, bad = [], [], []
    start = 1
    for record in reader:
        line, start = start, reader.line_num + 1
        if not record or (len(record) == 1 and not record[0].strip()):
            continue  # a blank line is no record
        if not header:
            header = [title.strip().strip("\ufeff") or f"column_{place + 1}" for place, title in enumerate(record)]
        elif len(record) == len(header):
            rows.append(record)
            lines.append(line)
        else:
            reason = f"{len(record)} cells where the header has {len(header)}"
            bad.append(Bad(line, reason, delimiter.join(record)))
    return header, rows, lines, bad


def _refuse_twins(header: list[str], name: str) -> None:
    twins = [title for title, count in Counter(header).items() if count > 1]
    if twins:
        raise UserError(
            "E-DATA-011",
            f"{name} has several columns called {twins[0]!r}.",
            why="It is not clear which one is meant.",
            fix="Rename one of them in the first line.",
        )
