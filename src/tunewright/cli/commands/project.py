"""What a project knows of itself: ``status``, ``why``, ``events``, ``versions``, ``diff``; and ``explain``."""

from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.command import command
from tunewright.cli.shell import Shell
from tunewright.cli.tables import SHOWN, clip, escape, new_console, new_table

if TYPE_CHECKING:
    from tunewright.core.error_catalog import ExplainResult
    from tunewright.workflow.results import DiffResult, EventsResult, StatusResult, VersionsResult, WhyResult

PANEL = "Project"


def status_table(value: "StatusResult") -> None:
    """A line for each step."""
    table = new_table("step", "state", "key")
    for line in value.steps:
        sign = "[green]✓[/]" if line.state == "done" else "·"
        table.add_row(line.step, f"{sign} {line.state}", (line.key or "")[:12])
    new_console().print(table)


@command("status", panel=PANEL, table=status_table)
def status(shell: Shell) -> "StatusResult":
    """Say which steps are done for the present file and settings."""
    return shell.project().status()


def why_table(value: "WhyResult") -> None:
    """What differs from the last time, or that nothing does."""
    console = new_console()
    if value.hit:
        console.print(f"{value.step} is done for the present inputs; running it finds what is there.")
        return
    console.print(f"{value.step} would be done again:")
    for line in value.differences:
        console.print(f"  · {escape(line)}")


@command("why", panel=PANEL, table=why_table)
def why(shell: Shell, step: Annotated[str, typer.Argument(help="Such as train.")]) -> "WhyResult":
    """Say which input of a step differs from the last time."""
    return shell.project().why(step)


def events_table(value: "EventsResult") -> None:
    """A line for each event."""
    table = new_table("when", "who", "what", "step", "reason")
    for event in value.events:
        table.add_row(event.at[:19], escape(event.actor), event.kind, event.step, escape(event.reason))
    new_console().print(table)


@command("events", panel=PANEL, table=events_table)
def events(shell: Shell) -> "EventsResult":
    """List what happened here: who, when, what, and the reason where a person overrode."""
    return shell.project().events()


def versions_table(value: "VersionsResult") -> None:
    """A line for each version."""
    table = new_table("version", "rows", "when", "who", "why", numbers=("version", "rows"))
    for line in value.versions:
        table.add_row(str(line.version), f"{line.rows:,}", line.when, escape(line.who), escape(line.why))
    new_console().print(table)


@command("versions", panel=PANEL, table=versions_table)
def versions(shell: Shell) -> "VersionsResult":
    """List every version of the data, with who made it and why."""
    return shell.project().versions()


def diff_table(value: "DiffResult") -> None:
    """How many rows differ, and the first of them."""
    console = new_console()
    console.print(f"{value.added:,} added, {value.removed:,} removed, {value.changed:,} changed")
    if value.rows:
        table = new_table(*value.rows[0])
        for row in value.rows[:SHOWN]:
            table.add_row(*(escape(clip(str(text if text is not None else ""), 40)) for text in row.values()))
        console.print(table)


@command("diff", panel=PANEL, table=diff_table)
def diff(
    shell: Shell,
    before: Annotated[int, typer.Argument(help="A version number.")],
    after: Annotated[int, typer.Argument(help="Another one.")],
) -> "DiffResult":
    """Show what differs between two versions of the data."""
    return shell.project().diff(before, after)


def explain_table(value: "ExplainResult") -> None:
    """The code, and its three sentences."""
    console = new_console()
    console.print(f"[bold]{value.code}[/]: {escape(value.title)}")
    for name in ("what", "why", "fix"):
        console.print(f"  {name.capitalize()}: {escape(getattr(value, name))}", soft_wrap=True)


@command("explain", panel=PANEL, table=explain_table)
def explain(shell: Shell, code: Annotated[str, typer.Argument(help="Such as E-DATA-014.")]) -> "ExplainResult":
    """Explain an error code."""
    from tunewright.core.error_catalog import explain

    return explain(code)


COMMANDS = (status, why, events, versions, diff, explain)
