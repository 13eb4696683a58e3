"""Findings made by hand, and what a fix makes of them."""

from typing import Any

import polars as pl

from tunewright.core.audit_report import AuditReport
from tunewright.core.corpus import Corpus
from tunewright.core.edit import Edit
from tunewright.core.finding import Finding
from tunewright.core.score import Score
from tunewright.stages.clean.api import FIXES, clean
from tunewright.stages.clean.settings import CleanSettings


def finding(rows: dict[str, list[Any]], fix: str, name: str = "formats.mojibake") -> Finding:
    """A finding over `rows` (columns by name) that asks for `fix`."""
    check, kind = name.split(".")
    return Finding.of(pl.DataFrame(rows), check=check, kind=kind, message="", fix=fix)


def changes(world: Corpus, found: Finding, **options: Any) -> pl.DataFrame:
    """What the fix that `found` asks for would change."""
    assert found.fix
    module = FIXES.load(found.fix)
    made: pl.DataFrame = module.fix(world, found, module.Options(**options))
    return made


def cleaned(world: Corpus, *found: Finding, **settings: Any) -> tuple[pl.DataFrame, tuple[Edit, ...]]:
    """The corpus after these findings were mended, nothing held back."""
    report = AuditReport(
        dataset=world.dataset, quality=Score(metric="quality_score", value=100.0, n=1), checks=(), findings=found
    )
    return clean(world, report, CleanSettings(**{"max_removed": 1.0, **settings}), who="dana")
