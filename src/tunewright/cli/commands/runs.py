"""``tunewright runs …``: training runs, looked at and steered from another terminal."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.command import Group, command
from tunewright.cli.shell import Shell
from tunewright.cli.tables import escape, new_console, new_table

if TYPE_CHECKING:
    from rich.table import Table

    from tunewright.stages.train.results import RunsAskedResult, RunsEventsResult, RunsListResult, RunsShowResult
    from tunewright.stages.train.runs.jobs import Job

GROUP = Group("runs", "See, pause and stop training runs from another terminal.", panel="Project")
COLORS = {"succeeded": "green", "failed": "red", "running": "cyan", "paused": "yellow", "pausing": "yellow"}

Id = Annotated[str, typer.Argument(metavar="[ID]", help="The beginning of a run's id [the newest].")]


def list_table(value: "RunsListResult") -> None:
    """A line for each run."""
    console = new_console()
    console.print(_job_table(value.data) if value.data else "Nothing was trained here yet.")


@command("list", group=GROUP, table=list_table)
def runs_list(shell: Shell) -> "RunsListResult":
    """List every run: its state, how far it is, its losses."""
    return shell.project().runs_list()


def show_table(value: "RunsShowResult") -> None:
    """One run, its sentences and its settings."""
    console = new_console()
    job = value.job
    console.print(_job_table([job]))
    if job.error:
        console.print(f"  {escape(str(job.error['code']))}: {escape(str(job.error['message']))}", style="red")
    for event in value.messages:
        console.print(f"  {_local_time(event.created_at)}  {escape(event.message)}", soft_wrap=True)
    table = new_table("setting", "value", "from")
    for line in value.settings:
        table.add_row(line.key, escape(str(line.value)), escape(line.origin))
    console.print(table)
    console.print(f"Files: {escape(job.fine_tuned_model or job.folder)}", soft_wrap=True)


@command("show", group=GROUP, table=show_table)
def runs_show(shell: Shell, run: Id = "") -> "RunsShowResult":
    """Show one run: what it said last, and each setting with where it came from."""
    return shell.project().runs_show(run)


def events_table(value: "RunsEventsResult") -> None:
    """The events as JSON lines, for people too."""
    from tunewright.stages.train.runs.jobs import lines_of

    for line in lines_of(value.data):
        print(line)


@command("events", group=GROUP, table=events_table)
def runs_events(shell: Shell, run: Id = "") -> "RunsEventsResult":
    """Print a run's events as JSON lines, in the form of OpenAI's fine-tuning events."""
    return shell.project().runs_events(run)


def request_table(value: "RunsAskedResult") -> None:
    """What was asked of which run."""
    from tunewright.stages.train.runs.jobs import SHORT

    line = f"Asked {value.job.id[:SHORT]} to {value.asked}. {value.words}"
    new_console().print(line, soft_wrap=True, markup=False)


@command("pause", group=GROUP, table=request_table)
def runs_pause(shell: Shell, run: Id = "") -> "RunsAskedResult":
    """Keep a checkpoint and end the process that trains; `tunewright run` goes on to the same bits."""
    return shell.project().runs_pause(run)


@command("stop", group=GROUP, table=request_table)
def runs_stop(shell: Shell, run: Id = "") -> "RunsAskedResult":
    """End a run early with the best weights so far."""
    return shell.project().runs_stop(run)


def _job_table(jobs: "Sequence[Job]") -> "Table":
    from tunewright.stages.train.runs.jobs import SHORT

    heads = ("run", "state", "method", "step", "loss", "valid", "begun")
    table = new_table(*heads, numbers=("step", "loss", "valid"), whole=("run",), overflow="ellipsis")
    for job in jobs:
        request = f", asked to {job.asked}" if job.asked else ""
        table.add_row(
            job.id[:SHORT],
            f"[{COLORS.get(job.status, 'white')}]{job.status}[/]{request}",
            job.method,
            f"{job.step:,} of {job.total_steps:,}" if job.total_steps else "–",
            _loss(job.train_loss),
            _loss(job.full_valid_loss),
            _local_time(job.created_at) if job.created_at else "–",
        )
    return table


def _loss(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _local_time(seconds: int) -> str:
    return time.strftime("%m-%d %H:%M", time.localtime(seconds))


COMMANDS = (runs_list, runs_show, runs_events, runs_pause, runs_stop)
