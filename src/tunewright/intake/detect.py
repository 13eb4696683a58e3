"""The guess about a file: format, columns and task, with how sure it is and why."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tunewright.core.dataset import Task
from tunewright.core.errors import UserError, did_you_mean
from tunewright.core.frozen import Frozen
from tunewright.intake import container
from tunewright.intake.delimited import read_delimited
from tunewright.intake.json_text import read_json
from tunewright.intake.records import Bad, Objects, Table
from tunewright.intake.roles import UNSURE, guess_roles
from tunewright.intake.settings import DataSettings
from tunewright.intake.shapes import SHAPES, shape_of
from tunewright.intake.workbook import read_workbook

PREVIEW_ROWS = 5
PREVIEW_CHARACTERS = 120


class Detection(Frozen):
    """What a file was taken for.

    Attributes:
        format: csv, xlsx, parquet, jsonl, json, or a shape such as openai_chat.
        task: what its rows are for.
        columns: the user's column for each role; empty where the format itself says.
        confidence: 0 to 1; below 0.9 a person is asked.
        reasons: why, in sentences.
        preview: five rows as they were understood.
    """

    format: str
    task: Task
    columns: Mapping[str, str]
    confidence: float
    reasons: tuple[str, ...]
    preview: tuple[Mapping[str, str], ...] = ()


@dataclass
class Opened:
    """A file parsed and understood, not yet in our columns."""

    detection: Detection
    table: Table | None
    shaped: Objects | None


def detect(path: Path, settings: DataSettings) -> Detection:
    """The guess about the file at `path`, with five rows as they would be read."""
    from tunewright.intake.room import rows_of

    opened = open_file(path, settings)
    frame = rows_of(opened).frame.head(PREVIEW_ROWS)
    shown = frame.select(
        line=pl.col("line").cast(pl.String),
        **{
            name: pl.col(name).fill_null("").str.slice(0, PREVIEW_CHARACTERS)
            for name in ("prompt", "label", "answer")
            if frame[name].null_count() < frame.height
        },
    )
    columns = shown.columns
    preview = tuple(dict(zip(columns, row, strict=True)) for row in shown.rows())
    return opened.detection.model_copy(update={"preview": preview})


def open_file(path: Path, settings: DataSettings) -> Opened:
    """The file at `path` parsed by its content, and its columns understood.

    Raises:
        UserError: E-DATA-… with what is wrong and how to mend it.
    """
    parsed = parse(path, settings)
    if isinstance(parsed, Objects):
        shape, share = shape_of([value for _, value in parsed.values[:500]])
        if settings.format in SHAPES:
            shape, share = settings.format, 1.0
        if shape is not None:
            return _shaped(parsed, shape, share, settings)
        parsed = tabulate(parsed, path.name)
    return _tabular(parsed, path, settings)


def parse(path: Path, settings: DataSettings) -> Table | Objects:
    """The records of a file in its own columns."""
    found = container.kind(path)
    if found == "parquet" or settings.format == "parquet":
        return _parquet(path)
    if found == "zip" or settings.format == "xlsx":
        return read_workbook(path, settings)
    if found == "ole":
        raise UserError(
            "E-DATA-014",
            f"{path.name} is an old or a password-protected workbook.",
            why="Both are stored in a container that cannot be read without Excel or the password.",
            fix="Save it as .xlsx without a password.",
        )
    text, encoding = container.decode(container.content(path, settings), settings, path.name)
    if not text.strip():
        raise UserError(
            "E-DATA-002", f"{path.name} is empty.", why="There is nothing to audit.", fix="Export it again."
        )
    looks_json = text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")
    if settings.format in ("json", "jsonl", *SHAPES) or (looks_json and settings.format == "auto"):
        parsed: Table | Objects = read_json(text, path.name)
    else:
        parsed = read_delimited(text, settings, path.name)
    parsed.notes.insert(0, f"encoding {encoding}")
    return parsed


def _parquet(path: Path) -> Table:
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(
            "E-DATA-006", f"{path.name} cannot be read: {str(error).splitlines()[0]}.", fix="Write it again."
        ) from None
    if frame.is_empty():
        raise UserError("E-DATA-010", f"{path.name} has no rows.", fix="Export it again.")
    lines = pl.int_range(1, frame.height + 1, eager=True)
    return Table(frame, lines.to_list(), [], "parquet")


def tabulate(objects: Objects, name: str) -> Table:
    """Flat objects as columns; a record that is no object is set aside, a nested value becomes its JSON."""
    rows, lines, bad = [], [], list(objects.bad)
    for line, value in objects.values:
        if isinstance(value, dict):
            rows.append(value)
            lines.append(line)
        else:
            bad.append(Bad(line, "not an object", json.dumps(value, ensure_ascii=False)))
    if not rows:
        raise UserError("E-DATA-013", f"{name} holds no objects.", fix="Write one JSON object a line (JSONL).")
    titles = list(dict.fromkeys(key for row in rows for key in row))
    columns = {title: pl.Series(title, [_cell(row.get(title)) for row in rows], pl.String) for title in titles}
    return Table(pl.DataFrame(columns), lines, bad, objects.format, objects.notes)


def _cell(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shaped(objects: Objects, shape: str, share: float, settings: DataSettings) -> Opened:
    task: Task = "reply" if settings.task == "auto" else settings.task
    if shape == "label_studio" and settings.task == "auto":
        results = [
            r
            for _, v in objects.values[:500]
            if isinstance(v, dict)
            for a in v.get("annotations") or []
            for r in a.get("result", [])
        ]
        task = "extract" if results and all("labels" in r.get("value", {}) for r in results) else "classify"
    reason = f"{share:.0%} of the records have {' and '.join(SHAPES[shape][0])}"
    detection = Detection(
        format=shape,
        task=task,
        columns={},
        confidence=1.0 if share > 0.95 else share,
        reasons=(*objects.notes, reason),
    )
    return Opened(detection, None, Objects(objects.values, objects.bad, shape, objects.notes))


def _tabular(table: Table, path: Path, settings: DataSettings) -> Opened:
    _refuse_unknown(table, path, settings)
    if table.frame.width < 2:
        raise UserError(
            "E-DATA-008",
            f"{path.name} has one column ({table.frame.columns[0]!r}).",
            why="A row needs at least a text and a label or an answer.",
            fix="Export both columns.",
        )
    guess = guess_roles(table.frame, {str(role): name for role, name in settings.columns.items()}, settings.task)
    confidence, reasons = guess.confidence, [*table.notes, *guess.reasons]
    if table.choices:
        confidence = min(confidence, UNSURE)
        reasons.append(f"other sheets have rows too: {', '.join(table.choices)} (--set data.sheet=…)")
    if "prompt" not in guess.columns:
        raise UserError(
            "E-DATA-015",
            f"No column of {path.name} looks like a text: {', '.join(table.frame.columns)}.",
            fix="Name it: --map prompt=COLUMN",
        )
    detection = Detection(
        format=table.format, task=guess.task, columns=guess.columns, confidence=confidence, reasons=tuple(reasons)
    )
    return Opened(detection, table, None)


def _refuse_unknown(table: Table, path: Path, settings: DataSettings) -> None:
    for role, column in settings.columns.items():
        if column not in table.frame.columns:
            raise UserError(
                "E-DATA-016",
                f"{path.name} has no column {column!r} (named for {role}).",
                fix=did_you_mean(column, table.frame.columns),
            )
