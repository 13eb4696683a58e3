"""Training runs of a project, looked at and steered from another terminal: what the verbs ``runs …`` do."""

from collections.abc import Iterator
from pathlib import Path

from tunewright.stages.train.results import RunsAskedResult, RunsEventsResult, RunsListResult, RunsShowResult
from tunewright.stages.train.runs import control, resolved_settings
from tunewright.stages.train.runs.job_events import events_of
from tunewright.stages.train.runs.jobs import Job, chosen, job_in, jobs_in, require_askable
from tunewright.workflow.workspace import Workspace

#: Sentences of a run's record that `runs show` shows.
LAST_MESSAGES = 12

WORDS = {
    "pause": "It ends its step, keeps a checkpoint and ends; `tunewright run` goes on from there.",
    "stop": "It ends its step, validates and ends with the best weights so far; the walk goes on with them.",
}
#: The same of a run that no process trains now.
LATER = "The next `tunewright run` ends with the best weights so far; where nothing was validated yet, one step later."


def list_runs(workspace: Workspace) -> RunsListResult:
    """Every run of the project, the newest first."""
    return RunsListResult(data=jobs_in(_folders(workspace)))


def show_run(workspace: Workspace, run: str) -> RunsShowResult:
    """One run: where it stands, what it said, and each setting with where it came from."""
    job = chosen(jobs_in(_folders(workspace)), run)
    messages = [event for event in events_of(Path(job.folder)) if event.type == "message"]
    settings = resolved_settings.read(Path(job.folder))
    return RunsShowResult(job=job, settings=settings, messages=tuple(messages[-LAST_MESSAGES:]))


def run_events(workspace: Workspace, run: str) -> RunsEventsResult:
    """Every event of one run, oldest first."""
    job = chosen(jobs_in(_folders(workspace)), run)
    return RunsEventsResult(data=tuple(events_of(Path(job.folder))))


def ask_run(workspace: Workspace, run: str, wish: control.Request) -> RunsAskedResult:
    """Ask a run to pause or to stop, and record who asked."""
    job = chosen(jobs_in(_folders(workspace)), run, unfinished=True)
    require_askable(job, wish)
    control.ask(Path(job.folder), wish)
    workspace.events.append(f"run.{wish}", "train", key=job.id)
    return RunsAskedResult(job=_again(job), asked=wish, words=WORDS[wish] if job.alive else LATER)


def _again(job: Job) -> Job:
    return job_in(Path(job.folder)) if Path(job.folder).exists() else job  # a run that succeeds moves its folder


def _folders(workspace: Workspace) -> Iterator[Path]:
    """Work folders, of which those of other steps hold no run, and what the train step finished."""
    yield from sorted((workspace.state / "work").glob("*"))
    yield from (path for path in sorted((workspace.state / "steps" / "train").glob("*")) if "." not in path.name)
