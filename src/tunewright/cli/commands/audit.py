"""``tunewright audit``: the project's data or any file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.command import command
from tunewright.cli.options import Mapping
from tunewright.cli.shell import Shell
from tunewright.cli.tables import clip, escape, interval, mark, new_console, new_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunewright.stages.audit.results import AuditResult

COLORS = {"blocking": "red", "warning": "yellow", "info": "dim"}


def audit_table(value: "AuditResult") -> None:
    """A line for each finding, what was not checked, and the score."""
    console = new_console()
    aside = f", {value.quarantined:,} set aside" if value.quarantined else ""
    console.print(f"{escape(value.file)}: {value.records:,} records{aside}")
    for reason in value.set_aside:
        where = _first_lines(reason.lines, reason.records)
        console.print(f"  set aside: line {where}: {escape(reason.reason)}", style="yellow")
    table = new_table("finding", "rows", "lines", "what", numbers=("rows",))
    for finding in value.findings:
        table.add_row(
            f"[{COLORS[finding.severity]}]{finding.name}[/]",
            f"{finding.rows:,}" if finding.rows else "–",
            _first_lines(finding.lines, finding.rows),
            escape(clip(finding.sentence, 90)),
        )
    if value.findings:
        console.print(table)
    for check in value.checks:
        if check.skipped:
            console.print(f"  not checked: {check.check}: {escape(check.skipped)}", style="dim")
    console.print(f"Quality score {interval(value.quality)}{mark(value.verdict)}")
    for label, path in (("findings", value.findings_file), ("report", value.report)):
        if path:
            console.print(f"{label}: {escape(path)}", soft_wrap=True)


def _first_lines(lines: "Sequence[int]", count: int) -> str:
    """The first three line numbers of `count`."""
    return ", ".join(map(str, lines[:3])) + (" …" if count > 3 else "")


@command("audit", panel="Steps", table=audit_table)
def audit(
    shell: Shell,
    file: Annotated[Path | None, typer.Argument(help="Any file; without it, the project's data.")] = None,
    findings: Annotated[
        Path | None, typer.Option("--findings", help="Write every finding to this .csv or .parquet.")
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write a report to this .html.")] = None,
    fail_under: Annotated[
        float | None, typer.Option("--fail-under", help="Exit with 3 when the score is below this.")
    ] = None,
    map_: Mapping = None,
) -> "AuditResult":
    """Audit the data: every defect with its line, and one quality score with an interval."""
    if file is None:
        return shell.project().audit(findings=findings, report=report, fail_under=fail_under)
    from tunewright.workflow.audit_file import audit_file

    return audit_file(
        file,
        mapping=tuple(map_ or ()),
        sets=tuple(shell.options.set),
        findings=findings,
        report=report,
        fail_under=fail_under,
        confirmed=shell.options.yes,
        progress=shell.progress(),
    )


COMMANDS = (audit,)
