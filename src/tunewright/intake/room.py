"""The user's file as rows in our columns; what cannot be read is set aside with its line and its reason."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tunewright.core.dataset import COLUMNS, MESSAGES, Dataset
from tunewright.core.errors import UserError
from tunewright.core.ingested import Ingested
from tunewright.core.progress import SILENT, Progress
from tunewright.evidence.content import with_content_digest
from tunewright.intake.detect import Detection, Opened, open_file, parse, tabulate
from tunewright.intake.json_text import SPLITS
from tunewright.intake.records import Bad, Objects, Table, quarantine
from tunewright.intake.settings import DataSettings
from tunewright.intake.shapes import SHAPES, Unusable


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
        )


def read(path: Path, settings: DataSettings, *, progress: Progress = SILENT) -> Intake:
    """The rows of the file at `path`.

    Raises:
        UserError: E-DATA-… with what is wrong with the file and how to mend it.
    """
    progress.start(f"read {path.name}", None, "")
    intake = rows_of(open_file(path, settings))
    progress.finish()
    if intake.frame.is_empty():
        first = intake.quarantine["reason"][0] if intake.quarantine.height else "no records"
        raise UserError(
            "E-DATA-010", f"No row of {path.name} can be used: {first}.", fix="Mend the file and run again."
        )
    return intake


def read_table(path: Path) -> pl.DataFrame:
    """The records of any file in its own columns, for labelling; plain text is one text a line."""
    if path.suffix == ".txt":
        return pl.DataFrame({"text": path.read_text(encoding="utf-8").splitlines()})
    parsed = parse(path, DataSettings())
    return (parsed if isinstance(parsed, Table) else tabulate(parsed, path.name)).frame


def rows_of(opened: Opened) -> Intake:
    """What was opened, in our columns."""
    if opened.shaped is not None:
        frame, bad = _from_shapes(opened.shaped)
    else:
        assert opened.table is not None
        frame, bad = _from_table(opened.table, opened.detection), opened.table.bad
    frame = _finished(frame.with_columns(task=pl.lit(opened.detection.task)))
    return Intake(frame, quarantine(bad), opened.detection)


def _from_table(table: Table, detection: Detection) -> pl.DataFrame:
    columns, source = detection.columns, table.frame
    frame = source.select(
        line=pl.Series(table.lines, dtype=pl.Int64),
        **{role: pl.col(name).cast(pl.String) for role, name in columns.items() if role != "weight"},
        meta=_meta(source, [name for name in source.columns if name not in columns.values()]),
    )
    if "weight" in columns:
        frame = frame.with_columns(weight=source[columns["weight"]].cast(pl.Float64, strict=False))
    if "label" in columns:
        frame = frame.with_columns(pl.col("label").str.strip_chars())
    if "split" in columns:
        frame = frame.with_columns(pl.col("split").str.to_lowercase().replace(SPLITS))
    return frame.with_columns(messages=_turns(frame.columns))


def _turns(columns: list[str]) -> pl.Expr:
    """System, user and assistant turns from flat columns."""

    def turn(role: str, column: str) -> pl.Expr:
        return pl.struct(role=pl.lit(role), content=pl.col(column), weight=pl.lit(None, pl.Float64))

    roles = {"system": "system", "user": "prompt", "assistant": "answer"}
    return pl.concat_list([turn(role, name) for role, name in roles.items() if name in columns]).cast(MESSAGES)


def _meta(source: pl.DataFrame, names: list[str]) -> pl.Expr:
    return pl.struct(names).struct.json_encode() if names else pl.lit(None, pl.String)


def _from_shapes(objects: Objects) -> tuple[pl.DataFrame, list[Bad]]:
    """Records of a known shape; each becomes a row or says why not."""
    shape = SHAPES[objects.format][1]
    bad = list(objects.bad)
    columns: dict[str, list[Any]] = {
        name: [] for name in ("line", "prompt", "answer", "label", "messages", "entities", "meta")
    }
    for line, record in objects.values:
        try:
            if not isinstance(record, dict):
                raise Unusable("not an object")
            shaped = shape(record)
        except (Unusable, KeyError, TypeError, ValueError, AttributeError) as error:
            reason = str(error) if isinstance(error, Unusable) else f"not a {objects.format} record: {error!r}"
            bad.append(Bad(line, reason, json.dumps(record, ensure_ascii=False, default=str)))
            continue
        columns["line"].append(line)
        columns["messages"].append(shaped["turns"])
        for name in ("prompt", "answer", "label", "entities"):
            columns[name].append(shaped.get(name))
        columns["meta"].append(json.dumps(shaped["rest"], ensure_ascii=False) if shaped["rest"] else None)
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
    copy = pl.int_range(pl.len()).over("content_digest")
    frame = frame.with_columns(example_id=pl.format("{}-{}", pl.col("content_digest").str.slice(0, 24), copy))
    return frame.select(pl.col(name).cast(kind) for name, kind in COLUMNS.items())
