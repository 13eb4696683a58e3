"""Tickets told again in other words, beside tickets that only look like it."""

from tests.golden import inject
from tests.golden.measure import measure
from tests.golden.trial import Experiment, Figure, share, world
from tunewright.stages.audit.checks.semantic_duplicates import Options, check


def semantic_duplicates(rows: int, seed: int) -> list[Figure]:
    """Restatements to be found; the same with another number, place or a denial to be left alone."""
    return [
        # Lexical vectors cannot see these restatements, which share no word but the number; they must not invent any.
        *_figures(rows, seed, "tfidf"),
        *_figures(rows, seed, "all-MiniLM-L6-v2"),
    ]


def _figures(rows: int, seed: int, model: str) -> list[Figure]:
    made = world(rows, seed)
    inject.semantic_duplicates(made, share(rows, 300))
    inject.hard_negatives(made, share(rows, 300))
    corpus, truth = made.corpus()
    found = {
        (min(pair), max(pair))
        for finding in check(corpus, Options(model=model))
        for pair in finding.frame.select("row", "other").rows()
    }
    told = {
        defect: {(min(row, other), max(row, other)) for row, kind, other, _ in truth.rows() if kind == defect}
        for defect in ("semantic_duplicate", "hard_negative")
    }
    numbered = {pair: at for at, pair in enumerate(found | told["semantic_duplicate"])}
    result = measure((numbered[p] for p in found), (numbered[p] for p in told["semantic_duplicate"]))
    merged = len(found & told["hard_negative"]) / len(told["hard_negative"])
    name = "semantic_duplicates." + ("tfidf" if model == "tfidf" else "encoder")
    return [
        Figure(f"{name}.precision", result.precision.value, 0.90, result.precision.low, result.precision.high),
        # No target is set for how many are found: a pair is only called the same where its names are the same.
        Figure(f"{name}.recall", result.recall.value, None, result.recall.low, result.recall.high),
        Figure(f"{name}.false_merges", merged, 0.02, at_most=True),
    ]


EXPERIMENTS: tuple[Experiment, ...] = (semantic_duplicates,)
