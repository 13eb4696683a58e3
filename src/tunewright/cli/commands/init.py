"""``tunewright init``: a project from an export, with its guesses shown and, at a terminal, confirmed."""

from collections.abc import Mapping as Row
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.command import command
from tunewright.cli.options import Mapping
from tunewright.cli.shell import Shell
from tunewright.cli.tables import clip, escape, new_console, new_table

if TYPE_CHECKING:
    from rich.console import Console

    from tunewright.workflow.init import Proposal
    from tunewright.workflow.results import InitResult


def init_table(value: "InitResult") -> None:
    """The guess about the file, five rows of it, and what to do next."""
    console = new_console()
    console.print(
        f"{escape(value.file)}: {value.format}, task [bold]{value.task}[/] (confidence {value.confidence:.2f})"
    )
    for reason in value.reasons:
        console.print(f"  · {escape(reason)}", style="dim")
    _print_preview(console, value.preview)
    console.print(f"Wrote {escape(value.config)}. Next: [bold]tunewright run -C {escape(value.folder)}[/]")


@command("init", panel="Start", table=init_table)
def init(
    shell: Shell,
    folder: Annotated[Path, typer.Argument(help="The new project's folder.")],
    data: Annotated[Path, typer.Option("--data", help="Your export: CSV, XLSX, JSONL, JSON or Parquet.")],
    task: Annotated[str, typer.Option(help="classify, reply or extract, when the guess is wrong.")] = "auto",
    map_: Mapping = None,
) -> "InitResult":
    """Make a project: guess format, columns and task, show five rows, write tunewright.yaml."""
    from tunewright.workflow.init import propose, write

    proposal = propose(folder, data, task=task, mapping=tuple(map_ or ()))
    if shell.interactive:
        proposal = confirm_proposal(proposal)
    return write(proposal, accept=shell.options.yes or shell.interactive)


def confirm_proposal(proposal: "Proposal") -> "Proposal":
    """The proposal as a person confirmed or changed it: task, then the column of each role.

    Asks at the terminal; never reached without one.
    """
    detection = proposal.detection
    console = new_console(stderr=True)
    console.print(f"{detection.format}, task [bold]{detection.task}[/]")
    for reason in detection.reasons:
        console.print(f"  · {escape(reason)}", style="dim")
    _print_preview(console, detection.preview)
    if typer.confirm("Is that right?", default=True, err=True):
        return proposal
    task = typer.prompt("Task (classify, reply, extract)", default=detection.task, err=True)
    mapping = []
    for role, column in detection.columns.items():
        answer = typer.prompt(f"Column for {role} (- for none)", default=column, err=True)
        if answer != "-":
            mapping.append(f"{role}={answer}")
    return proposal.again(task=task, mapping=tuple(mapping))


def _print_preview(console: "Console", preview: Sequence[Row[str, str]]) -> None:
    if preview:
        table = new_table(*preview[0])
        for row in preview:
            table.add_row(*(escape(clip(text, 60)) for text in row.values()))
        console.print(table)


COMMANDS = (init,)
