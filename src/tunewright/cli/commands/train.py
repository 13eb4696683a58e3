"""``tunewright train``, here or in several processes."""

from typing import TYPE_CHECKING

from tunewright.cli.command import command
from tunewright.cli.options import LaunchOptions, OverrideOptions
from tunewright.cli.shell import Shell
from tunewright.cli.tables import escape, new_console
from tunewright.core.durations import terminal_duration

if TYPE_CHECKING:
    from tunewright.stages.train.results import LaunchResult, TrainResult


def train_table(value: "TrainResult | LaunchResult") -> None:
    """The best checkpoint and what it took; or what would be started."""
    from tunewright.stages.train.results import LaunchResult

    if isinstance(value, LaunchResult):
        launch_table(value)
        return
    best = "" if value.best_value is None else f", {value.metric} {value.best_value:.4f}"
    console = new_console()
    console.print(f"Best checkpoint: step {value.best_step}{best}; {escape(value.stopped)}")
    console.print(f"{value.precision}, {terminal_duration(value.seconds)}, {value.candidate[:19]}")


def launch_table(value: "LaunchResult") -> None:
    """What would be started, so that it could be pasted."""
    console = new_console()
    if value.trained:
        console.print("Nothing would be started: the candidate is trained already.", style="dim")
    elif not value.launcher:
        console.print("Nothing would be started elsewhere: training is in one process. See --on.", style="dim")
    for line in value.commands:
        console.print(f"# on {line.where}", style="dim", markup=False, highlight=False, soft_wrap=True)
        console.print(line.command, markup=False, highlight=False, soft_wrap=True)


@command("train", panel="Steps", table=train_table)
def train(shell: Shell, launch: LaunchOptions, gates: OverrideOptions) -> "TrainResult | LaunchResult":
    """Train the candidate; Ctrl-C saves, and the next call goes on."""
    project = shell.project(gates.by_gate(), settings=launch.settings())
    return project.train(dry_run=True) if launch.dry_run else project.train()


COMMANDS = (train,)
