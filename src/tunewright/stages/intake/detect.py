"""The guess about a file: format, columns and task, with how sure it is and why."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from tunewright.core.dataset import Task
from tunewright.core.errors import UserError, did_you_mean
from tunewright.stages.intake import annotated, annotators, columnar
from tunewright.stages.intake.container import Content, open_content
from tunewright.stages.intake.delimited import read_delimited
from tunewright.stages.intake.detection import CHATS, Detection, Opened
from tunewright.stages.intake.encoding import Text, to_text
from tunewright.stages.intake.json_text import read_json, tabulate
from tunewright.stages.intake.record_formats import RECORD_FORMATS, record_format_of
from tunewright.stages.intake.records import FileFormat, RecordObjects, RecordTable, spread
from tunewright.stages.intake.roles import UNSURE
from tunewright.stages.intake.rows import rows_of
from tunewright.stages.intake.settings import DataSettings
from tunewright.stages.intake.workbook import read_workbook

#: Below this a person is asked (the formats notes ask below 0.9).
SURE = 0.9
PREVIEW_ROWS = 5
PREVIEW_CHARACTERS = 120
SAMPLE = 500
#: A format that so many of the records have is the format of all; the others are set aside.
NEARLY_ALL = 0.95
#: Formats that stand in tables too; the others are told by names that tables use for anything.
IN_TABLES = ("openai_chat", "sharegpt", "self_instruct", "alpaca")


def detect(path: Path, settings: DataSettings) -> Detection:
    """The guess about the file at `path`, with five rows as they would be read."""
    opened = open_file(path, settings)
    frame = rows_of(opened).frame.head(PREVIEW_ROWS)
    texts = frame.select(
        line=pl.col("line").cast(pl.String),
        **{
            name: pl.col(name).fill_null("").str.slice(0, PREVIEW_CHARACTERS)
            for name in ("prompt", "label", "answer")
            if frame[name].null_count() < frame.height
        },
    )
    columns = texts.columns
    preview = tuple(dict(zip(columns, row, strict=True)) for row in texts.rows())
    return opened.detection.model_copy(update={"preview": preview})


def require_sure(detection: Detection, name: str, *, confirmed: bool) -> None:
    """Stop unless the guess is sure enough to train on, or a person `confirmed` it.

    Raises:
        UserError: E-CLI-006 for an unsure guess, E-DATA-020 when a column that the task needs was not found.
    """
    needed = {"classify": "label", "reply": "answer"}.get(detection.task)
    if detection.columns and needed and needed not in detection.columns:
        raise UserError(
            "E-DATA-020",
            f"No column of {name} looks like the {needed} that the task {detection.task!r} needs.",
            why="Every row would count as missing it.",
            fix=f"Name it: --map {needed}=COLUMN (init, audit FILE) or data.columns.{needed}; or name another task.",
        )
    if detection.confidence >= SURE or confirmed:
        return
    flags = " ".join(f"--map {role}={column!r}" for role, column in detection.columns.items())
    raise UserError(
        "E-CLI-006",
        f"The guess about {name} is {detection.confidence:.2f} sure: {'; '.join(detection.reasons)}.",
        why="A wrong guess audits and trains on the wrong column.",
        fix=f"Say it yourself: --task {detection.task} {flags}, or data.task and data.columns in tunewright.yaml; "
        "--yes or data.confirmed: true takes the guess.",
    )


def open_file(path: Path, settings: DataSettings) -> Opened:
    """The file at `path` parsed by its content, and its columns understood.

    Raises:
        UserError: E-DATA-… with what is wrong and how to mend it.
    """
    parsed = parse(path, settings)
    if isinstance(parsed, RecordTable):
        known = _format_of_table(parsed, settings)
    else:
        known = _format_of_objects(parsed, settings)
    if known:
        return _open_known_format(parsed, *known, settings, path.name)
    return _open_table(parsed if isinstance(parsed, RecordTable) else tabulate(parsed, path.name), path, settings)


def parse(path: Path, settings: DataSettings) -> RecordTable | RecordObjects:
    """The records of a file in its own columns."""
    content = open_content(path, settings)
    parsed = _parse(content, settings)
    return replace(parsed, file_format=replace(parsed.file_format, packing=content.packing))


def _parse(content: Content, settings: DataSettings) -> RecordTable | RecordObjects:
    """The records of `content` by the reader of its kind.

    Raises:
        UserError: E-DATA-006 when another format was named, E-DATA-014 for an old workbook, E-DATA-… of the reader.
    """
    if content.kind in ("parquet", "arrow"):
        return columnar.read_typed(content)
    if content.kind == "workbook":
        return read_workbook(content, settings)
    if content.kind == "ole":
        raise UserError(
            "E-DATA-014",
            f"{content.name} is an old or a password-protected workbook.",
            why="Both are stored in a container that cannot be read without Excel or the password.",
            fix="Save it as .xlsx without a password.",
        )
    if settings.format in ("parquet", "arrow", "xlsx"):
        raise UserError(
            "E-DATA-006",
            f"{content.name} is text, not {settings.format}.",
            why="data.format names another format than the file has.",
            fix="Set data.format to auto.",
        )
    text = to_text(content.data(), settings, content.name)
    return read_json(text) if _is_json(text, settings) else read_delimited(text, settings)


def _is_json(text: Text, settings: DataSettings) -> bool:
    """Whether a text is read as JSON: so named, or not named and beginning as JSON does."""
    if settings.format in ("json", "jsonl", *RECORD_FORMATS):
        # A chat may stand in the cells of a CSV.
        return settings.format not in IN_TABLES or text.data.lstrip()[:1] in (b"{", b"[")
    return settings.format == "auto" and text.data.lstrip()[:1] in (b"{", b"[")


def _format_of_objects(objects: RecordObjects, settings: DataSettings) -> tuple[str, float] | None:
    """The known format of JSON records and the share that has it; None where they are a plain table."""
    if settings.format in RECORD_FORMATS:
        return settings.format, 1.0
    name, share = record_format_of([objects.values[place][1] for place in spread(len(objects.values), SAMPLE)])
    # Who names columns says that the records are a table.
    return None if name is None or settings.columns else (name, share)


def _format_of_table(table: RecordTable, settings: DataSettings) -> tuple[str, float] | None:
    """The known format of a table's rows and the share that has it; None where they are a plain table."""
    if settings.format not in ("auto", table.file_format.format, *IN_TABLES) or settings.columns:
        return None
    places = spread(table.frame.height, SAMPLE)
    sample = replace(table, frame=table.frame[places], lines=table.lines[places])
    name, share = record_format_of([value for _, value in columnar.records(sample)])
    return (name, share) if name in IN_TABLES else None


def _open_known_format(
    parsed: RecordTable | RecordObjects, format_name: str, share: float, settings: DataSettings, name: str
) -> Opened:
    """Records of which `share` have a known format, as that format says they are to be read.

    Raises:
        UserError: E-DATA-019 when columns are named all the same.
    """
    if settings.columns:
        raise UserError(
            "E-DATA-019",
            f"Columns are named for {name}, which is {format_name}.",
            why="That format itself says which part is which.",
            fix="Leave data.columns empty, or set data.format to jsonl to read the records as a table.",
        )
    source = parsed
    if format_name == "label_studio_min" and isinstance(source, RecordObjects):
        source = annotated.by_task(source)
    if isinstance(source, RecordTable) and not (
        format_name in CHATS and columnar.is_chat(source.frame, *CHATS[format_name])
    ):
        source = RecordObjects(columnar.records(source), source.bad, source.file_format)
    task: Task = "reply" if settings.task == "auto" else settings.task
    if settings.task == "auto" and format_name in ("label_studio", "label_studio_min", "spans"):
        task = _task_of_marks(format_name, source)
    reason = f"{share:.0%} of the records are {format_name}"
    sure = 1.0 if share > NEARLY_ALL else share
    return Opened(_detection(source.file_format, format_name, task, {}, sure, (reason,)), source)


def _task_of_marks(format_name: str, source: RecordTable | RecordObjects) -> Task:
    """The task that the marks of annotators are for."""
    assert isinstance(source, RecordObjects)
    values = [value for _, value in source.values]
    return annotated.task_of(values) if format_name != "spans" else "extract"


def _open_table(table: RecordTable, path: Path, settings: DataSettings) -> Opened:
    """A table whose columns are understood by their names and contents.

    Raises:
        UserError: E-DATA-008, 011, 015, 016 or 021 when they are not.
    """
    _refuse_unknown(table, path, settings)
    flat = [name for name, kind in table.frame.schema.items() if not kind.is_nested()]
    if table.frame.width < 2:
        raise UserError(
            "E-DATA-008",
            f"{path.name} has one column ({table.frame.columns[0]!r}).",
            why="A row needs at least a text and a label or an answer.",
            fix="Export both columns, or name the delimiter with --set data.delimiter=…",
        )
    annotators.refuse_unknown(table, settings, path.name)
    table, guess = annotators.understood(table, settings)
    if "prompt" not in guess.columns:
        raise UserError(
            "E-DATA-015",
            f"No column of {path.name} looks like a text: {', '.join(flat)}.",
            why="A row needs a text to learn from.",
            fix="Name it: --map prompt=COLUMN",
        )
    _refuse_twins(guess.columns, table, path, settings)
    return Opened(
        _detection(
            table.file_format,
            table.file_format.format,
            guess.task,
            guess.columns,
            guess.confidence,
            tuple(guess.reasons),
        ),
        table,
    )


def _detection(
    file_format: FileFormat,
    format_name: str,
    task: Task,
    columns: Mapping[str, str],
    sure: float,
    reasons: tuple[str, ...],
) -> Detection:
    """The guess without its preview; a doubt about how the file is written makes it unsure."""
    doubts = (*file_format.doubts, *(reason for reason in reasons if reason.endswith("?")))
    return Detection(
        format=format_name,
        packing=file_format.packing,
        encoding=file_format.encoding,
        delimiter=file_format.delimiter,
        sheet=file_format.sheet,
        task=task,
        columns=columns,
        confidence=min(sure, UNSURE) if file_format.doubts else sure,
        reasons=(*file_format.notes, *reasons, *file_format.doubts),
        ambiguous=doubts,
    )


def _refuse_twins(columns: Mapping[str, str], table: RecordTable, path: Path, settings: DataSettings) -> None:
    """Raise E-DATA-011 when a column that was guessed is one of several of its name."""
    for role, column in columns.items():
        twin = f"{column} (2)"
        if twin in table.frame.columns and role not in settings.columns:
            raise UserError(
                "E-DATA-011",
                f"{path.name} has several columns called {column!r}.",
                why=f"It is not clear which one is the {role}.",
                fix=f"Name it: --map {role}={column!r} or --map {role}={twin!r}",
            )


def _refuse_unknown(table: RecordTable, path: Path, settings: DataSettings) -> None:
    """Raise E-DATA-016 for a column that was named and is not there, or holds lists."""
    for role, column in settings.columns.items():
        if column not in table.frame.columns:
            raise UserError(
                "E-DATA-016",
                f"{path.name} has no column {column!r} (named for {role}).",
                fix=did_you_mean(column, table.frame.columns),
            )
        if table.frame.schema[column].is_nested():
            raise UserError(
                "E-DATA-016",
                f"Column {column!r} of {path.name} (named for {role}) holds lists.",
                why="A cell must be one text.",
                fix="Name a column of texts.",
            )
