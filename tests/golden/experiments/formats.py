"""Texts damaged on their way, and dates in more than one way."""

import polars as pl

from tests.golden import inject
from tests.golden.base import ORDERS, SOURCES
from tests.golden.measure import measure
from tests.golden.trial import Experiment, Figure, figures, flagged, planted, run_check, share, world
from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding

#: Injected damage -> the kind of finding that names it.
DAMAGE = {"mojibake": "mojibake", "zero_width": "invisible", "html": "markup", "quoted_reply": "quoted_reply"}


def damage(rows: int, seed: int) -> list[Figure]:
    """Wrong encodings, characters that nobody sees, HTML and quoted mails, in short and in long texts."""
    found: list[Figure] = []
    for words in (12, 60):
        made = world(rows, seed, words)
        inject.damage(made, share(rows, 100))
        corpus, truth = made.corpus()
        findings = run_check("formats", corpus)
        for defect, kind in DAMAGE.items():
            result = measure(flagged(findings, kind), planted(truth, defect))
            found += figures(f"formats_{words}.{defect}", result, precision=0.98, recall=0.98)
    return found


def dates(rows: int, seed: int) -> list[Figure]:
    """Five sources with ways of their own: the order of each is decided, or said not to be told, and never guessed."""
    made = world(rows, seed)
    inject.dates(made)
    corpus, _ = made.corpus()
    findings = {finding.kind: finding for finding in run_check("formats", corpus)}
    told = {one["source"]: one["order"] for one in findings["date_orders"].facts["orders"]}
    numbers = {source: order for source, order in ORDERS.items() if "/" in SOURCES[source]}
    right = sum(told.get(source) == order for source, order in numbers.items())
    unsure = {
        row.text for row in made.rows if row.source == "hotline" and len(set(_numbers(row.facts["received"]))) > 1
    }
    by_text = {row.text: row.facts for row in made.rows}
    kept = _normalized(corpus, findings)
    return [
        Figure("dates.decisions", right / len(numbers), 1.0),
        Figure("dates.sources_too_many", float(len(told.keys() - numbers)), 0, at_most=True),
        Figure("dates.guesses_on_ambiguous", float(sum(text in unsure for text in kept)), 0, at_most=True),
        Figure(
            "dates.wrong_days",
            float(sum(by_text[text]["reported"] not in new for text, new in kept.items())),
            0,
            at_most=True,
        ),
    ]


def dates_mixed(rows: int, seed: int) -> list[Figure]:
    """One date in twenty of two sources in another way: those and no others are told."""
    made = world(rows, seed)
    inject.dates(made)
    inject.strange_dates(made, share(rows, 100))
    corpus, truth = made.corpus()
    findings = {finding.kind: finding for finding in run_check("formats", corpus)}
    result = measure(flagged([findings["dates_mixed"]]), planted(truth, "strange_date"))
    kept = _normalized(corpus, findings)
    by_text = {row.text: row.facts for row in made.rows}
    wrong = sum(by_text[text]["reported"] not in new for text, new in kept.items())
    return [
        *figures("dates_mixed", result, precision=0.98, recall=0.98),
        Figure("dates_mixed.wrong_days", float(wrong), 0, at_most=True),
    ]


def dates_conflict(rows: int, seed: int) -> list[Figure]:
    """Two desks, one day first and one month first, merged into one export: a conflict, and nothing is rewritten."""
    made = world(rows, seed)
    inject.dates(made)
    for row in made.rows:
        row.source = "merged" if row.source in ("app", "kiosk") else row.source
    corpus, _ = made.corpus()
    findings = {finding.kind: finding for finding in run_check("formats", corpus)}
    told = {one["source"]: one["order"] for one in findings["date_orders"].facts["orders"]}
    unclear = {
        row.text
        for row in made.rows
        if row.source == "merged" and max(_numbers(row.facts["received"])) <= 12
        and len(set(_numbers(row.facts["received"]))) > 1
    }  # fmt: skip
    texts = corpus.column("prompt")
    named = {texts[row] for row in findings["dates_conflict"].frame["row"]}
    return [
        Figure("dates_conflict.decisions", float(told["merged"] == "conflict"), 1.0),
        Figure("dates_conflict.recall", len(named & unclear) / len(unclear), 1.0),
        Figure(
            "dates_conflict.guesses", float(sum(t in unclear for t in _normalized(corpus, findings))), 0, at_most=True
        ),
    ]


def _numbers(written: str) -> list[int]:
    """The day and the month of a date in numbers."""
    return [int(part) for part in written.split("/")[:2]]


def _normalized(corpus: Corpus, findings: dict[str, Finding]) -> dict[str, str]:
    """What the fix for dates would make of each text that it changes, asked to mend every row."""
    from tunewright.stages.clean.fixes.normalize_dates import Options, fix

    rows = corpus.scan().collect()
    every = Finding.of(
        rows.select("row", column=pl.lit("prompt")),
        check="formats",
        kind="dates_mixed",
        message="",
        fix="normalize_dates",
    )
    changed = fix(corpus, every, Options()).join(rows, on="row")
    return {before: now for before, now in zip(changed["prompt"], changed["value"], strict=True) if before != now}


EXPERIMENTS: tuple[Experiment, ...] = (damage, dates, dates_mixed, dates_conflict)
