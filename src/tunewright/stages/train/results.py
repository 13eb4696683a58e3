"""What `train` and the verbs `runs …` give back."""

from typing import Literal

from tunewright.core.candidate import Candidate
from tunewright.core.frozen import Frozen
from tunewright.core.outputs import Outputs
from tunewright.stages.train.runs.job_events import JobEvent
from tunewright.stages.train.runs.jobs import Job
from tunewright.stages.train.runs.resolved_settings import Effective


class TrainResult(Frozen):
    """What `train` made."""

    candidate: str
    folder: str
    metric: str
    best_step: int
    best_value: float | None
    stopped: str
    precision: str
    seconds: float


class LaunchCommand(Frozen):
    """One command that training in several processes would start.

    Attributes:
        where: the host, in words.
        command: as a shell would be given it.
    """

    where: str
    command: str


class LaunchResult(Frozen):
    """What a dry run says that training would start.

    Attributes:
        launcher: what starts the processes; empty where training is in one.
        trained: whether the candidate is there already, so that nothing would be started.
        commands: all of them would be started at once.
    """

    launcher: str
    trained: bool
    commands: tuple[LaunchCommand, ...]


class RunsListResult(Frozen):
    """What `runs list` shows, as OpenAI's API lists jobs."""

    object: Literal["list"] = "list"
    data: tuple[Job, ...]
    has_more: bool = False


class RunsShowResult(Frozen):
    """What `runs show` shows: one run, its last sentences, and every setting that is in force."""

    job: Job
    settings: tuple[Effective, ...]
    messages: tuple[JobEvent, ...]


class RunsEventsResult(Frozen):
    """What `runs events` shows, as OpenAI's API lists a job's events, but the oldest first."""

    object: Literal["list"] = "list"
    data: tuple[JobEvent, ...]
    has_more: bool = False


class RunsAskedResult(Frozen):
    """What `runs pause` and `runs stop` asked, and what will come of it."""

    job: Job
    asked: str
    words: str


def train_result(outputs: Outputs) -> TrainResult:
    """What training made."""
    candidate = outputs[Candidate]
    run = candidate.run
    best = next((p.validation_metric for p in run.curve if p.step == run.best_step and p.validation_metric), None)
    return TrainResult(
        candidate=candidate.digest,
        folder=str(candidate.folder),
        metric=run.metric,
        best_step=run.best_step,
        best_value=best,
        stopped=run.stopped,
        precision=run.precision,
        seconds=run.seconds,
    )
