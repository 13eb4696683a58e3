"""Triggers of three kinds in 20, 50 and 100 of 10,000 rows, all filed in one class; and nothing planted at all."""

import polars as pl

from tests.golden import inject
from tests.golden.measure import measure
from tests.golden.trial import Experiment, Figure, flagged, planted, run_check, world
from tunewright.stages.audit.checks.poison import Options, suspects

#: Rows per 10,000, at least as many as the check wants to see.
PLANTED = (20, 50, 100)


def poison(rows: int, seed: int) -> list[Figure]:
    """The planted trigger among all n-grams, and the rows that are flagged."""
    return [
        figure for kind in inject.TRIGGERS for per_10k in PLANTED for figure in _planted(rows, seed, kind, per_10k)
    ] + [_clean(rows, seed, words) for words in (12, 60)]


def _planted(rows: int, seed: int, kind: str, per_10k: int) -> list[Figure]:
    made = world(rows, seed)
    inject.poison(made, max(8, round(rows * per_10k / 10_000)), kind)
    corpus, truth = made.corpus()
    # Parts of a phrase are that phrase; what counts is how many strangers stand before the first of them.
    ranked = suspects(corpus, Options())["gram"].to_list()
    trigger = f" {inject.TRIGGERS[kind]} ".replace("-", " - ")
    rank = next((at for at, gram in enumerate(ranked, 1) if f" {gram} " in trigger), len(ranked) + 1)
    result = measure(flagged(run_check("poison", corpus), "trigger"), planted(truth, "poison"))
    name = f"poison.{kind}_{per_10k}"
    return [
        Figure(f"{name}.rank", float(rank), 5, at_most=True),
        Figure(f"{name}.precision", result.precision.value, 0.95, result.precision.low, result.precision.high),
        Figure(f"{name}.recall", result.recall.value, 0.95, result.recall.low, result.recall.high),
    ]


def _clean(rows: int, seed: int, words: int) -> Figure:
    corpus, _ = world(rows, seed, words).corpus()
    found = pl.concat([pl.Series([0]), *(finding.frame["row"] for finding in run_check("poison", corpus))])
    return Figure(f"poison.clean_{words}.false_flags", (len(found) - 1) / rows, 0.0, at_most=True)


EXPERIMENTS: tuple[Experiment, ...] = (poison,)
