"""Foreign rows among rows of a domain that is known from 500 documents."""

import numpy as np

from tests.golden import inject
from tests.golden.base import clean_base
from tests.golden.trial import Experiment, Figure, flagged, planted, run_check, world
from tunewright.core.context import Context
from tunewright.similarity.domain import judge

DOCUMENTS = 500


def foreign_domain(rows: int, seed: int) -> list[Figure]:
    """Every tenth row is from a kitchen; the references are 500 other reports to the bicycle service."""
    from sklearn.metrics import roc_auc_score

    made = world(rows, seed)
    inject.foreign_domain(made, rows // 10)
    corpus, truth = made.corpus()
    corpus.context = _documents(seed)
    wrong = np.zeros(len(corpus), bool)
    wrong[list(planted(truth, "foreign_domain"))] = True
    scores = judge(corpus.context.references, corpus.column("prompt")).scores
    first = np.argsort(scores, kind="stable")[: int(wrong.sum())]
    findings = run_check("domain_mismatch", corpus)
    found = np.zeros(len(corpus), bool)
    found[list(flagged(findings, "rows"))] = True
    blocks = next((f.facts["blocks"]["name"] for f in findings if f.kind == "blocks"), [])
    return [
        Figure("domain_mismatch.auroc", float(roc_auc_score(wrong, -scores)), 0.95),
        Figure("domain_mismatch.precision_at_k", float(wrong[first].mean()), 0.75),
        Figure("domain_mismatch.false_alarms", float(found[~wrong].mean()), 0.02, at_most=True),
        Figure("domain_mismatch.recall", float(found[wrong].mean()), None),
        Figure("domain_mismatch.block_named", float(blocks == ["web"]), 1.0),
    ]


def domain_of_nothing_foreign(rows: int, seed: int) -> list[Figure]:
    """No foreign row at all: what is flagged, in texts of about 12 and of about 60 words, is a false alarm."""
    found = []
    for words in (12, 60):
        corpus, _ = world(rows, seed, words).corpus()
        corpus.context = _documents(seed, words)
        findings = run_check("domain_mismatch", corpus)
        rate = len(flagged(findings, "rows")) / rows
        found.append(Figure(f"domain_mismatch.false_alarms_clean_{words}", rate, 0.02, at_most=True))
    return found


def _documents(seed: int, words: int = 12) -> Context:
    return Context(tuple(example.text for example in clean_base(DOCUMENTS, words, seed + 1000)))


EXPERIMENTS: tuple[Experiment, ...] = (foreign_domain, domain_of_nothing_foreign)
