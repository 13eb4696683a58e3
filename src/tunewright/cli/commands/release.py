"""``tunewright release``."""

from typing import TYPE_CHECKING

from tunewright.cli.command import command
from tunewright.cli.options import OverrideOptions
from tunewright.cli.shell import Shell
from tunewright.cli.tables import escape, mark, near, new_console

if TYPE_CHECKING:
    from tunewright.stages.release.results import ReleaseResult


def release_table(value: "ReleaseResult") -> None:
    """Where the release is, its parity with the evaluation, and its gates."""
    console = new_console()
    console.print(f"Release [bold]{escape(value.name)}[/]: {escape(near(value.folder))}", soft_wrap=True)
    console.print(f"  {value.parity_rows:,} test rows answered with the same bits as in evaluation")
    for verdict in value.verdicts:
        console.print(f"  {verdict.gate}{mark(verdict)}")


@command("release", panel="Steps", table=release_table)
def release(shell: Shell, gates: OverrideOptions) -> "ReleaseResult":
    """Package the candidate with its proof."""
    return shell.project(gates.by_gate()).release()


COMMANDS = (release,)
