"""Options that several verbs share, each group written once: a frozen dataclass whose fields are the options.

A verb takes a group as one parameter, annotated with its class; ``command.py`` spells it out for the parser.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.core.errors import UserError

if TYPE_CHECKING:
    from tunewright.core.gate import Override

#: Panels of the help text, as they head the options.
COMMON = "Common"
PROCESSES = "Several processes"

EngineName = Annotated[
    str, typer.Option("--engine", metavar="NAME", help="Answer with this engine instead of the model, such as echo.")
]
Why = Annotated[str, typer.Option("--why", help="The reason, kept in the record.")]
Mapping = Annotated[list[str] | None, typer.Option("--map", metavar="ROLE=COLUMN", help="Such as prompt=Message.")]


class OptionGroup:
    """A base for dataclasses whose fields are options of a verb, each annotated as typer reads it."""


@dataclass(frozen=True)
class CommonOptions(OptionGroup):
    """What every verb takes: where the project is, and how to speak."""

    project: Annotated[Path, typer.Option("--project", "-C", help="The project folder.", rich_help_panel=COMMON)] = (
        Path()
    )
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.", rich_help_panel=COMMON)] = (
        False
    )
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.", rich_help_panel=COMMON)] = False
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show a traceback when we are at fault.", rich_help_panel=COMMON)
    ] = False
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Take the defaults; ask nothing.", rich_help_panel=COMMON)
    ] = False
    set: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A setting over tunewright.yaml, such as seed=1.",
            rich_help_panel=COMMON,
        ),
    ] = field(default_factory=list)
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Refuse every connection that leaves this machine.", rich_help_panel=COMMON),
    ] = False
    no_color: Annotated[bool, typer.Option("--no-color", help="Plain text, no color.", rich_help_panel=COMMON)] = False


@dataclass(frozen=True)
class OverrideOptions(OptionGroup):
    """A person's decision to go on past gates that fail."""

    override: Annotated[
        list[str] | None, typer.Option("--override", metavar="GATE", help="Go on past this gate; needs --why.")
    ] = None
    why: Why = ""
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="Last day on which the override holds.")] = ""

    def by_gate(self) -> "dict[str, Override]":
        """The decision, by the name of each gate.

        Raises:
            UserError: E-GATE-003 when no reason is given or the date has passed.
        """
        from tunewright.project import override

        return {gate: override(self.why, until=self.until or None) for gate in self.override or ()}


@dataclass(frozen=True)
class LaunchOptions(OptionGroup):
    """Where training runs; short for ``train.launch`` in tunewright.yaml."""

    on: Annotated[
        str,
        typer.Option(
            "--on",
            metavar="local|ray|ssh",
            help="Train in several processes there (train.launch).",
            rich_help_panel=PROCESSES,
        ),
    ] = ""
    processes: Annotated[
        int, typer.Option("--processes", min=0, help="How many; 0 is one for each GPU.", rich_help_panel=PROCESSES)
    ] = 0
    hosts: Annotated[
        str,
        typer.Option(
            "--hosts", metavar="A,B", help="For --on ssh: the hosts, leader first.", rich_help_panel=PROCESSES
        ),
    ] = ""
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print the commands that training would start; start none.", rich_help_panel=PROCESSES
        ),
    ] = False

    def settings(self) -> tuple[str, ...]:
        """The options as settings over those of the file.

        Raises:
            UserError: E-LAUNCH-001 for an option without the launcher that reads it.
        """
        if not self.on and not self.processes and not self.hosts:
            return ()
        if not self.on or (self.hosts and self.on != "ssh"):
            option = "--processes" if self.processes and not self.hosts else "--hosts"
            raise UserError(
                "E-LAUNCH-001",
                f"{option} would have no effect{'' if self.on else ' without --on'}.",
                why="A setting that is read by nothing looks as if it had been obeyed.",
                fix="--on ssh --hosts a,b" if self.hosts else f"--on local --processes {self.processes}",
            )
        hosts = [host.strip() for host in self.hosts.split(",") if host.strip()]
        return (
            f"train.launch={self.on}",
            *([f"train.launch.{self.on}.processes={self.processes}"] if self.processes else []),
            *([f"train.launch.{self.on}.hosts={hosts}"] if hosts else []),
        )
