"""The options that say where training runs; they are short for ``train.launch`` in tunewright.yaml."""

from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.core.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from tunewright.stages.train.results import LaunchResult

PANEL = "Several processes"
On = Annotated[
    str,
    typer.Option(
        "--on", metavar="local|ray|ssh", help="Train in several processes there (train.launch).", rich_help_panel=PANEL
    ),
]
Processes = Annotated[
    int, typer.Option("--processes", min=0, help="How many; 0 is one for each GPU.", rich_help_panel=PANEL)
]
Hosts = Annotated[
    str, typer.Option("--hosts", metavar="A,B", help="For --on ssh: the hosts, leader first.", rich_help_panel=PANEL)
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Print the commands that training would start; start none.", rich_help_panel=PANEL),
]


def launch_sets(on: str, processes: int, hosts: str) -> tuple[str, ...]:
    """The options as settings over those of the file.

    Raises:
        UserError: E-LAUNCH-001 for an option without the launcher that reads it.
    """
    if not on and not processes and not hosts:
        return ()
    if not on or (hosts and on != "ssh"):
        given = "--processes" if processes and not hosts else "--hosts"
        raise UserError(
            "E-LAUNCH-001",
            f"{given} would have no effect{'' if on else ' without --on'}.",
            why="A setting that is read by nothing looks as if it had been obeyed.",
            fix="--on ssh --hosts a,b" if hosts else f"--on local --processes {processes}",
        )
    named = [host.strip() for host in hosts.split(",") if host.strip()]
    return (
        f"train.launch={on}",
        *([f"train.launch.{on}.processes={processes}"] if processes else []),
        *([f"train.launch.{on}.hosts={named}"] if named else []),
    )


def show(console: "Console", value: "LaunchResult") -> None:
    """Print what would be started, so that it could be pasted."""
    if value.trained:
        console.print("Nothing would be started: the candidate is trained already.", style="dim")
    elif not value.launcher:
        console.print("Nothing would be started elsewhere: training is in one process. See --on.", style="dim")
    for command in value.commands:
        console.print(f"# on {command.where}", style="dim", markup=False, highlight=False, soft_wrap=True)
        console.print(command.command, markup=False, highlight=False, soft_wrap=True)
