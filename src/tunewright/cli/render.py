"""How each result looks to a person: one function a type, tables aligned, the verdict first."""

import os
import sys
from collections.abc import Mapping, Sequence
from functools import singledispatch
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tunewright.config.results import ConfigResult
from tunewright.core.durations import terminal_duration
from tunewright.core.error_catalog import ExplainResult
from tunewright.core.errors import UserError, UserErrors
from tunewright.core.gate import Verdict
from tunewright.core.outlook import Outlook
from tunewright.core.score import Score
from tunewright.stages.audit.results import AuditResult
from tunewright.stages.clean.results import CleanResult
from tunewright.stages.evaluate.results import EvaluateResult
from tunewright.stages.plan.results import PlanResult
from tunewright.stages.release.results import ReleaseResult
from tunewright.stages.report.results import ReportResult
from tunewright.stages.review.results import (
    ReviewImportResult,
    ReviewNextResult,
    ReviewSampleResult,
    ReviewStatusResult,
)
from tunewright.stages.split.results import SplitResult
from tunewright.stages.train.results import (
    LaunchResult,
    RunsAskedResult,
    RunsEventsResult,
    RunsListResult,
    RunsShowResult,
    TrainResult,
)
from tunewright.stages.train.sweep.results import SweepResult
from tunewright.workflow.results import (
    DiffResult,
    EventsResult,
    InitResult,
    PredictResult,
    RunResult,
    StatusResult,
    UndoResult,
    VersionsResult,
    WhyResult,
)

SHOWN = 20
#: Metrics beside the main one that a line of 100 letters holds; more have a line each.
MOST_COLUMNS = 4
_COLOR = {"blocking": "red", "warning": "yellow", "info": "dim"}


def _console(*, stderr: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    # A pipe has no width of its own; 100 columns keep tables whole in logs and files.
    width = None if stream.isatty() or "COLUMNS" in os.environ else 100
    return Console(file=stream, width=width, highlight=False, soft_wrap=False)


def render_error(error: UserError) -> None:
    """Every fault on stderr: code, what, why, fix."""
    console = _console(stderr=True)
    for fault in error.faults if isinstance(error, UserErrors) else (error,):
        console.print(f"[bold red]Error[/] [bold]{fault.code}[/]: {escape(fault.what)}", soft_wrap=True)
        if fault.why:
            console.print(f"  Why: {escape(fault.why)}", soft_wrap=True)
        if fault.fix:
            console.print(f"  Fix: {escape(fault.fix)}", soft_wrap=True)
    if not error.code.startswith("E-BUG"):
        console.print(f"  More: tunewright explain {error.code}", style="dim")


@singledispatch
def render(value: Any) -> None:
    """Print a result; a type without a form of its own is a fault of ours."""
    raise TypeError(f"no rendering for {type(value).__name__}")


@render.register
def _(value: InitResult) -> None:
    console = _console()
    console.print(
        f"{escape(value.file)}: {value.format}, task [bold]{value.task}[/] (confidence {value.confidence:.2f})"
    )
    for reason in value.reasons:
        console.print(f"  · {escape(reason)}", style="dim")
    _preview(console, value.preview)
    console.print(f"Wrote {escape(value.config)}. Next: [bold]tunewright run -C {escape(value.folder)}[/]")


def render_preview(format_: str, task: str, reasons: Sequence[str], preview: Sequence[Mapping[str, str]]) -> None:
    """The guess about a file on stderr, before a person is asked about it."""
    console = _console(stderr=True)
    console.print(f"{format_}, task [bold]{task}[/]")
    for reason in reasons:
        console.print(f"  · {escape(reason)}", style="dim")
    _preview(console, preview)


def _preview(console: Console, preview: Sequence[Mapping[str, str]]) -> None:
    if preview:
        table = _table(*preview[0])
        for row in preview:
            table.add_row(*(escape(_clip(cell, 60)) for cell in row.values()))
        console.print(table)


@render.register
def _(value: AuditResult) -> None:
    console = _console()
    aside = f", {value.quarantined:,} set aside" if value.quarantined else ""
    console.print(f"{escape(value.file)}: {value.records:,} records{aside}")
    for one in value.set_aside:
        where = ", ".join(map(str, one.lines[:3])) + (" …" if one.records > 3 else "")
        console.print(f"  set aside: line {where}: {escape(one.reason)}", style="yellow")
    table = _table("finding", "rows", "lines", "what", numbers=("rows",))
    for line in value.findings:
        color = _COLOR[line.severity]
        where = ", ".join(map(str, line.lines[:3])) + (" …" if line.rows > 3 else "")
        table.add_row(
            f"[{color}]{line.name}[/]",
            f"{line.rows:,}" if line.rows else "–",
            where,
            escape(_clip(line.sentence, 90)),
        )
    if value.findings:
        console.print(table)
    for check in value.checks:
        if check.skipped:
            console.print(f"  not checked: {check.check}: {escape(check.skipped)}", style="dim")
    console.print(f"Quality score {_interval(value.quality)}{_mark(value.verdict)}")
    for label, path in (("findings", value.findings_file), ("report", value.report)):
        if path:
            console.print(f"{label}: {escape(path)}", soft_wrap=True)


@render.register
def _(value: CleanResult) -> None:
    console = _console()
    table = _table("fix", "finding", "rows", "drop", "change", "weigh", "for example")
    for line in value.edits:
        counts = (line.rows, line.drops, line.replaces, line.reweights)
        table.add_row(
            line.fix,
            line.finding,
            *(f"{count:,}" if count else "–" for count in counts),
            escape(_clip(line.example, 60)),
        )
    if value.edits:
        console.print(table)
    else:
        console.print("Nothing to mend: no finding has a safe fix.")
    after = f"version {value.after.version}" if value.after else "preview, nothing was written"
    console.print(f"{value.before.rows:,} rows → {value.rows_after:,} ({after})")
    if value.quality_after:
        console.print(
            f"Quality score {value.quality_before.value:.1f} → {_interval(value.quality_after)}"
            + ("; corrected by review:" if value.outlook else _mark(value.verdict))
        )
    if value.outlook and value.verdict:
        console.print(f"  {escape(value.outlook.words)}{_mark(value.verdict)}", soft_wrap=True)


@render.register
def _(value: UndoResult) -> None:
    _console().print(
        f"The cleaning is taken back; the data is version {value.dataset.version} again "
        f"({value.dataset.rows:,} rows). `tunewright clean` makes it again."
    )


@render.register
def _(value: SplitResult) -> None:
    console = _console()
    rows = ", ".join(f"{count:,} {side}" for side, count in value.division.rows.items())
    origin = "as the file says" if value.division.given else "stratified"
    console.print(f"{rows} ({origin}; {value.division.groups:,} groups that stay together)")


@render.register
def _(value: PlanResult) -> None:
    console = _console()
    plan = value.plan
    console.print(f"[bold]{plan.method}[/] on {escape(plan.base)}")
    for reason in plan.reasons:
        console.print(f"  · {escape(reason)}")
    for refused in plan.refused:
        console.print(f"  ✗ {refused.method}: {escape(refused.why)}", style="dim")
    if plan.estimate:
        estimate = plan.estimate
        hours = "–" if estimate.hours is None else terminal_duration(estimate.hours * 3600)
        cost = "" if estimate.cost_usd is None else f", {estimate.cost_usd:,.2f} US dollars"
        console.print(f"  {estimate.steps:,} steps, about {hours}{cost} ({escape(estimate.source)})")


@render.register
def _(value: TrainResult) -> None:
    best = "" if value.best_value is None else f", {value.metric} {value.best_value:.4f}"
    console = _console()
    console.print(f"Best checkpoint: step {value.best_step}{best}; {escape(value.stopped)}")
    console.print(f"{value.precision}, {terminal_duration(value.seconds)}, {value.candidate[:19]}")


@render.register
def _(value: LaunchResult) -> None:
    from tunewright.cli.launch import show

    show(_console(), value)


@render.register
def _(value: SweepResult) -> None:
    from tunewright.cli.sweep_table import show

    show(_console(), value)


@render.register
def _(value: EvaluateResult) -> None:
    console = _console()
    console.print(_by_metric(value) if len(_other_metrics(value)) > MOST_COLUMNS else _by_system(value))
    console.print(f"[bold]{value.decision}[/]: {escape(value.words)}{_mark(value.verdict)}")


@render.register
def _(value: ReleaseResult) -> None:
    console = _console()
    console.print(f"Release [bold]{escape(value.name)}[/]: {escape(_near(value.folder))}", soft_wrap=True)
    console.print(f"  {value.parity_rows:,} test rows answered with the same bits as in evaluation")
    for verdict in value.verdicts:
        console.print(f"  {verdict.gate}{_mark(verdict)}")


@render.register
def _(value: ReportResult) -> None:
    _console().print(f"Report: {escape(_near(value.path))} ({value.bytes / 1000:,.0f} kB)", soft_wrap=True)


@render.register
def _(value: RunResult) -> None:
    render(value.audit)
    render(value.evaluation)
    render(value.release)
    render(value.report)
    kept = sum(step.hit for step in value.steps)
    known = f"; {kept} of {len(value.steps)} steps were there already" if kept else ""
    _console().print(f"Done in {terminal_duration(value.seconds)}{known}.")


@render.register
def _(value: StatusResult) -> None:
    table = _table("step", "state", "key")
    for line in value.steps:
        mark = "[green]✓[/]" if line.state == "done" else "·"
        table.add_row(line.step, f"{mark} {line.state}", (line.key or "")[:12])
    _console().print(table)


@render.register
def _(value: WhyResult) -> None:
    console = _console()
    if value.hit:
        console.print(f"{value.step} is done for the present inputs; running it finds what is there.")
        return
    console.print(f"{value.step} would be done again:")
    for line in value.differences:
        console.print(f"  · {escape(line)}")


@render.register
def _(value: EventsResult) -> None:
    table = _table("when", "who", "what", "step", "reason")
    for event in value.events:
        table.add_row(event.at[:19], escape(event.actor), event.kind, event.step, escape(event.reason))
    _console().print(table)


@render.register
def _(value: VersionsResult) -> None:
    table = _table("version", "rows", "when", "who", "why", numbers=("version", "rows"))
    for line in value.versions:
        table.add_row(str(line.version), f"{line.rows:,}", line.when, escape(line.who), escape(line.why))
    _console().print(table)


@render.register
def _(value: DiffResult) -> None:
    console = _console()
    console.print(f"{value.added:,} added, {value.removed:,} removed, {value.changed:,} changed")
    if value.rows:
        table = _table(*value.rows[0])
        for row in value.rows[:SHOWN]:
            table.add_row(*(escape(_clip(str(cell if cell is not None else ""), 40)) for cell in row.values()))
        console.print(table)


@render.register
def _(value: PredictResult) -> None:
    console = _console()
    if value.output:
        told = f"{value.rows:,} rows, answered by {escape(value.release)}: {escape(value.output)}"
        console.print(told, soft_wrap=True)
        return
    if value.predictions:
        table = _table(*value.predictions[0])
        for row in value.predictions[:SHOWN]:
            table.add_row(*(escape(_clip(_cell(cell), 60)) for cell in row.values()))
        console.print(table)
    if value.rows > SHOWN:
        console.print(f"{value.rows - SHOWN:,} more rows; --output FILE writes them all.")


@render.register
def _(value: ReviewSampleResult) -> None:
    console = _console()
    console.print(
        f"{value.rows:,} of {value.population:,} rows: {value.stratified:,} over {value.strata:,} strata, "
        f"{value.random:,} at random (set {value.set})"
    )
    for path in value.files:
        console.print(f"  {escape(_near(path))}", soft_wrap=True)
    back = escape(_near(value.files[0])) if value.files else "FILE"
    ways = f"tunewright review import {back}" if value.files else "--to FILE writes them; tunewright review next"
    console.print(f"Next: [bold]{ways}[/]", soft_wrap=True)


@render.register
def _(value: ReviewImportResult) -> None:
    console = _console()
    table = _table("file", "answers", *_RECONCILED, numbers=("answers", *_RECONCILED))
    for line in value.files:
        counts = [getattr(line.account, kind) for kind in _RECONCILED]
        name = f"{line.file} (known already)" if line.already else line.file
        table.add_row(escape(name), f"{line.account.answers:,}", *(f"{count:,}" if count else "–" for count in counts))
    console.print(table)
    for line in value.files:
        for kind, places in line.account.places.items():
            console.print(
                f"  {escape(line.file)}: {kind}: {escape(', '.join(places[:5]))}", style="dim", soft_wrap=True
            )
    console.print(
        f"{value.reviewed:,} rows reviewed, {value.defective:,} defective, of which {value.corrected:,} put right"
    )
    _agreement(console, value.agreement)
    console.print(
        f"Quality score {_interval(value.before)} → {_interval(value.verdict.measured)}{_mark(value.verdict)}"
    )
    _outlook(console, value.outlook)


@render.register
def _(value: ReviewNextResult) -> None:
    skipped = f", {value.skipped:,} skipped" if value.skipped else ""
    _console().print(f"{value.answered:,} answered by {escape(value.reviewer)}{skipped}; {value.left:,} left")


@render.register
def _(value: ReviewStatusResult) -> None:
    console = _console()
    if not value.sets:
        console.print("No sample yet: [bold]tunewright review sample --to review.xlsx[/]")
    for line in value.sets:
        console.print(f"set {line.set}: {line.reviewed:,} of {line.rows:,} rows reviewed")
    for name, count in value.reviewers.items():
        console.print(f"  {escape(name)}: {count:,}", style="dim")
    if value.findings:
        table = _table("reviewed rows with", "rows", "defective", numbers=("rows", "defective"))
        for finding in value.findings:
            table.add_row(escape(finding.name), f"{finding.reviewed:,}", f"{finding.defective:,}")
        console.print(table)
    _agreement(console, value.agreement)
    corrected = f" → {_interval(value.corrected)} corrected" if value.corrected else ""
    console.print(f"Quality score {_interval(value.automatic)}{corrected}{_mark(value.verdict)}")
    _outlook(console, value.outlook)


_RECONCILED = ("blank", "missing", "doubled", "edited", "unknown")


def _agreement(console: Console, score: Score | None) -> None:
    if score is not None:
        console.print(f"Agreement (Krippendorff's alpha) {score.value:.2f} ({_ends(score)}) on {score.n:,} rows")


def _outlook(console: Console, outlook: Outlook | None) -> None:
    if outlook is not None:
        console.print(escape(outlook.words), soft_wrap=True)


@render.register
def _(value: ConfigResult) -> None:
    if value.json_schema:
        import json

        print(json.dumps(value.json_schema, indent=2, ensure_ascii=False))
        return
    table = _table("setting", "value", *(["origin"] if value.show_origin else []))
    for line in value.settings:
        cells = [line.key, escape(_cell(line.value))]
        table.add_row(*cells, *([escape(line.origin)] if value.show_origin else []))
    _console().print(table)


@render.register
def _(value: RunsListResult | RunsShowResult | RunsEventsResult | RunsAskedResult) -> None:
    from tunewright.cli.runs_table import show

    show(_console(), value)


@render.register
def _(value: ExplainResult) -> None:
    console = _console()
    console.print(f"[bold]{value.code}[/]: {escape(value.title)}")
    for name in ("what", "why", "fix"):
        console.print(f"  {name.capitalize()}: {escape(getattr(value, name))}", soft_wrap=True)


def _table(*names: str, numbers: tuple[str, ...] = ("rows", "drop", "change", "weigh")) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    return table


def _interval(score: Score) -> str:
    ends = "" if score.low is None else f" ({_ends(score)})"
    return f"[bold]{score.value:.1f}[/]{ends}"


def _ends(score: Score) -> str:
    if score.low is None or score.high is None:
        return "–"
    digits = 1 if score.unit == "points" else 3
    return f"{score.low:.{digits}f} to {score.high:.{digits}f}"


def _mark(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    if verdict.passed:
        return f"  [green]✓ {verdict.bar}[/]"
    if verdict.overridden:
        return f"  [yellow]overridden by {escape(verdict.overridden.who)}: {escape(verdict.overridden.why)}[/]"
    return f"  [red]✗ the gate asks for {verdict.bar}[/]"


def _by_system(value: EvaluateResult) -> Table:
    table = _table("system", value.metric, "95 % interval", *_other_metrics(value))
    for line in value.systems:
        scores = {score.metric: score for score in line.scores}
        main = scores.pop(value.metric)
        rest = (f"{scores[name].value:.3f}" if name in scores else "–" for name in _other_metrics(value))
        table.add_row(line.system, f"{main.value:.3f}", _ends(main), *rest)
    return table


def _by_metric(value: EvaluateResult) -> Table:
    """The same turned over, for more metrics than a line of the screen holds."""
    own, *others = ({score.metric: score for score in line.scores} for line in value.systems)
    table = _table("metric", value.systems[0].system, "95 % interval", *(line.system for line in value.systems[1:]))
    for name in (value.metric, *_other_metrics(value)):
        rest = (f"{scores[name].value:,.3f}" if name in scores else "–" for scores in others)
        table.add_row(name, f"{own[name].value:,.3f}", _ends(own[name]), *rest)
    return table


def _other_metrics(value: EvaluateResult) -> list[str]:
    return [score.metric for score in value.systems[0].scores if score.metric != value.metric]


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _near(path: str) -> str:
    """`path` as one would type it here: relative where it lies below this folder."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def _clip(text: str, width: int) -> str:
    flat = " ".join(str(text).split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"
