"""``tunewright split``."""

from typing import TYPE_CHECKING

from tunewright.cli.command import command
from tunewright.cli.shell import Shell
from tunewright.cli.tables import new_console

if TYPE_CHECKING:
    from tunewright.stages.split.results import SplitResult


def split_table(value: "SplitResult") -> None:
    """How many rows each side has."""
    rows = ", ".join(f"{count:,} {side}" for side, count in value.division.rows.items())
    origin = "as the file says" if value.division.given else "stratified"
    new_console().print(f"{rows} ({origin}; {value.division.groups:,} groups that stay together)")


@command("split", panel="Steps", table=split_table)
def split(shell: Shell) -> "SplitResult":
    """Divide the cleaned data into train, validation and test; copies never straddle."""
    return shell.project().split()


COMMANDS = (split,)
