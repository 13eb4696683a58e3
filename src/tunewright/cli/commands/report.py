"""``tunewright report``."""

from typing import TYPE_CHECKING

from tunewright.cli.command import command
from tunewright.cli.shell import Shell
from tunewright.cli.tables import escape, near, new_console

if TYPE_CHECKING:
    from tunewright.stages.report.results import ReportResult


def report_table(value: "ReportResult") -> None:
    """Where the report is."""
    size = f"{value.bytes / 1000:,.0f} kB"
    new_console().print(f"Report: {escape(near(value.path))} ({size})", soft_wrap=True)


@command("report", panel="Steps", table=report_table)
def report(shell: Shell) -> "ReportResult":
    """Write the report of how far the project is."""
    return shell.project().report()


COMMANDS = (report,)
