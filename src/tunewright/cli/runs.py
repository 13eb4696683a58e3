"""The verbs ``runs …``: training runs, looked at and steered from another terminal."""

from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.shell import Shell, verb

if TYPE_CHECKING:
    from tunewright.stages.train.results import RunsAskedResult, RunsEventsResult, RunsListResult, RunsShowResult

app = typer.Typer(help="See, pause and stop training runs from another terminal.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="[ID]", help="The beginning of a run's id [the newest].")]


@app.command("list")
@verb
def runs_list(shell: Shell) -> "RunsListResult":
    """List every run: its state, how far it is, its losses."""
    return shell.project().runs_list()


@app.command("show")
@verb
def runs_show(shell: Shell, run: Id = "") -> "RunsShowResult":
    """Show one run: what it said last, and each setting with where it came from."""
    return shell.project().runs_show(run)


@app.command("events")
@verb
def runs_events(shell: Shell, run: Id = "") -> "RunsEventsResult":
    """Print a run's events as JSON lines, in the form of OpenAI's fine-tuning events."""
    return shell.project().runs_events(run)


@app.command("pause")
@verb
def runs_pause(shell: Shell, run: Id = "") -> "RunsAskedResult":
    """Keep a checkpoint and end the process that trains; `tunewright run` goes on to the same bits."""
    return shell.project().runs_pause(run)


@app.command("stop")
@verb
def runs_stop(shell: Shell, run: Id = "") -> "RunsAskedResult":
    """End a run early with the best weights so far."""
    return shell.project().runs_stop(run)
