"""``tunewright run``: the whole way, and the tables of what lies on it."""

from typing import TYPE_CHECKING

from tunewright.cli.command import command
from tunewright.cli.commands.audit import audit_table
from tunewright.cli.commands.evaluate import evaluate_table
from tunewright.cli.commands.release import release_table
from tunewright.cli.commands.report import report_table
from tunewright.cli.commands.train import launch_table
from tunewright.cli.options import LaunchOptions, OverrideOptions
from tunewright.cli.shell import Shell
from tunewright.cli.tables import new_console
from tunewright.core.durations import terminal_duration

if TYPE_CHECKING:
    from tunewright.stages.train.results import LaunchResult
    from tunewright.workflow.results import RunResult


def run_table(value: "RunResult | LaunchResult") -> None:
    """Audit, evaluation, release and report; or what training would start."""
    from tunewright.stages.train.results import LaunchResult

    if isinstance(value, LaunchResult):
        launch_table(value)
        return
    audit_table(value.audit)
    evaluate_table(value.evaluation)
    release_table(value.release)
    report_table(value.report)
    hits = sum(step.hit for step in value.steps)
    known = f"; {hits} of {len(value.steps)} steps were there already" if hits else ""
    new_console().print(f"Done in {terminal_duration(value.seconds)}{known}.")


@command("run", panel="Start", table=run_table)
def run(shell: Shell, launch: LaunchOptions, gates: OverrideOptions) -> "RunResult | LaunchResult":
    """Walk the whole way to a release and its report, stopping at a gate that fails (exit code 3)."""
    project = shell.project(gates.by_gate(), settings=launch.settings())
    return project.run(dry_run=True) if launch.dry_run else project.run()


COMMANDS = (run,)
