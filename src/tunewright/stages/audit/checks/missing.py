"""Rows without a usable text, answer or label: empty, a placeholder, a template left in, or a refusal.

Playbook: "missing values in critical fields". The critical fields follow the task: the prompt always, the label for
classification, the answer for replies. What counts as a placeholder: `text/placeholders.py`. Placeholders that no
list has show as spikes: one short answer to many questions, or one short text under any label
(`text/placeholder_spikes.py`).
"""

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding, Severity
from tunewright.core.frozen import Frozen
from tunewright.text.placeholder_spikes import filed_anywhere
from tunewright.text.placeholders import WORDS, says_nothing

#: A slot that nobody filled, of the usual template languages.
TEMPLATE = (
    r"\{\{[^{}]{1,60}\}\}|\$\{[^{}]{1,60}\}|%[A-Z_]{3,30}%"
    r"|\[(?i:insert|your|customer|enter|add|name|date)[^\[\]]{0,40}\]|<(?i:insert|your|enter)[^<>]{0,40}>"
)
#: A text without one of these has no slot.
SIGNS = r"[{\[<%]"
MESSAGES = {
    "empty": "the {field} is empty",
    "placeholder": "the {field} is a placeholder: {{seen!r}}",
    "template": "the {field} has an unfilled slot: {{seen!r}}",
}
REFUSAL = (
    r"(?i)^(i'?m sorry,? (but )?i (can('|no)?t|am unable)|as an ai( language)? model"
    r"|i (can('|no)?t|am unable to) (help|assist) with)"
)


class Options(Frozen):
    """What counts as nothing."""

    placeholders: tuple[str, ...] = Field(WORDS, description="Whole texts, lowercase, that mean nothing.")
    rare_label: float = Field(
        0.01, gt=0, le=1, description="Share of rows below which a class called TBD or n/a was never a class."
    )
    spike_share: float = Field(
        0.01, gt=0, le=1, description="Share of rows from which one short answer is called a spike."
    )
    spike_words: int = Field(4, ge=1, description="Words up to which an answer is short.")
    spike_labels: int = Field(5, ge=2, description="Labels or prompts' groups it must be spread over.")
    prompt_words: int = Field(6, ge=0, description="Words up to which a text filed under any label is called a spike.")


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Rows whose critical fields hold nothing to learn from, by kind."""
    task = corpus.dataset.task
    fields = {"classify": ("prompt", "label"), "reply": ("prompt", "answer"), "extract": ("prompt",)}[task]
    rows = corpus.scan("row", "prompt", "answer", "label").collect()
    findings = [finding for field in fields for finding in _field(rows, field, options)]
    if task == "reply":
        findings += _answers(rows, options)
    if task == "classify":
        known = [finding.frame for finding in findings if finding.kind.startswith("prompt_")]
        findings.append(_filed_anywhere(rows, known, options))
    return tuple(finding for finding in findings if finding.rows)


def _field(rows: pl.DataFrame, field: str, options: Options) -> list[Finding]:
    nothing = says_nothing(rows, field, options.placeholders)
    slots = rows.filter(pl.col(field).str.contains(SIGNS)).filter(pl.col(field).str.contains(TEMPLATE))
    hits = {
        "empty": nothing.filter(pl.col("kind") == "empty"),
        "placeholder": nothing.filter(pl.col("kind") == "placeholder"),
        "template": slots.join(nothing, on="row", how="anti"),
    }
    if field == "label":
        # A class may well be called "unknown" or "none"; a handful of rows called "TBD" were never labelled.
        rare = rows.filter(pl.len().over(field) < options.rare_label * pl.len())
        hits = {"empty": hits["empty"], "placeholder": hits["placeholder"].join(rare, on="row", how="semi")}
    seen = rows.select("row", seen=pl.col(field).fill_null("").str.slice(0, 80))
    return [
        Finding.of(
            frame.select("row").join(seen, on="row"),
            check="missing",
            kind=f"{field}_{kind}",
            severity="blocking",
            message=MESSAGES[kind].format(field=field),
            fix="drop" if kind != "template" else None,
        )
        for kind, frame in hits.items()
    ]


def _filed_anywhere(rows: pl.DataFrame, known: list[pl.DataFrame], options: Options) -> Finding:
    """Texts, not told as missing already, that are filed as if they said nothing."""
    spread = rows.join(filed_anywhere(rows, options.prompt_words), on="row", how="semi", maintain_order="left")
    spread = spread.join(pl.concat([frame.select("row") for frame in known]), on="row", how="anti")
    return Finding.of(
        spread.select("row", seen=pl.col("prompt").str.slice(0, 80)),
        check="missing",
        kind="prompt_spike",
        severity="warning",
        message="one short text under any label: {seen!r}",
    )


def _answers(rows: pl.DataFrame, options: Options) -> list[Finding]:
    answer = pl.col("answer").fill_null("").str.strip_chars()
    echo = (answer != "") & (
        answer.str.to_lowercase() == pl.col("prompt").fill_null("").str.strip_chars().str.to_lowercase()
    )
    short = answer.str.split(" ").list.len() <= options.spike_words
    spikes = (
        rows.filter((answer != "") & short)
        .with_columns(key=answer.str.to_lowercase())
        .filter(
            (pl.len().over("key") >= max(options.spike_share * rows.height, options.spike_labels))
            & (pl.col("prompt").n_unique().over("key") >= options.spike_labels)
        )
    )
    seen = pl.col("answer").str.slice(0, 80).alias("seen")
    kinds: list[tuple[str, pl.DataFrame, Severity, str, str | None]] = [
        ("answer_echo", rows.filter(echo), "blocking", "the answer repeats the prompt: {seen!r}", "drop"),
        ("answer_refusal", rows.filter(answer.str.contains(REFUSAL)), "warning", "the answer refuses: {seen!r}", None),
        ("answer_spike", spikes, "warning", "one short answer to many questions: {seen!r}", None),
    ]
    return [
        Finding.of(frame.select("row", seen), check="missing", kind=kind, severity=severity, message=message, fix=fix)
        for kind, frame, severity, message, fix in kinds
    ]
