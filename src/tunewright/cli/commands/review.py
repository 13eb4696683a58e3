"""``tunewright review …``: a sample that people read, and what it does to the score."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.command import Group, command
from tunewright.cli.shell import Shell
from tunewright.cli.tables import ends, escape, interval, mark, near, new_console, new_table

if TYPE_CHECKING:
    from rich.console import Console

    from tunewright.core.outlook import Outlook
    from tunewright.core.score import Score
    from tunewright.stages.review.results import (
        ReviewImportResult,
        ReviewNextResult,
        ReviewSampleResult,
        ReviewStatusResult,
    )

GROUP = Group("review", "Let people read a sample; what they say corrects the score.", panel="Steps")
#: What became of the answers in a file that are no plain verdict on a row.
RECONCILED = ("blank", "missing", "doubled", "edited", "unknown")


def sample_table(value: "ReviewSampleResult") -> None:
    """How the sample was drawn, and what to do with it."""
    console = new_console()
    console.print(
        f"{value.rows:,} of {value.population:,} rows: {value.stratified:,} over {value.strata:,} strata, "
        f"{value.random:,} at random (set {value.set})"
    )
    for path in value.files:
        console.print(f"  {escape(near(path))}", soft_wrap=True)
    back = escape(near(value.files[0])) if value.files else "FILE"
    ways = f"tunewright review import {back}" if value.files else "--to FILE writes them; tunewright review next"
    console.print(f"Next: [bold]{ways}[/]", soft_wrap=True)


@command("sample", group=GROUP, table=sample_table)
def review_sample(
    shell: Shell,
    n: Annotated[int, typer.Option("--n", help="Rows to draw; 500 to 1,000 decide most gates.")] = 1000,
    to: Annotated[
        Path | None, typer.Option("--to", help="Write them to this .json (Label Studio), .csv or .xlsx.")
    ] = None,
) -> "ReviewSampleResult":
    """Draw rows for people to read: of every kind of finding and class, and some at random."""
    return shell.project().review_sample(n, to=to)


def import_table(value: "ReviewImportResult") -> None:
    """A line for each file, the reviewers' agreement, and the score before and after."""
    console = new_console()
    table = new_table("file", "answers", *RECONCILED, numbers=("answers", *RECONCILED))
    for line in value.files:
        counts = [getattr(line.account, kind) for kind in RECONCILED]
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
    _print_agreement(console, value.agreement)
    console.print(f"Quality score {interval(value.before)} → {interval(value.verdict.measured)}{mark(value.verdict)}")
    _print_outlook(console, value.outlook)


@command("import", group=GROUP, table=import_table)
def review_import(
    shell: Shell,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Label Studio exports, CSV or XLSX.")],
    reviewer: Annotated[str, typer.Option(help="Who filled in rows that name nobody [the file's name].")] = "",
) -> "ReviewImportResult":
    """Take in what reviewers said, and say what it does to the score."""
    return shell.project().review_import(files, reviewer=reviewer)


def next_table(value: "ReviewNextResult") -> None:
    """How many rows were answered, and how many are left."""
    skipped = f", {value.skipped:,} skipped" if value.skipped else ""
    new_console().print(f"{value.answered:,} answered by {escape(value.reviewer)}{skipped}; {value.left:,} left")


@command("next", group=GROUP, table=next_table)
def review_next(
    shell: Shell,
    reviewer: Annotated[str, typer.Option(help="Who reads [you].")] = "",
) -> "ReviewNextResult":
    """Review here, one row at a time; every answer is kept at once, and the next call goes on."""

    def say(text: str) -> None:
        print(text, end="" if text.endswith(" ") else "\n", file=sys.stderr, flush=True)

    return shell.project().review_next(sys.stdin, say, reviewer=reviewer)


def status_table(value: "ReviewStatusResult") -> None:
    """How far each set and reviewer is, the findings that were read, and the corrected score."""
    console = new_console()
    if not value.sets:
        console.print("No sample yet: [bold]tunewright review sample --to review.xlsx[/]")
    for line in value.sets:
        console.print(f"set {line.set}: {line.reviewed:,} of {line.rows:,} rows reviewed")
    for name, count in value.reviewers.items():
        console.print(f"  {escape(name)}: {count:,}", style="dim")
    if value.findings:
        table = new_table("reviewed rows with", "rows", "defective", numbers=("rows", "defective"))
        for finding in value.findings:
            table.add_row(escape(finding.name), f"{finding.reviewed:,}", f"{finding.defective:,}")
        console.print(table)
    _print_agreement(console, value.agreement)
    corrected = f" → {interval(value.corrected)} corrected" if value.corrected else ""
    console.print(f"Quality score {interval(value.automatic)}{corrected}{mark(value.verdict)}")
    _print_outlook(console, value.outlook)


@command("status", group=GROUP, table=status_table)
def review_status(shell: Shell) -> "ReviewStatusResult":
    """Say how far the review is, the corrected score, and how many more rows would decide the gate."""
    return shell.project().review_status()


def _print_agreement(console: "Console", score: "Score | None") -> None:
    if score is not None:
        console.print(f"Agreement (Krippendorff's alpha) {score.value:.2f} ({ends(score)}) on {score.n:,} rows")


def _print_outlook(console: "Console", outlook: "Outlook | None") -> None:
    if outlook is not None:
        console.print(escape(outlook.words), soft_wrap=True)


COMMANDS = (review_sample, review_import, review_next, review_status)
