"""The golden experiments: defects planted in a clean base, a check run on it, figures held against their bars.

The tests run them small; ``benchmarks/golden.py`` runs them at 10,000 rows. Bars are those of the checks' first
targets, fixed on seeds 0 and 1 and reported on seeds 2 to 4.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from tests.golden import inject
from tests.golden.base import clean_base
from tests.golden.inject import World
from tests.golden.measure import Measured, average_precision, measure
from tunewright.audit.room import CHECKS, audit
from tunewright.audit.settings import AuditSettings
from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding

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
    return World(clean_base(rows, words, seed), random.Random(f"defects-{seed}"))


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


# ------------------------------------------------------------------ experiments


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
    from tunewright.evidence.near_duplicates import near_duplicates

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
    from tunewright.audit.checks.label_noise import Options, out_of_fold
    from tunewright.evidence.text_features import text_features

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


EXPERIMENTS: dict[str, Experiment] = {
    function.__name__: function
    for function in (
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
}
