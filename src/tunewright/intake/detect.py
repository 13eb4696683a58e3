"""The guess about a file."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.intake.settings import DataSettings


class Detection(Frozen):
    """Format, task and columns."""

    format: str
    task: Task
    columns: Mapping[str, str]
    confidence: float
    reasons: tuple[str, ...]
    preview: tuple[Mapping[str, str], ...]


def detect(path: Path, settings: DataSettings) -> Detection:
    """CSV only, for now."""
    frame = pl.read_csv(path, infer_schema=False)
    columns = dict(settings.columns) or {"prompt": frame.columns[0], "label": frame.columns[1]}
    preview = tuple({k: str(v) for k, v in row.items()} for row in frame.head(5).to_dicts())
    return Detection(format="csv", task="classify", columns=columns, confidence=1.0, reasons=(), preview=preview)
