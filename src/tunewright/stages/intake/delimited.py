"""CSV and TSV: the delimiter by column stability, quotes and line breaks inside cells, ragged rows set aside."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tunewright.core.errors import UserError
from tunewright.stages.intake.encoding import UNWRITABLE, Text
from tunewright.stages.intake.records import BadRecord, FileFormat, RecordTable
from tunewright.stages.intake.settings import DataSettings

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS = (",", ";", "\t", "|")
SAMPLE = 200
SAMPLE_BYTES = 1 << 20
BATCH = 50_000
#: Quotes that never close; each costs another reading of what follows it.
MOST_OPEN = 100
#: A control character that no export writes: the delimiter of a file with one column.
ALONE = "\x1f"
#: What Excel writes above a table to name the delimiter.
DIRECTIVE = re.compile(rb"sep=(.)\r?\n")


@dataclass(frozen=True)
class Dialect:
    """How the cells of a file are told apart."""

    delimiter: str
    escape: str | None = None

    def records(self, lines: Iterable[str], *, strict: bool = False) -> "Reader":
        """The records of `lines`; the reader's ``line_num`` is the last line that was read."""
        return csv.reader(lines, delimiter=self.delimiter, escapechar=self.escape, strict=strict)


@dataclass(frozen=True)
class Head:
    """Where the rows begin and what their columns are called.

    Attributes:
        titles: a name for each column, no two alike.
        line: the first line of the rows.
        notes: what was found out, in words.
        doubts: what could as well have been meant, in words.
    """

    titles: list[str]
    line: int
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def read_delimited(text: Text, settings: DataSettings) -> RecordTable:
    """The records of a CSV under their header.

    Raises:
        UserError: E-DATA-009 (a cell too large), E-DATA-010 (no rows).
    """
    limit = int(settings.max_cell_mb * 2**20)
    csv.field_size_limit(limit)
    text, first, dialect = _dialect(text, settings)
    head = _head(text, first, dialect, settings)
    table = _rectangular(text, first, dialect, head, limit) or _walked(text, first, dialect, head, settings)
    if table.frame.is_empty():
        first_bad = f"no row that can be used: {table.bad[0].reason}" if table.bad else "no rows"
        raise UserError("E-DATA-010", f"{text.name} has a header and {first_bad}.", fix="Export it again.")
    shown_delimiter = {"\t": "tab", ALONE: "none"}.get(dialect.delimiter, dialect.delimiter)
    file_format = FileFormat(
        "csv",
        encoding=text.encoding,
        delimiter=dialect.delimiter.strip(ALONE),
        notes=(f"encoding {text.encoding}", f"delimiter {shown_delimiter}", *head.notes),
        doubts=head.doubts,
    )
    return _without_headers(replace(table, file_format=file_format), head)


def _without_headers(table: RecordTable, head: Head) -> RecordTable:
    """The rows without the headers that exports joined end to end repeat, and with empty cells as missing ones."""
    is_header = pl.all_horizontal(pl.col(title) == title for title in head.titles)
    repeats = table.frame.select(is_header.fill_null(value=False)).to_series()
    if repeats.any():
        lines = table.lines.filter(repeats).to_list()
        bad = [BadRecord(line, "the header once more", ", ".join(head.titles)) for line in lines]
        table = RecordTable(
            table.frame.filter(~repeats), table.lines.filter(~repeats), [*table.bad, *bad], table.file_format
        )
    # An empty cell and a missing one are the same in CSV.
    return replace(table, frame=table.frame.with_columns(pl.all().replace("", None)))


def titled(cells: list[str]) -> list[str]:
    """A name for each column: a second ``note`` becomes ``note (2)``, as a nameless one becomes ``column_3``."""
    titles: list[str] = []
    for place, cell in enumerate(cells, 1):
        first_choice = UNWRITABLE.sub("?", cell).strip("\ufeff \t\r\n") or f"column_{place}"
        title, copy = first_choice, 1
        while title in titles:
            copy += 1
            title = f"{first_choice} ({copy})"
        titles.append(title)
    return titles


def _dialect(text: Text, settings: DataSettings) -> tuple[Text, int, Dialect]:
    """The text below Excel's directive, its first line, and how its cells are told apart."""
    first, named = 1, settings.delimiter or ("\t" if settings.format == "tsv" else "")
    if directive := DIRECTIVE.match(text.data[:16]):
        text, first = replace(text, data=text.data[directive.end() :]), 2
        named = named or directive[1].decode("latin-1")
    sample = text.data[:SAMPLE_BYTES].decode("utf-8", "surrogateescape")
    escapes = (None, "\\") if '\\"' in sample else (None,)
    options = [Dialect(delimiter, escape) for escape in escapes for delimiter in (named or DELIMITERS)]
    stability = {option: _stability(text, option) for option in options}
    best = max(options, key=lambda option: stability[option])
    return text, first, best if named or stability[best] else Dialect(ALONE)


def _sample(text: Text, dialect: Dialect) -> list[tuple[int, list[str]]]:
    """The first records with the last line of each, up to a cell that is too large."""
    reader = dialect.records(text.lines())
    sample: list[tuple[int, list[str]]] = []
    with suppress(csv.Error):
        sample.extend((reader.line_num, record) for record in islice(reader, SAMPLE) if record)
    return sample


def _stability(text: Text, dialect: Dialect) -> float:
    """Share of the first records with the commonest number of columns, if that is more than one."""
    widths = Counter(len(record) for _, record in _sample(text, dialect))
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
    # Of two that are as stable, the one that finds more columns.
    return count / widths.total() + 0.001 * min(width, 50) if width > 1 else 0.0


def _head(text: Text, first: int, dialect: Dialect, settings: DataSettings) -> Head:
    """The header: the first record, or the first below a title and comments; or none, when it reads like a row."""
    sample = [(line, record) for line, record in _sample(text, dialect) if any(cell.strip() for cell in record)]
    if not sample:
        raise _too_large(text.name, first, settings)
    width = Counter(len(record) for _, record in sample).most_common(1)[0][0]
    if settings.header == "none":
        return Head(titled([""] * width), first, ("no header",))
    place = next((place for place, (_, record) in enumerate(sample) if not _is_title(record, width)), 0)
    line, header = sample[place]
    rows = [record for _, record in sample[place + 1 :]]
    if settings.header == "auto" and _reads_like_a_row(header, rows):
        doubt = f"line {line + first - 1} reads like a row, so there seems to be no header (--set data.header=first)"
        start = sample[place - 1][0] + first if place else first
        return Head(titled([""] * len(header)), start, ("no header",), (doubt,))
    notes = (f"header in line {line + first - 1}",) if place else ()
    return Head(titled(header), line + first, notes)


def _is_title(record: list[str], width: int) -> bool:
    """Whether a record above the header is no part of the table: one cell in a wider table, or a comment."""
    return width > 1 and (sum(bool(cell.strip()) for cell in record) <= 1 or record[0].lstrip().startswith("#"))


def _reads_like_a_row(header: list[str], rows: list[list[str]]) -> bool:
    """Whether one of the names stands in its own column again and again, as a label does and a name does not."""
    others = [row for row in rows if row != header]
    return any(
        cell.strip() and sum(len(row) > place and row[place] == cell for row in others) >= 2
        for place, cell in enumerate(header)
    )


def _rectangular(text: Text, first: int, dialect: Dialect, head: Head, limit: int) -> RecordTable | None:
    """The rows by Polars, when a scan of the bytes proves that each line is one record; else None.

    Without quotes and lone carriage returns a line is a record, and the cells of all are as many as the header's
    when their delimiters are.
    """
    data = text.data
    if text.torn or dialect.escape or b'"' in data or data.count(b"\r") != data.count(b"\r\n"):
        return None
    start = 0
    for _ in range(head.line - first):
        start = data.find(b"\n", start) + 1
    raw = np.frombuffer(data, np.uint8, offset=start) if start < len(data) else np.empty(0, np.uint8)
    ends = np.flatnonzero(raw == ord("\n"))
    if raw.size and raw[-1] != ord("\n"):
        ends = np.append(ends, raw.size)
    if not ends.size or np.diff(ends, prepend=-1).max() > limit:
        return None
    cuts = np.diff(np.searchsorted(np.flatnonzero(raw == ord(dialect.delimiter)), ends), prepend=0)
    if len(head.titles) < 2 or (cuts != len(head.titles) - 1).any():
        return None
    frame = pl.read_csv(
        data[start:], has_header=False, separator=dialect.delimiter, quote_char=None, infer_schema=False,
        new_columns=head.titles,
    )  # fmt: skip
    lines = pl.int_range(head.line, head.line + frame.height, eager=True)
    return RecordTable(frame, lines, [], FileFormat("csv"))


def _walked(text: Text, first: int, dialect: Dialect, head: Head, settings: DataSettings) -> RecordTable:
    """The rows record by record, as quotes and line breaks inside cells ask for; ragged ones are set aside."""
    try:
        return _gathered(_sound(text, head.line - first, head.line, dialect), dialect, head, text.torn, [])
    except csv.Error:
        # Quotes that do not match are rare, and minding them costs a third more time: only then, and from the start.
        bad: list[BadRecord] = []
        return _gathered(_mended(text, first, head.line, dialect, settings, bad), dialect, head, text.torn, bad)


def _gathered(
    records: Iterator[tuple[int, list[str]]], dialect: Dialect, head: Head, torn: bool, bad: list[BadRecord]
) -> RecordTable:
    """`records` as columns of text; ragged and unwritable ones are added to `bad`. Passes on csv.Error."""
    parts: list[pl.DataFrame] = []
    lines: list[int] = []
    rows: list[list[str]] = []
    for line, record in records:
        if len(head.titles) > 1 and len(record) == 1 and not record[0].strip():
            continue  # a line of white space is no record
        cells = _fitted(record, len(head.titles))
        fault = _fault(record, cells, len(head.titles), torn=torn)
        if fault:
            bad.append(BadRecord(line, fault, dialect.delimiter.join(record)))
            continue
        rows.append(cells)
        lines.append(line)
        if len(rows) == BATCH:
            parts.append(_columns(head.titles, rows))
            rows = []
    parts.append(_columns(head.titles, rows))
    return RecordTable(pl.concat(parts), pl.Series("line", lines, pl.Int64), bad, FileFormat("csv"))


def _sound(text: Text, skipped: int, start: int, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Each record from line `start` on with its first line; csv.Error where quotes do not match."""
    reader = dialect.records(islice(text.lines(), skipped, None), strict=True)
    line = start
    for record in reader:
        if record:  # a blank line is no record
            yield line, record
        line = start + reader.line_num


def _mended(
    text: Text, first: int, start: int, dialect: Dialect, settings: DataSettings, bad: list[BadRecord]
) -> Iterator[tuple[int, list[str]]]:
    """Each record from line `start` on with its first line; where quotes do not match, lines are set aside."""
    lines = _Lines(islice(text.lines(), start - first, None), start)
    reader, opened = dialect.records(lines, strict=True), 0
    while True:
        line = lines.begin()
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field limit" in str(error):
                raise _too_large(text.name, line, settings) from None
            if "unexpected end" in str(error):
                opened += 1
                if opened > MOST_OPEN:
                    raise _too_large(text.name, line, settings) from None
                bad.append(BadRecord(line, "a quote opens and never closes", lines.handed_out[0].rstrip("\r\n")))
                lines.rewind()
            elif len(lines.handed_out) == 1:
                # Such as `"Gold" card,lost`: within one line it is clear what is meant.
                yield line, next(dialect.records(lines.handed_out))
            else:
                last = line + len(lines.handed_out) - 1
                reason = f"lines {line} to {last} cannot be told apart: is there a quote too many?"
                bad.append(BadRecord(line, reason, "".join(lines.handed_out)))
            continue
        if record:  # a blank line is no record
            yield line, record


class _Lines:
    """Lines that know their numbers; all but the first of a record can be handed out again."""

    def __init__(self, source: Iterator[str], number: int) -> None:
        self.handed_out: list[str] = []
        self._source = source
        self._back: list[str] = []
        self._number = number

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._back.pop() if self._back else next(self._source)
        self.handed_out.append(line)
        return line

    def begin(self) -> int:
        """The number of the line that comes next; what was handed out is settled."""
        self._number += len(self.handed_out)
        self.handed_out.clear()
        return self._number

    def rewind(self) -> None:
        """Hand out all but the first line since the last beginning once more."""
        self._back.extend(reversed(self.handed_out[1:]))
        del self.handed_out[1:]


def _too_large(name: str, line: int, settings: DataSettings) -> UserError:
    """E-DATA-009 for the cell that begins in `line`."""
    return UserError(
        "E-DATA-009",
        f"{name}, line {line}: a cell over {settings.max_cell_mb:g} MB, or a quote that never closes.",
        why="Everything after an open quote would be read as one cell.",
        fix="Close the quote, or raise data.max_cell_mb.",
    )


def _is_open(tail: list[str], dialect: Dialect) -> bool:
    """Whether the text ends inside quotes."""
    if not any('"' in line for line in tail):
        return False
    # Python's reader ends a record at the end of the text, open or not; what a next line would join was open.
    probe = "\ue000"
    *_, last = dialect.records([*tail[:-1], tail[-1].rstrip("\r\n") + "\n", probe])
    return bool(last != [probe])


def _fitted(record: list[str], width: int) -> list[str]:
    """`record` without empty cells beyond the header's, which a delimiter at the end of each line makes."""
    return record[:width] if len(record) > width and not any(record[width:]) else record


def _fault(record: list[str], cells: list[str], width: int, *, torn: bool) -> str:
    """Why a record is set aside: another number of cells than `width`, or torn bytes; empty where it is sound."""
    if len(cells) != width:
        spans = sum(len(cell.splitlines()) - 1 for cell in record if cell)
        over_lines = f", over {spans + 1} lines: is there a quote too many?" if spans > 0 else ""
        return f"{len(record)} cells where the header has {width}{over_lines}"
    if torn and any(UNWRITABLE.search(cell) for cell in cells):
        return "bytes that are not UTF-8"
    return ""


def _columns(titles: list[str], rows: list[list[str]]) -> pl.DataFrame:
    """`rows` as a frame of text, each with as many cells as there are `titles`."""
    cells: Iterable[tuple[str, ...]] = zip(*rows, strict=True) if rows else ((),) * len(titles)
    return pl.DataFrame(
        [pl.Series(title, list(column), pl.String) for title, column in zip(titles, cells, strict=True)]
    )
