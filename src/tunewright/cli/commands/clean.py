"""``tunewright clean``, and ``undo``, which takes the cleaning back."""

from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.command import command
from tunewright.cli.options import Why
from tunewright.cli.shell import Shell
from tunewright.cli.tables import clip, escape, interval, mark, new_console, new_table

if TYPE_CHECKING:
    from tunewright.stages.clean.results import CleanResult
    from tunewright.workflow.results import UndoResult

NUMBERS = ("rows", "drop", "change", "weigh")


def clean_table(value: "CleanResult") -> None:
    """A line for each fix, how many rows are left, and the score before and after."""
    console = new_console()
    table = new_table("fix", "finding", *NUMBERS, "for example", numbers=NUMBERS)
    for line in value.edits:
        counts = (line.rows, line.drops, line.replaces, line.reweights)
        table.add_row(
            line.fix,
            line.finding,
            *(f"{count:,}" if count else "–" for count in counts),
            escape(clip(line.example, 60)),
        )
    if value.edits:
        console.print(table)
    else:
        console.print("Nothing to mend: no finding has a safe fix.")
    after = f"version {value.after.version}" if value.after else "preview, nothing was written"
    console.print(f"{value.before.rows:,} rows → {value.rows_after:,} ({after})")
    if value.quality_after:
        console.print(
            f"Quality score {value.quality_before.value:.1f} → {interval(value.quality_after)}"
            + ("; corrected by review:" if value.outlook else mark(value.verdict))
        )
    if value.outlook and value.verdict:
        console.print(f"  {escape(value.outlook.words)}{mark(value.verdict)}", soft_wrap=True)


@command("clean", panel="Steps", table=clean_table)
def clean(
    shell: Shell,
    preview: Annotated[bool, typer.Option("--preview", help="Only say what would change.")] = False,
) -> "CleanResult":
    """Make the safe fixes as a new version of the data; the old one stays."""
    return shell.project().clean(preview=preview)


def undo_table(value: "UndoResult") -> None:
    """Which version of the data is in force."""
    new_console().print(
        f"The cleaning is taken back; the data is version {value.dataset.version} again "
        f"({value.dataset.rows:,} rows). `tunewright clean` makes it again."
    )


@command("undo", panel="Steps", table=undo_table)
def undo(shell: Shell, why: Why = "") -> "UndoResult":
    """Take the cleaning back; `clean` makes it again."""
    return shell.project().undo(why=why)


COMMANDS = (clean, undo)
