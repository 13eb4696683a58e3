"""Terms that the documents of a domain use and no training row has."""

from tests.golden import inject
from tests.golden.trial import Experiment, Figure, run_check, world

TERMS, DOCUMENTS, FIRST = 50, 600, 100


def terminology(rows: int, seed: int) -> list[Figure]:
    """Fifty invented parts of bicycles in 600 documents: how many are among the first hundred of the list."""
    made = world(rows, seed)
    planted = set(inject.terminology(made, TERMS, DOCUMENTS))
    corpus, _ = made.corpus()
    gaps = next(finding for finding in run_check("terminology", corpus) if finding.kind == "gaps")
    ranked = gaps.facts["ranked"]
    first = {entry["term"] for entry in ranked[:FIRST]}
    # The rows hold none of them, so every planted term that is listed must want the full number.
    wanted = [entry["wanted_rows"] for entry in ranked if entry["term"] in planted]
    return [
        Figure("terminology.recall_at_100", len(first & planted) / TERMS, 0.90),
        Figure("terminology.quota_right", sum(one == 5 for one in wanted) / TERMS, 1.0),
        Figure("terminology.recall_at_50", len({e["term"] for e in ranked[:TERMS]} & planted) / TERMS, None),
    ]


EXPERIMENTS: tuple[Experiment, ...] = (terminology,)
