"""The user's file as rows."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tunewright.core.dataset import COLUMNS, MESSAGES, Dataset
from tunewright.core.ingested import Ingested
from tunewright.core.progress import SILENT, Progress
from tunewright.evidence.content import with_content_digest
from tunewright.intake.detect import Detection, detect
from tunewright.intake.settings import DataSettings


@dataclass
class Intake:
    """Rows, quarantine, and the guess."""

    frame: pl.DataFrame
    quarantine: pl.DataFrame
    detection: Detection

    def account(self, dataset: Dataset, file: str, digest: str) -> Ingested:
        """Every record accounted for."""
        return Ingested(
            dataset=dataset, file=file, file_digest=digest, format=self.detection.format,
            mapping=self.detection.columns, records=self.frame.height + self.quarantine.height,
            quarantined=self.quarantine.height, reasons={},
        )


def read(path: Path, settings: DataSettings, *, progress: Progress = SILENT) -> Intake:
    """CSV only, for now."""
    found = detect(path, settings)
    raw = pl.read_csv(path, infer_schema=False)
    n = raw.height
    prompt = raw[found.columns["prompt"]]
    frame = pl.DataFrame({"row": range(n), "line": range(2, n + 2), "prompt": prompt, "label": raw[found.columns["label"]]})
    frame = frame.with_columns(
        task=pl.lit("classify"), origin=pl.lit("domain"), weight=pl.lit(1.0),
        messages=pl.concat_list(pl.struct(role=pl.lit("user"), content="prompt", weight=pl.lit(None, pl.Float64))).cast(MESSAGES),
        example_id=pl.format("e{}", "row"),
    )
    missing = [pl.lit(None, kind).alias(name) for name, kind in COLUMNS.items() if name not in frame.columns]
    frame = with_content_digest(frame.with_columns(missing)).select(pl.col(k).cast(v) for k, v in COLUMNS.items())
    return Intake(frame, pl.DataFrame(), found)
