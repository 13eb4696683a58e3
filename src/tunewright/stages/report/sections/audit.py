"""What is wrong with the data: the score before and after cleaning, the findings, and what was not checked."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from tunewright.core.durations import page_duration
from tunewright.core.finding import Finding
from tunewright.core.gate import parse_bar
from tunewright.stages.report import charts
from tunewright.stages.report import format as fmt
from tunewright.stages.report.gate_words import bar_text
from tunewright.stages.report.material import Audited, ReportMaterial, example_rows
from tunewright.stages.report.page import (
    Badge,
    Bar,
    Column,
    Example,
    Figure,
    FindingView,
    Hash,
    Section,
    Table,
    Tone,
)
from tunewright.stages.report.redact import label, sample
from tunewright.stages.report.settings import ReportSettings

SEVERITIES: dict[str, tuple[str, Tone]] = {
    "blocking": ("Blocking", "bad"),
    "warning": ("Warning", "warn"),
    "info": ("Note", "plain"),
}
RANK = {"blocking": 0, "warning": 1, "info": 2}
CHARTED = 12
SENTENCE = 260
VALUE = 80


def section(material: ReportMaterial) -> Section | None:
    """The audit of the raw rows, and what is left of it after cleaning."""
    first = material.before or material.after
    if first is None:
        return None
    report = first.report
    findings = sorted(report.findings, key=lambda f: (RANK[f.severity], -f.rows, f.name))
    left = {f.name: f.rows for f in material.after.report.findings} if material.after else {}
    counted = [finding for finding in findings if finding.rows]
    figures = [_quality(material)] if report.quality.low is not None else []
    figures += [_rows_by_finding(counted, left, material)] if counted else []
    return Section(
        id="audit",
        title="Data audit",
        lead=tuple(_lead(material, first)),
        figures=tuple(figures),
        findings=tuple(_finding(finding, first, left, material) for finding in findings),
        tables=(_checks(first),) if report.checks else (),
        digests=tuple(
            (name, Hash(audited.report.digest))
            for name, audited in (("audit before", material.before), ("audit after", material.after))
            if audited
        ),
    )


def _lead(material: ReportMaterial, first: Audited) -> list[str]:
    """How many rows are defective and what that makes of the score, before and after cleaning."""
    quality, rows = first.report.quality, first.report.dataset.rows
    defective = first.report.defective_rows().len()
    text = (
        f"{fmt.plural(rows, 'row')} audited; {fmt.count(defective)} have a blocking defect, each counted once. "
        f"That leaves a quality score of {fmt.value(quality)} of 100"
    )
    if fmt.interval(quality):
        text += f" ({fmt.level(quality)} interval {fmt.interval(quality)})"
    lead = [text + "."]
    if material.before and material.after:
        after = material.after.report
        lead.append(
            f"After cleaning, {fmt.count(after.defective_rows().len())} of "
            f"{fmt.plural(after.dataset.rows, 'row')} are defective: {fmt.value(after.quality)} of 100."
        )
    if not first.report.findings:
        lead.append("No check found anything.")
    return lead


def _quality(material: ReportMaterial) -> Figure:
    """The quality score before and after cleaning, with the bar of its gate where it was judged."""
    parts = [
        ("Before cleaning" if material.after else "As it came", material.before),
        ("After cleaning", material.after),
    ]
    scores = [(name, audited.report.quality) for name, audited in parts if audited]
    verdict = material.quality_verdict
    bar = parse_bar(verdict.bar)[1] if verdict else None
    rows = [
        {
            "name": name,
            "value": score.value,
            "low": score.value if score.low is None else score.low,
            "high": score.value if score.high is None else score.high,
            "own": index == len(scores) - 1,
            "text": fmt.value(score),
        }
        for index, (name, score) in enumerate(scores)
    ]
    line = f" The dashed line is the gate: {bar_text(material, verdict)}." if verdict else ""
    return Figure(
        svg=charts.intervals(rows, title="quality score of 100", form=".3~g", bar=bar, within=(0, 100)),
        title="Quality score",
        label="Quality score of 100 with its interval. "
        + "; ".join(f"{name}: {fmt.value(score)}" for name, score in scores)
        + f".{line}",
        table=Table(
            "Quality score with interval",
            (
                Column("", head=True),
                Column("Score", numeric=True),
                Column("Interval", numeric=True),
                Column("Rows", numeric=True),
            ),
            tuple((name, fmt.value(s), fmt.interval(s) or "–", fmt.count(s.n)) for name, s in scores),
        ),
    )


def _rows_by_finding(findings: list[Finding], left: Mapping[str, int], material: ReportMaterial) -> Figure:
    """Rows of the ``CHARTED`` largest findings, and what is left of each (`left`, by name) after cleaning."""
    charted = sorted(findings, key=lambda f: (-f.rows, f.name))[:CHARTED]
    total = (material.before or material.after).report.dataset.rows  # type: ignore[union-attr]
    names = {finding.name: title(finding) for finding in charted}
    if material.before and material.after:
        groups = ("before cleaning", "after cleaning")
        rows = [
            {"name": names[f.name], "group": group, "value": rows, "text": fmt.count(rows)}
            for f in charted
            for group, rows in zip(groups, (f.rows, left.get(f.name, 0)), strict=True)
        ]
        svg = charts.paired_bars(rows, title="rows", groups=groups)
    else:
        rows = [{"name": names[f.name], "value": f.rows, "text": fmt.count(f.rows)} for f in charted]
        svg = charts.bars(rows, title="rows")
    columns = [Column("Finding", head=True), Column("Rows", numeric=True), Column("Share", numeric=True)]
    if material.after and material.before:
        columns.append(Column("Left", numeric=True))
    cells = [
        (title(f), fmt.count(f.rows), fmt.share(f.rows, total), fmt.count(left.get(f.name, 0)))[: len(columns)]
        for f in charted
    ]
    rest = f" The {CHARTED} largest of {len(findings)} are drawn." if len(findings) > CHARTED else ""
    return Figure(
        svg=svg,
        title="Rows by finding",
        label=f"Rows concerned by each finding; the largest is {title(charted[0])} with "
        f"{fmt.plural(charted[0].rows, 'row')}.{rest}",
        table=Table("Rows by finding", tuple(columns), tuple(cells)),
    )


def title(finding: Finding) -> str:
    """A finding's name for readers: ``exact_duplicates.both`` is ``exact duplicates, both``."""
    check = finding.check.replace("_", " ")
    kind = finding.kind.replace("_", " ")
    return check if kind in ("", check) else f"{check}, {kind}"


def _finding(finding: Finding, audited: Audited, left: Mapping[str, int], material: ReportMaterial) -> FindingView:
    """A finding with its examples, and how many of its rows are `left` after cleaning, by its name."""
    rows = audited.report.dataset.rows
    word, tone = SEVERITIES[finding.severity]
    whole = finding.rows == 0
    after = ""
    if material.before and material.after and not whole:
        remaining = left.get(finding.name, 0)
        after = "none left after cleaning" if not remaining else f"{fmt.plural(remaining, 'row')} left after cleaning"
    return FindingView(
        name=title(finding),
        severity=Badge(word, tone),
        rows="whole file" if whole else fmt.plural(finding.rows, "row"),
        share=Bar("" if whole else fmt.share(finding.rows, rows), finding.rows / rows if rows else 0.0, tone),
        sentence=sample(_sentence(finding, {}), SENTENCE) if whole else "",
        fix=finding.fix or "",
        examples=() if whole else _examples(finding, audited.rows, material.settings),
        after=after,
        hash=Hash(finding.frame_digest) if finding.frame_digest else None,
    )


def _examples(finding: Finding, quoted: pl.DataFrame, settings: ReportSettings) -> tuple[Example, ...]:
    """The first rows of a finding, masked and cut; none where none were quoted or none are to be shown."""
    if quoted.is_empty() or not settings.examples:
        return ()
    row_numbers = example_rows(finding.frame, settings.examples)
    hits = finding.frame.unique("row", keep="first", maintain_order=True)
    hit_rows = pl.DataFrame({"row": row_numbers}).join(hits, on="row", how="left", maintain_order="left")
    rows = pl.DataFrame({"row": row_numbers}).join(quoted, on="row", how="left", maintain_order="left")
    return tuple(
        Example(
            line="" if row["line"] is None else str(row["line"]),
            sentence=sample(_sentence(finding, _redacted(hit)), SENTENCE),
            text=sample(row["prompt"], settings.characters),
            answer=label(row["label"]) if row["label"] else sample(row["answer"], 60),
        )
        for hit, row in zip(hit_rows.rows(named=True), rows.rows(named=True), strict=True)
    )


def _redacted(hit: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence as a sentence may quote it: texts masked and cut."""
    return {name: sample(value, VALUE) if isinstance(value, str) else _value(value) for name, value in hit.items()}


def _value(value: Any) -> Any:
    """A fact as it is shown: a float to three decimals, anything else as it is."""
    return round(value, 3) if isinstance(value, float) else value


def _sentence(finding: Finding, values: Mapping[str, Any]) -> str:
    """The finding's message with its facts and the `values` of a row; KeyError for a name that neither has."""
    facts = {name: _value(value) for name, value in finding.facts.items()}
    return finding.message.format_map({**facts, **values})


def _checks(audited: Audited) -> Table:
    """Every check with its result and time, those that were skipped last."""
    findings_by_check: dict[str, int] = {}
    for finding in audited.report.findings:
        findings_by_check[finding.check] = findings_by_check.get(finding.check, 0) + 1
    ran = sorted(audited.report.checks, key=lambda run: (run.skipped is None, run.check))
    rows = tuple(
        (
            run.check.replace("_", " "),
            sample(run.about, 160),
            Badge("Skipped", "warn")
            if run.skipped
            else Badge(f"{findings_by_check[run.check]} found", "plain")
            if run.check in findings_by_check
            else Badge("Clear", "good"),
            sample(run.skipped, 240) if run.skipped else "",
            page_duration(run.seconds),
        )
        for run in ran
    )
    return Table(
        "Checks that ran, and those that were skipped and why",
        (
            Column("Check", head=True),
            Column("What it looks for", wide=True),
            Column("Result"),
            Column("Why skipped"),
            Column("Time", numeric=True),
        ),
        rows,
        shown=max(1, sum(run.skipped is not None for run in ran)) if len(ran) > 8 else None,
    )
