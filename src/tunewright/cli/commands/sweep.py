"""``tunewright sweep``: a line for each rank, then the winner, why, and what it cost."""

from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.command import command
from tunewright.cli.options import OverrideOptions
from tunewright.cli.shell import Shell
from tunewright.cli.tables import ends, escape, new_console, new_table

if TYPE_CHECKING:
    from rich.console import Console

    from tunewright.core.score import Score
    from tunewright.stages.train.sweep.results import RankLine, SweepResult

HEADS = ("rank", "log-likelihood", "forgets", "kept", "GB", "min / 1,000", "playbook says", "taken to")


def sweep_table(value: "SweepResult") -> None:
    """The figures of every rank, the steps between them, and the line to write."""
    console = new_console()
    level = 100 * value.untuned.level
    console.print(
        f"{escape(value.base)} untuned: log-likelihood {_ranged(value.untuned)} nats a token on {value.rows:,} "
        f"validation rows. Forgetting is on {value.items:,} general questions; {level:.0f} % intervals."
    )
    table = new_table(*HEADS, numbers=("rank", "GB", "min / 1,000"))
    for line in (*value.ranks, *([value.full] if value.full else [])):
        table.add_row(*_cells(line, value))
    console.print(table)
    _print_ending(console, value)


def _cells(line: "RankLine", value: "SweepResult") -> tuple[str, ...]:
    name = "full" if line.rank is None else str(line.rank)
    claims = [
        f"{figure:g} {unit}"
        for figure, unit in (
            (line.playbook_memory_gb, "GB"),
            (line.playbook_minutes_per_1000_steps, "min"),
        )
        if figure is not None
    ]
    return (
        f"[bold green]{name}[/]" if line.rank is not None and line.rank == value.winner else name,
        _ranged(line.quality),
        _ranged(line.forgetting),
        "–" if line.kept is None else f"{line.kept.value:.0%}",
        "–" if line.memory_gb is None else f"{line.memory_gb:.1f}",
        f"{line.minutes_per_1000_steps:.3g}",
        ", ".join(claims) or "–",
        "the end" if line.whole else f"{line.share:.0%}",
    )


def _print_ending(console: "Console", value: "SweepResult") -> None:
    if value.full_missing:
        console.print(f"Every weight was not tuned: {escape(value.full_missing)}.", soft_wrap=True)
    for step in value.ladder:
        sign, gain = "[green]✓[/]" if step.helps else "✗", step.gain
        console.print(f"  {sign} {step.low} → {step.high}: {gain.value:+.3f} ({ends(gain)}) at step {step.step:,}")
    grid = len(value.ranks)
    cost = f"Cost: {value.cost:.2f} full runs of {value.steps:,} steps" + (
        "." if value.exhaustive or value.interrupted else f", where a grid takes {grid}."
    )
    if value.winner is None:
        console.print(f"[yellow]No rank[/]: {escape(value.why)}.", soft_wrap=True)
        console.print(cost)
        return
    console.print(f"Rank [bold]{value.winner}[/]: {escape(value.why)}.", soft_wrap=True)
    console.print(cost)
    console.print(
        f"Put it under train: in tunewright.yaml, then `tunewright run`:  [bold]{escape(value.setting)}[/]",
        soft_wrap=True,
    )


def _ranged(score: "Score") -> str:
    return f"{score.value:.3f} ({ends(score)})"


@command("sweep", panel="Steps", table=sweep_table)
def sweep(
    shell: Shell,
    rank: Annotated[str, typer.Option("--rank", metavar="4,8,16", help="Ranks to try [sweep.ranks].")] = "",
    full: Annotated[bool, typer.Option("--full", help="Tune every weight beside them, where it fits.")] = False,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Take every rank to its end instead of leaving most early.")
    ] = False,
    *,
    gates: OverrideOptions,
) -> "SweepResult":
    """Find the rank worth training: quality, forgetting, memory and time of each; Ctrl-C keeps what is measured."""
    from tunewright.stages.train.sweep.settings import parsed_ranks

    return shell.project(gates.by_gate()).sweep(parsed_ranks(rank), full=full, exhaustive=exhaustive)


COMMANDS = (sweep,)
