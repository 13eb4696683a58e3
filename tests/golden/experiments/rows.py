"""Copies, empty texts, wrong labels, contradictions and uneven classes; and a clean base, where nothing is to be found."""

import numpy as np
import polars as pl

from tests.golden import inject
from tests.golden.measure import average_precision, measure
from tests.golden.trial import REPORTED_ON, Experiment, Figure, figures, flagged, planted, run_check, share, world
from tunewright.stages.audit.api import audit
from tunewright.stages.audit.settings import AuditSettings


def exact_duplicates(rows: int, seed: int) -> list[Figure]:
    """Copies in other case, spaces and punctuation."""
    made = world(rows, seed)
    inject.exact_duplicates(made, share(rows, 300))
    corpus, truth = made.corpus()
    found = flagged(run_check("exact_duplicates", corpus), "both")
    result = measure(found, planted(truth, "exact_duplicate"))
    return figures("exact_duplicates", result, precision=1.0, recall=1.0)


def near_duplicates_short(rows: int, seed: int) -> list[Figure]:
    """Copies of texts of about 12 words with one edit."""
    return _near(rows, seed, words=12, edits=1, name="near_duplicates_12", precision=0.80, recall=0.88)


def near_duplicates_two_edits(rows: int, seed: int) -> list[Figure]:
    """Copies of texts of about 12 words with two edits: a sixth of the words may differ."""
    return _near(rows, seed, words=12, edits=2, name="near_duplicates_12_two_edits", precision=0.80, recall=0.80)


def near_duplicates_long(rows: int, seed: int) -> list[Figure]:
    """Copies of texts of about 60 words with one edit."""
    return _near(rows, seed, words=60, edits=1, name="near_duplicates_60", precision=0.99, recall=0.99)


def _near(rows: int, seed: int, *, words: int, edits: int, name: str, precision: float, recall: float) -> list[Figure]:
    from tunewright.similarity.near_duplicates import near_duplicates

    made = world(rows, seed, words)
    inject.near_duplicates(made, share(rows, 500), edits)
    corpus, truth = made.corpus()
    found = set(near_duplicates(corpus)["row"].to_list())
    return figures(name, measure(found, planted(truth, "near_duplicate")), precision=precision, recall=recall)


def missing(rows: int, seed: int) -> list[Figure]:
    """Placeholders that a dictionary knows, and forms that it does not."""
    made = world(rows, seed)
    inject.missing(made, share(rows, 200), share(rows, 50), held_out=seed in REPORTED_ON)
    corpus, truth = made.corpus()
    found = flagged(run_check("missing", corpus))
    seen, unseen = planted(truth, "missing_seen"), planted(truth, "missing_unseen")
    both = measure(found, seen | unseen)
    return [
        Figure("missing.precision", both.precision.value, 0.98, both.precision.low, both.precision.high),
        Figure("missing.recall_seen", measure(found, seen, ignore=unseen).recall.value, 0.98),
        Figure("missing.recall_unseen", measure(found, unseen, ignore=seen).recall.value, 0.80),
    ]


def conflicts(rows: int, seed: int) -> list[Figure]:
    """Copies, exact and near, under another label."""
    made = world(rows, seed)
    inject.conflicts(made, share(rows, 100), share(rows, 100))
    inject.exact_duplicates(made, share(rows, 100))  # copies that agree are no conflict
    corpus, truth = made.corpus()
    found = flagged(run_check("conflicts", corpus))
    result = measure(found, planted(truth, "conflict_exact", "conflict_near"))
    return figures("conflicts", result, precision=0.95, recall=0.95)


def label_flips(rows: int, seed: int) -> list[Figure]:
    """Every tenth label wrong: any class, or the one it is mixed up with."""
    return [
        *_flips(rows, seed, "label_noise.uniform_10", 0.10, confusable=False, bar=0.95),
        *_flips(rows, seed, "label_noise.confusable_10", 0.10, confusable=True, bar=0.85),
    ]


def label_flips_rare(rows: int, seed: int) -> list[Figure]:
    """Three labels in a hundred wrong."""
    return [
        *_flips(rows, seed, "label_noise.uniform_3", 0.03, confusable=False, bar=0.95),
        *_flips(rows, seed, "label_noise.confusable_3", 0.03, confusable=True, bar=0.85),
    ]


def _flips(rows: int, seed: int, name: str, part: float, *, confusable: bool, bar: float) -> list[Figure]:
    from tunewright.similarity.text_features import text_features
    from tunewright.stages.audit.checks.label_noise import Options, out_of_fold

    made = world(rows, seed)
    inject.label_flips(made, round(rows * part), confusable=confusable)
    corpus, truth = made.corpus()
    names = corpus.column("label")
    classes = names.unique().sort()
    labels = names.replace_strict(classes, pl.Series(range(len(classes))), return_dtype=pl.Int64).to_numpy()
    options = Options()
    probabilities = out_of_fold(text_features(corpus, seed=options.seed), labels, len(classes), options)
    wrong = np.zeros(len(labels), bool)
    wrong[truth["row"].to_numpy()] = True
    own = probabilities[np.arange(len(labels)), labels]
    result = measure(flagged(run_check("label_noise", corpus)), planted(truth, "label_flip"))
    return [
        # Ranked by margin: by 1 - own probability, texts too vague for any class come before wrong labels. The
        # choice was made on seed 0; the other ranking is reported beside it.
        Figure(f"{name}.average_precision", average_precision(probabilities.max(axis=1) - own, wrong), bar),
        Figure(f"{name}.average_precision_by_own_probability", average_precision(1 - own, wrong), None),
        # What is flagged goes to a person: three of four flags must be worth the look (notes: P .76, R .86 on banking
        # queries); the floor under recall is ours, below the .65 of the hardest case on seed 0.
        Figure(f"{name}.precision", result.precision.value, 0.75, result.precision.low, result.precision.high),
        Figure(f"{name}.recall", result.recall.value, 0.60, result.recall.low, result.recall.high),
    ]


def class_imbalance(rows: int, seed: int) -> list[Figure]:
    """A 95/5 split, a long tail, and even classes: the rule fires exactly where it should."""
    cases = {
        "95_5": ({"tire": rows // 15, "lock": rows // 285}, True),
        "long_tail": ({name: max(2, rows // 14 >> number) for number, name in enumerate(inject.CONFUSED)}, True),
        "even": (dict.fromkeys(inject.CONFUSED, rows // 14), False),
    }
    right = 0
    for sizes, fires in cases.values():
        made = world(rows, seed)
        inject.imbalance(made, sizes)
        kinds = {finding.kind for finding in run_check("class_imbalance", made.corpus()[0])}
        right += ("shares" in kinds) == fires
    return [Figure("class_imbalance.decisions", right / len(cases), 1.0)]


def all_at_once(rows: int, seed: int) -> list[Figure]:
    """Every defect of a classification set in one table: no check suffers from the others' rows."""
    made = world(rows, seed)
    inject.everything(made)
    corpus, truth = made.corpus()
    clashing = planted(truth, "conflict_exact", "conflict_near")
    copies = planted(truth, "exact_duplicate")
    empty = planted(truth, "missing_seen", "missing_unseen")
    duplicates = measure(flagged(run_check("exact_duplicates", corpus), "both"), copies, ignore=empty)
    contradictions = measure(flagged(run_check("conflicts", corpus)), clashing, ignore=empty)
    nothing = measure(flagged(run_check("missing", corpus)), empty)
    return [
        *figures("all.exact_duplicates", duplicates, precision=1.0, recall=1.0),
        *figures("all.conflicts", contradictions, precision=0.95, recall=0.95),
        *figures("all.missing", nothing, precision=0.98, recall=0.85),  # known and unknown forms, four to one,
    ]


#: Kinds of personal data that the clean base itself holds.
THERE = {"pii.person", "pii.place", "pii.street_address", "pii.date_of_birth"}


def clean(rows: int, seed: int) -> list[Figure]:
    """Nothing planted: how many rows are flagged all the same, check by check, and the score."""
    found = []
    for words in (12, 60):
        corpus, _ = world(rows, seed, words).corpus()
        report = audit(corpus, AuditSettings())
        found.append(Figure(f"clean_{words}.quality_score", report.quality.value, 97.0))
        for run in report.checks:
            kept = [f for f in report.findings if f.check == run.check and f.severity != "info"]
            # The base sends its riders to Dyer Street and Rook Hill "on my birthday (2025-09-29)": places and birth days
            # are there to be found, and are reported without a bar. Every other kind has one.
            names = [f for f in kept if f.name in THERE]
            if run.skipped is None:
                rate = len(flagged(f for f in kept if f not in names)) / rows
                found.append(Figure(f"clean_{words}.false_flags.{run.check}", rate, 0.02, at_most=True))
            if names:
                rate = len(flagged(iter(names))) / rows
                found.append(Figure(f"clean_{words}.flags.places_and_birthdays", rate, None))
    return found


EXPERIMENTS: tuple[Experiment, ...] = (
    exact_duplicates,
    near_duplicates_short,
    near_duplicates_two_edits,
    near_duplicates_long,
    missing,
    conflicts,
    label_flips,
    label_flips_rare,
    class_imbalance,
    all_at_once,
    clean,
)
