"""Projects and populations of which the truth is known."""

from pathlib import Path

import numpy as np
import polars as pl
from tests.worlds import of, rows

from tunewright.core.audit_report import AuditReport
from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.project import Project
from tunewright.stages.review.sample import draw
from tunewright.stats.wilson import wilson_score

TEXTS = [
    "I lost my {} card",
    "my {} card is gone",
    "pay {} euros please",
    "the app forgot {}",
    "locked out of {} again",
]
LABELS = ["card", "card", "pay", "app", "app"]


def project(folder: Path, n: int = 120, *, gate: str = ">= 85", task: str = "classify") -> Project:
    """A project of `n` different tickets; one check is named, so that an audit takes no time."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [TEXTS[i % 5].format(f"number{i}") for i in range(n)]
    targets = [LABELS[i % 5] if task == "classify" else f"We will see to {texts[i]}." for i in range(n)]
    column = {"classify": "label", "reply": "answer"}[task]
    pl.DataFrame({"text": texts, column: targets}).write_csv(folder / "t.csv")
    (folder / "tunewright.yaml").write_text(
        f"name: desk\ndata: {{file: t.csv, task: {task}, columns: {{prompt: text, {column}: {column}}}}}\n"
        f"audit: {{checks: {{missing: {{}}, exact_duplicates: {{}}}}}}\ngates: {{audit.quality_score: '{gate}'}}\n"
    )
    return Project.open(folder)


def report(corpus: Corpus, *findings: Finding) -> AuditReport:
    quality = wilson_score("quality_score", 1, 1, scale=100, unit="points")
    return AuditReport(dataset=corpus.dataset, quality=quality, checks=(), findings=findings)


def finding(name: str, hit: list[int] | np.ndarray, severity: str = "warning", **columns: list) -> Finding:
    check, kind = name.split(".")
    frame = pl.DataFrame({"row": pl.Series(hit, dtype=pl.Int64), **columns})
    return Finding.of(frame, check=check, kind=kind, message="found here", severity=severity)


def population(n: int, classes: int = 3) -> Corpus:
    """`n` tickets of three classes, the second twice as large as the first and so on."""
    labels = [f"c{min(i % (2**classes - 1) + 1, 2**classes - 1).bit_length() - 1}" for i in range(n)]
    frame = rows([f"ticket {i}" for i in range(n)], labels, content_digest=[f"d{i}" for i in range(n)])
    return of(frame)


def sample(corpus: Corpus, audit: AuditReport, n: int, seed: int = 0, known: pl.Series | None = None):
    known = pl.Series("example_id", [], pl.String) if known is None else known
    return draw(corpus, audit, n=n, seed=seed, known=known, who="ann", when="2026-01-01T00:00:00.000+00:00")


def decided(corpus: Corpus, examples: pl.Series, bad: np.ndarray) -> pl.DataFrame:
    """Reviews of the `examples` (ids) by someone who knows the truth; `bad` by row."""
    frame = corpus.scan("row", "example_id", "content_digest").collect()
    read = pl.DataFrame({"example_id": examples}).join(frame, on="example_id", how="left", maintain_order="left")
    verdict = np.where(bad[read["row"].to_numpy()], "defective", "ok")
    nothing = pl.lit(None, pl.String)
    return read.select(
        "example_id", "content_digest", verdict=pl.Series(verdict), new_label=nothing, new_answer=nothing,
        reviewer=pl.lit("ann"), note=nothing,
    )  # fmt: skip
