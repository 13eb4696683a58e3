"""Rows that ask the same and are labelled differently or answered with other facts: a model cannot learn both.

Every row of a group that holds more than one label, or answers that contradict each other, is concerned, because
nothing in the data says which is right. Kinds: ``exact`` compares normalized prompts and blocks; ``near`` compares
near-duplicate clusters and warns, since a changed word can change the label. ``answer_exact`` and ``answer_near`` do it
for answers in words, the latter where the questions differ in words that say little: yes against no, other numbers,
amounts, dates, addresses, or a sentence and its negation (:mod:`tunewright.text.claims`). Answers that differ in
wording only are no conflict; those that share next to nothing with the others are for the check ``answer_noise``.
"""

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding, NotChecked, Severity
from tunewright.core.frozen import Frozen
from tunewright.similarity.answer_groups import answer_groups
from tunewright.similarity.exact import exact_groups
from tunewright.similarity.near_duplicates import near_duplicates
from tunewright.text.claims import claims, contradicting
from tunewright.text.placeholders import says_nothing


class Options(Frozen):
    """How far apart two texts may be and still be called the same."""

    near: bool = Field(True, description="Also compare near-duplicate clusters, as a warning.")


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Rows in a group of equal or near-equal prompts with more than one label, or with answers that contradict."""
    rows = corpus.scan("row", "line", "label", "prompt").collect()
    written = corpus.column("answer").null_count() < rows.height
    if rows["label"].null_count() == rows.height and not written:
        raise NotChecked("the rows have no labels and no answers")
    # Two empty messages contradict each other no more than two blank pages do; the missing check has them.
    labels = rows.join(says_nothing(rows, "prompt"), on="row", how="anti").drop("prompt")
    exact = _contradicting(exact_groups(corpus, "prompt"), labels)
    findings = [
        _finding(exact, "exact", "blocking", "labelled {label!r}; line {other_line} asks the same: {other_label!r}")
    ]
    if options.near:
        near = _contradicting(near_duplicates(corpus).select("row", "representative"), labels)
        near = near.join(exact, on="row", how="anti")
        message = "labelled {label!r}; line {other_line} is nearly the same: {other_label!r}"
        findings.append(_finding(near, "near", "warning", message))
    if written:
        findings += _answers(corpus, near=options.near)
    return tuple(finding for finding in findings if finding.rows)


def _answers(corpus: Corpus, *, near: bool) -> list[Finding]:
    """Answers to one question that cannot all be true, and to nearly the same question."""
    exact = _at_odds(answer_groups(corpus, near=False))
    message = "answers {said!r}; line {other_line} answers the same question with {other_said!r}"
    findings = [_finding(exact, "answer_exact", "blocking", message)]
    if near:
        alike = _at_odds(answer_groups(corpus, near=True)).join(exact, on="row", how="anti")
        message = "answers {said!r}; line {other_line} answers nearly the same question with {other_said!r}"
        findings.append(_finding(alike, "answer_near", "warning", message))
    return findings


def _at_odds(groups: pl.DataFrame) -> pl.DataFrame:
    differing = groups.filter(pl.col("answer").n_unique().over("group") > 1)
    conflicting = contradicting(
        claims(differing.select("row", text="answer", asked="prompt")), differing.select("row", "group")
    )
    lines = groups.select(other="row", other_line="line")
    return conflicting.join(lines, on="other", how="left").select(
        "row", "kind", "said", "other", "other_line", "other_said", "group"
    )


def _contradicting(groups: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Rows whose group has several labels, each with the first row of the group that is labelled otherwise."""
    labelled = groups.join(labels, on="row", how="left").drop_nulls("label")
    mixed = labelled.filter(pl.col("label").n_unique().over("representative") > 1)
    first = mixed.sort("row").group_by("representative", "label", maintain_order=True).first()
    pairs = mixed.join(
        first.select("representative", other="row", other_line="line", other_label="label"), on="representative"
    ).filter(pl.col("label") != pl.col("other_label"))
    return (
        pairs.sort("row", "other")
        .unique("row", keep="first", maintain_order=True)
        .select("row", "label", "other", "other_line", "other_label", group="representative")
    )


def _finding(rows: pl.DataFrame, kind: str, severity: Severity, message: str) -> Finding:
    return Finding.of(rows, check="conflicts", kind=kind, severity=severity, message=message)
