"""A file that was opened, as rows in our columns; a record that cannot be a row says why not."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import polars as pl

from tunewright.core.dataset import COLUMNS, MESSAGES, Dataset
from tunewright.core.ingested import Ingested
from tunewright.stages.intake import columnar
from tunewright.stages.intake.detection import CHATS, Detection, Opened
from tunewright.stages.intake.json_text import SPLITS
from tunewright.stages.intake.record_formats import RECORD_FORMATS
from tunewright.stages.intake.records import BadRecord, RecordObjects, RecordTable, as_json, quarantine
from tunewright.stages.intake.turns import Unusable
from tunewright.text.content_digest import with_content_digest

ORIGINS = ("domain", "general", "synthetic")


@dataclass(frozen=True)
class Intake:
    """Rows, the records set aside, and what the file was taken for."""

    frame: pl.DataFrame
    quarantine: pl.DataFrame
    detection: Detection

    def account(self, dataset: Dataset, file: str, file_digest: str) -> Ingested:
        """Every record of the file accounted for: rows read plus rows set aside."""
        return Ingested(
            dataset=dataset,
            file=file,
            file_digest=file_digest,
            format=self.detection.format,
            mapping=dict(self.detection.columns),
            records=self.frame.height + self.quarantine.height,
            quarantined=self.quarantine.height,
            reasons=dict(Counter(self.quarantine["reason"].to_list())),
        ).with_quarantine(self.quarantine)


def rows_of(opened: Opened) -> Intake:
    """What was opened, in our columns."""
    source, detection = opened.source, opened.detection
    if isinstance(source, RecordObjects):
        frame, bad = _from_objects(source, detection.format)
    elif detection.format in CHATS:
        frame, bad = columnar.chat_rows(source, *CHATS[detection.format])
    else:
        frame, bad = _from_table(source, detection)
    frame = _finished(frame.with_columns(task=pl.lit(detection.task)))
    return Intake(frame, quarantine([*opened.source.bad, *bad]), detection)


def _from_table(table: RecordTable, detection: Detection) -> tuple[pl.DataFrame, list[BadRecord]]:
    """The rows of a table in our columns, and those whose weight, split or origin cannot be read."""
    columns, source = detection.columns, table.frame
    rest = [name for name in source.columns if name not in columns.values()]
    frame = source.select(
        line=table.lines,
        **{role: pl.col(name).cast(pl.String) for role, name in columns.items()},
        meta=_meta(source, rest),
    )
    bad: list[BadRecord] = []
    for role, known in (("weight", None), ("split", SPLITS), ("origin", {name: name for name in ORIGINS})):
        if role in columns:
            frame, unreadable = _parsed_role(frame, role, known)
            bad += unreadable
    if "label" in columns:
        frame = frame.with_columns(pl.col("label").str.strip_chars().replace("", None))
    return frame.with_columns(messages=_turns(frame.columns)), bad


def _parsed_role(frame: pl.DataFrame, role: str, known: dict[str, str] | None) -> tuple[pl.DataFrame, list[BadRecord]]:
    """`frame` with the values of `role` in our words, and the rows whose value is none of them, set aside.

    Our words are the values of `known`; where `known` is None, a weight: a number of 0 or more. Empty cells are null.
    """
    text = pl.col(role).str.strip_chars().str.to_lowercase().replace("", None)
    if known is None:
        number = text.cast(pl.Float64, strict=False)
        value = pl.when(number.is_finite() & (number >= 0)).then(number).otherwise(None)
        expected = "a number of 0 or more"
    else:
        value = text.replace_strict(known, default=None, return_dtype=pl.String)
        expected = "one of " + ", ".join(dict.fromkeys(known.values()))
    parsed = frame.with_columns(text=text, value=value)
    unreadable = parsed.filter(pl.col("text").is_not_null() & pl.col("value").is_null())
    bad = [
        BadRecord(line, f"its {role} is {cell[:40]!r}, not {expected}", prompt or "")
        for line, cell, prompt in unreadable.select("line", role, "prompt").rows()
    ]
    good = parsed.filter(pl.col("text").is_null() | pl.col("value").is_not_null())
    return good.with_columns(pl.col("value").alias(role)).drop("text", "value"), bad


def _turns(columns: list[str]) -> pl.Expr:
    """An expression for `messages`: the system, user and assistant turns of those of `columns` that exist."""

    def turn(role: str, column: str) -> pl.Expr:
        return pl.struct(role=pl.lit(role), content=pl.col(column), weight=pl.lit(None, pl.Float64))

    roles = {"system": "system", "user": "prompt", "assistant": "answer"}
    return pl.concat_list([turn(role, name) for role, name in roles.items() if name in columns]).cast(MESSAGES)


def _meta(source: pl.DataFrame, names: list[str]) -> pl.Expr:
    """An expression for `meta`: the columns `names` as one JSON object a row, null where there are none."""
    return pl.struct(names).struct.json_encode() if names else pl.lit(None, pl.String)


def _from_objects(objects: RecordObjects, format_name: str) -> tuple[pl.DataFrame, list[BadRecord]]:
    """The records as rows in our columns, and those that are none of the format `format_name`, each with its reason."""
    to_row = RECORD_FORMATS[format_name].to_row
    bad: list[BadRecord] = []
    columns: dict[str, list[Any]] = {
        name: [] for name in ("line", "prompt", "answer", "label", "messages", "entities", "meta")
    }
    for line, record in objects.values:
        try:
            if not isinstance(record, dict):
                raise Unusable("not an object")
            parts = to_row(record)
        except (Unusable, KeyError, TypeError, ValueError, AttributeError) as error:
            reason = str(error) if isinstance(error, Unusable) else f"not a {format_name} record: {error!r}"
            bad.append(BadRecord(line, reason, as_json(record)))
            continue
        columns["line"].append(line)
        columns["messages"].append(parts["turns"])
        for name in ("prompt", "answer", "label", "entities"):
            columns[name].append(parts.get(name))
        columns["meta"].append(as_json(parts["rest"]) if parts["rest"] else None)
    frame = pl.DataFrame({name: pl.Series(name, values, COLUMNS[name]) for name, values in columns.items()})
    return frame, bad


def _finished(frame: pl.DataFrame) -> pl.DataFrame:
    """Every column of a dataset, with row numbers, digests and ids.

    An example's id is made of what it says and of how many rows before it say the same, so it stays the same when
    other rows are added to the file or removed from it.
    """
    missing = [pl.lit(None, kind).alias(name) for name, kind in COLUMNS.items() if name not in frame.columns]
    frame = frame.with_columns(missing).with_columns(
        row=pl.int_range(pl.len(), dtype=pl.Int64),
        origin=pl.col("origin").fill_null("domain"),
        weight=pl.col("weight").fill_null(1.0),
    )
    frame = with_content_digest(frame)
    frame = frame.with_columns(
        example_id=pl.format("{}-{}", pl.col("content_digest").str.slice(0, 24), _copies_before(frame))
    )
    return frame.select(pl.col(name).cast(kind) for name, kind in COLUMNS.items())


def _copies_before(frame: pl.DataFrame) -> pl.Series:
    """How many rows before each say the same, shape ``(n_rows,)``; most rows are the only one of their kind."""
    repeated = frame.filter(pl.col("content_digest").hash().is_duplicated()).select(
        "row", before=pl.int_range(pl.len(), dtype=pl.Int64).over("content_digest")
    )
    return pl.zeros(frame.height, pl.Int64, eager=True).scatter(repeated["row"], repeated["before"])
