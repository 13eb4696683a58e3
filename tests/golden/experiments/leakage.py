"""Rows that the test side of a split, or a file of questions to be judged on, already holds."""

import polars as pl

from tests.golden import inject
from tests.golden.measure import measure
from tests.golden.trial import Experiment, Figure, figures, flagged, planted, run_check, share, world


def leakage_split(rows: int, seed: int) -> list[Figure]:
    """Copies of training rows among the test rows, exact and with one edit."""
    found: list[Figure] = []
    for words in (12, 60):
        made = world(rows, seed, words)
        inject.leakage(made, share(rows, 75), share(rows, 75))
        corpus, truth = made.corpus()
        findings = run_check("leakage", corpus)
        found += _figures(f"leakage_{words}", flagged(findings, "exact"), flagged(findings, "near"), truth, "leak")
    return found


def leakage_evaluation(rows: int, seed: int) -> list[Figure]:
    """Copies of rows in an evaluation file that also holds questions of its own; no split is given."""
    found: list[Figure] = []
    for words in (12, 60):
        made = world(rows, seed, words)
        inject.evaluation(made, share(rows, 75), share(rows, 75), share(rows, 300))
        corpus, truth = made.corpus()
        findings = run_check("leakage", corpus)
        exact, near = flagged(findings, "evaluation_exact"), flagged(findings, "evaluation_near")
        found += _figures(f"leakage_evaluation_{words}", exact, near, truth, "given_away")
        found.append(Figure(f"leakage_evaluation_{words}.right_line", _right_lines(findings, truth), 0.98))
    return found


def _figures(name: str, exact: set[int], near: set[int], truth: pl.DataFrame, defect: str) -> list[Figure]:
    """An edit of a number or a sign can leave the words as they were, so exact rows may hold edited copies too."""
    copies, edited = planted(truth, f"{defect}_exact"), planted(truth, f"{defect}_near")
    return [
        *figures(f"{name}.exact", measure(exact, copies, ignore=edited), precision=1.0, recall=1.0),
        *figures(f"{name}.all", measure(exact | near, copies | edited), precision=0.98, recall=0.98),
    ]


def _right_lines(findings: object, truth: pl.DataFrame) -> float:
    """Share of the rows found that name the very line of the evaluation file."""
    named = pl.concat([finding.frame.select("row", "evaluation_line") for finding in findings])  # type: ignore[attr-defined]
    told = named.join(truth, on="row")
    return float((told["evaluation_line"] == told["detail"].cast(pl.Int64)).mean() or 0.0)


EXPERIMENTS: tuple[Experiment, ...] = (leakage_split, leakage_evaluation)
