"""Rows judged by three of five people, one of whom is often wrong."""

from tests.golden import inject
from tests.golden.measure import measure
from tests.golden.trial import Experiment, Figure, figures, flagged, planted, run_check, share, world
from tunewright.stages.audit.checks.annotators import ratings_of
from tunewright.stats.annotator_agreement import annotator_quality

RIGHT = {"ada": 0.96, "bo": 0.95, "cleo": 0.94, "dov": 0.92}


def annotators(rows: int, seed: int) -> list[Figure]:
    """Rows without a majority, rows labelled against it, and the person who is right in every second case."""
    made = world(rows, seed)
    right = RIGHT | {"eli": 0.5}
    inject.annotators(made, right)
    inject.overruled(made, share(rows, 100))
    corpus, truth = made.corpus()
    findings = run_check("annotators", corpus)
    result = measure(flagged(findings), planted(truth, "disagreement", "overruled"))
    named = [row[0] for finding in findings if finding.kind == "annotator" for row in finding.facts["annotators"]]
    quality = dict(annotator_quality(ratings_of(corpus)).select("rater", "quality").rows())
    return [
        *figures("annotators.disagreement", result, precision=0.95, recall=0.95),
        Figure("annotators.named_alone", float(named == ["eli"]), 1.0),
        Figure(
            "annotators.quality_error",
            max(abs(quality[who] - share) for who, share in right.items()),
            0.05,
            at_most=True,
        ),
    ]


def good_annotators(rows: int, seed: int) -> list[Figure]:
    """Five careful people: nobody is named."""
    made = world(rows, seed)
    inject.annotators(made, RIGHT | {"eli": 0.9})
    findings = run_check("annotators", made.corpus()[0])
    return [
        Figure("annotators.good_ones_named", float(any(f.kind == "annotator" for f in findings)), 0.0, at_most=True)
    ]


EXPERIMENTS: tuple[Experiment, ...] = (annotators, good_annotators)
