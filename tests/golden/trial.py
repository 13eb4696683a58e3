"""What every golden experiment needs: a world with planted defects, a check run on it, figures with their bars."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import polars as pl

from tests.golden.base import Example, clean_base
from tests.golden.inject import World
from tests.golden.measure import Measured
from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.stages.audit.api import CHECKS

FROZEN_ON, REPORTED_ON = (0, 1), (2, 3, 4)


@dataclass(frozen=True)
class Figure:
    """One figure of one run: its bar is a minimum, or a maximum where `at_most`; without a bar it is only told."""

    name: str
    value: float
    bar: float | None
    low: float | None = None
    high: float | None = None
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure reaches its bar, if it has one."""
        if self.bar is None:
            return True
        return self.value <= self.bar if self.at_most else self.value >= self.bar


Experiment = Callable[[int, int], list[Figure]]


def world(rows: int, seed: int, words: int = 12) -> World:
    """A clean world with its own random source for the defects."""
    # Making a base takes longer than most checks, so it is made once and copied.
    base = [replace(row, facts=dict(row.facts)) for row in _base(rows, words, seed)]
    return World(base, random.Random(f"defects-{seed}"))


@lru_cache(maxsize=8)
def _base(rows: int, words: int, seed: int) -> tuple[Example, ...]:
    return tuple(clean_base(rows, words, seed))


def run_check(name: str, corpus: Corpus) -> tuple[Finding, ...]:
    """What one check of the shelf finds, with its default options."""
    module = CHECKS.load(name)
    found: tuple[Finding, ...] = module.check(corpus, module.Options())
    return found


def flagged(findings: Iterable[Finding], *kinds: str) -> set[int]:
    """Rows of findings of these kinds (all when none is named), with the rows they point at."""
    rows: set[int] = set()
    for finding in findings:
        if not kinds or finding.kind in kinds:
            rows |= set(finding.frame["row"].to_list())
            if "other" in finding.frame.columns:
                rows |= set(finding.frame["other"].drop_nulls().to_list())
    return rows


def planted(truth: pl.DataFrame, *defects: str) -> set[int]:
    """Rows with these defects and the rows they go with: which of two copies is the copy cannot be told."""
    rows = truth.filter(pl.col("defect").is_in(defects))
    return set(rows["row"].to_list()) | set(rows["other"].drop_nulls().to_list())


def figures(name: str, result: Measured, *, precision: float, recall: float) -> list[Figure]:
    """Precision and recall with their bars."""
    return [
        Figure(f"{name}.precision", result.precision.value, precision, result.precision.low, result.precision.high),
        Figure(f"{name}.recall", result.recall.value, recall, result.recall.low, result.recall.high),
    ]


def share(rows: int, per_10k: int) -> int:
    """A count given per 10,000 rows, for a base of `rows`, at least 20 so that a figure means something."""
    return max(20, round(rows * per_10k / 10_000))
