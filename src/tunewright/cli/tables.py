"""What the tables of all verbs share: the console, columns, figures with intervals; and errors in one voice.

rich is imported when something is printed, not before.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tunewright.core.errors import UserError, UserErrors

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tunewright.core.gate import Verdict
    from tunewright.core.score import Score

#: Rows that a table shows of many.
SHOWN = 20


def new_console(*, stderr: bool = False) -> "Console":
    """A console on stdout or stderr as it is now."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # A pipe has no width of its own; 100 columns keep tables whole in logs and files.
    width = None if stream.isatty() or "COLUMNS" in os.environ else 100
    return Console(file=stream, width=width, highlight=False, soft_wrap=False)


def new_table(
    *heads: str,
    numbers: tuple[str, ...] = (),
    whole: tuple[str, ...] = (),
    overflow: Literal["fold", "ellipsis"] = "fold",
) -> "Table":
    """An empty table of columns without lines.

    Args:
        heads: the names of the columns.
        numbers: those whose cells stand to the right.
        whole: those whose cells stay on one line.
        overflow: what is done to a word that is too long for its column.
    """
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for head in heads:
        table.add_column(head, justify="right" if head in numbers else "left", overflow=overflow, no_wrap=head in whole)
    return table


def escape(text: str) -> str:
    """`text` with nothing in it that rich reads as markup."""
    from rich.markup import escape as escape_markup

    return escape_markup(text)


def print_error(error: UserError) -> None:
    """Every fault on stderr: code, what, why, fix."""
    console = new_console(stderr=True)
    for fault in error.faults if isinstance(error, UserErrors) else (error,):
        console.print(f"[bold red]Error[/] [bold]{fault.code}[/]: {escape(fault.what)}", soft_wrap=True)
        if fault.why:
            console.print(f"  Why: {escape(fault.why)}", soft_wrap=True)
        if fault.fix:
            console.print(f"  Fix: {escape(fault.fix)}", soft_wrap=True)
    if not error.code.startswith("E-BUG"):
        console.print(f"  More: tunewright explain {error.code}", style="dim")


def print_warning(line: str) -> None:
    """A sentence on stderr that a person should not miss."""
    new_console(stderr=True).print(f"[bold yellow]Note[/] {escape(line)}", soft_wrap=True)


def interval(score: "Score") -> str:
    """``91.2 (88.0 to 93.5)``, the value in bold."""
    span = "" if score.low is None else f" ({ends(score)})"
    return f"[bold]{score.value:.1f}[/]{span}"


def ends(score: "Score") -> str:
    """``88.0 to 93.5``: the interval of a score alone, with a digit for points and three for shares."""
    if score.low is None or score.high is None:
        return "–"
    digits = 1 if score.unit == "points" else 3
    return f"{score.low:.{digits}f} to {score.high:.{digits}f}"


def mark(verdict: "Verdict | None") -> str:
    """A gate's judgement, to stand behind the figure that it judges; nothing without one."""
    if verdict is None:
        return ""
    if verdict.passed:
        return f"  [green]✓ {verdict.bar}[/]"
    if verdict.overridden:
        return f"  [yellow]overridden by {escape(verdict.overridden.who)}: {escape(verdict.overridden.why)}[/]"
    return f"  [red]✗ the gate asks for {verdict.bar}[/]"


def cell(value: Any) -> str:
    """A value of any kind as a cell: three digits of a fraction."""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def near(path: str) -> str:
    """`path` as one would type it here: relative where it lies below this folder."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def clip(text: str, width: int) -> str:
    """`text` on one line, of at most `width` letters."""
    flat = " ".join(str(text).split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"
