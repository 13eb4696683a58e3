"""How training runs look to a person."""

import time
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tunewright.stages.train.results import RunsAskedResult, RunsEventsResult, RunsListResult, RunsShowResult
from tunewright.stages.train.runs.jobs import SHORT, Job, lines_of

COLORS = {"succeeded": "green", "failed": "red", "running": "cyan", "paused": "yellow", "pausing": "yellow"}


def show(console: Console, value: RunsListResult | RunsShowResult | RunsEventsResult | RunsAskedResult) -> None:
    """What a verb of ``runs …`` gave."""
    match value:
        case RunsListResult():
            _list(console, value)
        case RunsShowResult():
            _one(console, value)
        case RunsEventsResult():
            for line in lines_of(value.data):
                print(line)
        case RunsAskedResult():
            words = f"Asked {value.job.id[:SHORT]} to {value.asked}. {value.words}"
            console.print(words, soft_wrap=True, markup=False)


def _list(console: Console, value: RunsListResult) -> None:
    """A line for each run."""
    if not value.data:
        console.print("Nothing was trained here yet.")
        return
    console.print(_table(value.data))


def _one(console: Console, value: RunsShowResult) -> None:
    """One run, its sentences and its settings."""
    job = value.job
    console.print(_table([job]))
    if job.error:
        console.print(f"  {escape(str(job.error['code']))}: {escape(str(job.error['message']))}", style="red")
    for event in value.messages:
        console.print(f"  {_when(event.created_at)}  {escape(event.message)}", soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("setting", "value", "from"):
        table.add_column(name, overflow="fold")
    for line in value.settings:
        table.add_row(line.key, escape(str(line.value)), escape(line.origin))
    console.print(table)
    console.print(f"Files: {escape(job.fine_tuned_model or job.folder)}", soft_wrap=True)


def _table(jobs: Sequence[Job]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("run", "state", "method", "step", "loss", "valid", "begun"):
        table.add_column(name, justify="right" if name in ("step", "loss", "valid") else "left", no_wrap=name == "run")
    for job in jobs:
        color = COLORS.get(job.status, "white")
        asked = f", asked to {job.asked}" if job.asked else ""
        table.add_row(
            job.id[:SHORT],
            f"[{color}]{job.status}[/]{asked}",
            job.method,
            f"{job.step:,} of {job.total_steps:,}" if job.total_steps else "–",
            _figure(job.train_loss),
            _figure(job.full_valid_loss),
            _when(job.created_at) if job.created_at else "–",
        )
    return table


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _when(seconds: int) -> str:
    return time.strftime("%m-%d %H:%M", time.localtime(seconds))
