"""Parquet and Arrow: columns that come with their types, read as columns."""

import json
from typing import Any

import polars as pl

from tunewright.core.errors import UserError
from tunewright.stages.intake.container import Content
from tunewright.stages.intake.records import BadRecord, FileFormat, RecordTable
from tunewright.stages.intake.turns import ROLES

#: Columns whose nesting is their meaning; any other object becomes columns ``user.name``.
NESTED = ("messages", "conversations", "history", "instances", "data", "annotations")


def read_typed(content: Content) -> RecordTable:
    """The rows of a Parquet or Arrow file; a record's line is its number.

    Raises:
        UserError: E-DATA-004 (images or sound), E-DATA-006 (broken), E-DATA-010 (no rows).
    """
    source = content.stream()
    try:
        if content.kind == "parquet":
            frame = _named_labels(pl.read_parquet(source), pl.read_parquet_metadata(content.stream()))
        else:
            frame = pl.read_ipc(source)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:  # it panics on torn lengths
        raise UserError(
            "E-DATA-006", f"{content.name} cannot be read: {str(error).splitlines()[0]}.", fix="Write it again."
        ) from None
    if frame.is_empty():
        raise UserError("E-DATA-010", f"{content.name} has no rows.", fix="Export it again.")
    frame = _plain(frame, content.name)
    return RecordTable(frame, pl.int_range(1, frame.height + 1, eager=True), [], FileFormat(content.kind))


def _named_labels(frame: pl.DataFrame, metadata: dict[str, str]) -> pl.DataFrame:
    """Class numbers as the names that Hugging Face's ``datasets`` keeps beside them."""
    try:
        features = json.loads(metadata.get("huggingface", "{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError):
        return frame
    for name, feature in features.items():
        names = feature.get("names") if isinstance(feature, dict) else None
        if names and name in frame.columns and frame[name].dtype.is_integer():
            # -1 is how `datasets` writes that a label is not known.
            named = frame[name].replace_strict(range(len(names)), names, default=None, return_dtype=pl.String)
            frame = frame.with_columns(named)
    return frame


def _plain(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """`frame` with objects as columns, bytes as text, and times and decimals as they are written.

    Raises:
        UserError: E-DATA-004 for a column of images, sound or other bytes.
    """
    while objects := [
        title for title, kind in frame.schema.items() if isinstance(kind, pl.Struct) and title not in NESTED
    ]:
        for title in objects:
            fields = frame[title].struct.fields
            if "bytes" in fields and "path" in fields:
                raise _pictures(name, title)
            names = [f"{title}.{field}" + "_" * (f"{title}.{field}" in frame.columns) for field in fields]
            frame = frame.with_columns(frame[title].struct.rename_fields(names)).unnest(title)
    for title, kind in frame.schema.items():
        if kind == pl.Binary:
            text = frame[title].cast(pl.String, strict=False)
            if text.null_count() > frame[title].null_count():
                raise _pictures(name, title)
            frame = frame.with_columns(text)
        elif kind.is_float():
            frame = frame.with_columns(pl.when(pl.col(title).is_finite()).then(title))
        elif kind.is_temporal() or kind.is_decimal() or isinstance(kind, pl.Categorical | pl.Enum):
            frame = frame.with_columns(pl.col(title).cast(pl.String))
    return frame


def _pictures(name: str, title: str) -> UserError:
    """E-DATA-004 for a column of bytes that are no text."""
    return UserError(
        "E-DATA-004",
        f"Column {title!r} of {name} holds images, sound or other bytes.",
        why="Tunewright tunes language models.",
        fix="Leave the column out, or turn it into text first.",
    )


def is_chat(frame: pl.DataFrame, column: str, role: str, content: str) -> bool:
    """Whether `column` holds turns whose `role` and `content` are texts, and nothing else that matters."""
    kind = frame.schema.get(column)
    if not isinstance(kind, pl.List) or not isinstance(kind.inner, pl.Struct):
        return False
    fields = {field.name: field.dtype for field in kind.inner.fields}
    plain = fields.get(role) == pl.String and fields.get(content) == pl.String
    return plain and fields.keys() <= {role, content, "weight"}


def chat_rows(table: RecordTable, column: str, role: str, content: str) -> tuple[pl.DataFrame, list[BadRecord]]:
    """Conversations as rows in our columns, a column at a time; as ``turns.openai_chat`` does for one record."""
    source = table.frame.with_columns(line=table.lines)
    turns = (
        source.lazy().select("line", turn=pl.col(column))
        .explode("turn", empty_as_null=True, keep_nulls=True).unnest("turn")
        .with_columns(known=pl.col(role).str.to_lowercase().replace_strict(ROLES, default=None, return_dtype=pl.String))
        .with_columns(place=pl.int_range(pl.len()).over("line"))
    )  # fmt: skip
    weight = pl.col("weight").cast(pl.Float64) if "weight" in turns.collect_schema() else pl.lit(None, pl.Float64)
    turns = turns.with_columns(content=pl.col(content).fill_null(""), weight=weight)
    answered = pl.col("place").filter(pl.col("known") == "assistant").max()
    is_question = (pl.col("known") == "user") & (pl.col("place") < answered.fill_null(pl.len()))
    rows = turns.group_by("line", maintain_order=True).agg(
        strange=pl.col(role).filter(pl.col("known").is_null()).first(),
        nameless=pl.col(role).is_null().any(),
        light=(pl.col("weight") < 0).any(),
        prompt=pl.col("content").filter(is_question).last(),
        answer=pl.col("content").filter(pl.col("known") == "assistant").last(),
        messages=pl.struct(role="known", content="content", weight="weight"),
    )
    conversations = rows.collect()
    empty = source[column].list.len().fill_null(0) == 0
    reason = (
        pl.when(empty).then(pl.lit(f"{column} is not a list of turns"))
        .when("nameless").then(pl.lit(f"a turn has no {role!r}"))
        .when(pl.col("strange").is_not_null())
        .then(pl.format("a turn's role is '{}'; known are " + ", ".join(sorted(ROLES)), pl.col("strange").str.head(40)))
        .when("light").then(pl.lit("a turn's weight is not a number of 0 or more"))
    )  # fmt: skip
    rest = [title for title in table.frame.columns if title != column]
    conversations = conversations.with_columns(
        reason=reason,
        meta=source.select(pl.struct(rest).struct.json_encode())[:, 0] if rest else pl.lit(None, pl.String),
    )
    good = conversations["reason"].is_null()
    raw = source.filter(~good).select(pl.struct(column).struct.json_encode())[:, 0]
    lines, reasons = conversations["line"].filter(~good), conversations["reason"].filter(~good)
    bad = [BadRecord(*record) for record in zip(lines, reasons, raw, strict=True)]
    return conversations.filter(good).select("line", "prompt", "answer", "messages", "meta"), bad


def records(table: RecordTable) -> list[tuple[int, Any]]:
    """The rows as objects, with lists that stand in a cell as JSON read; for formats told record by record."""
    lists = [title for title in NESTED if table.frame.schema.get(title) == pl.String]
    values = []
    for line, row in zip(table.lines, table.frame.iter_rows(named=True), strict=True):
        for title in lists:
            if (row[title] or "").lstrip()[:1] in ("[", "{"):
                try:
                    row[title] = json.loads(row[title])
                except ValueError:
                    continue  # it stays the text it is, and the format says what it misses
        values.append((line, row))
    return values
