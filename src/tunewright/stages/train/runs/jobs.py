"""A training run as seen from outside, in the form of OpenAI's fine-tuning jobs, read from its folder alone."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from tunewright.core.candidate import Candidate
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.frozen import Frozen
from tunewright.stages.train.runs import control
from tunewright.stages.train.runs.fingerprint import FILE, RunFingerprint
from tunewright.stages.train.runs.job_events import ENDED, JobEvent, State, events_of, state_of
from tunewright.stages.train.runs.run_settings import is_alive, run_id

#: Enough of an id to tell runs apart, as git does it.
SHORT = 12


class Job(Frozen):
    """One run.

    Attributes:
        object: always ``fine_tuning.job``.
        id: the key of the train step.
        created_at: seconds since 1970 of its first event.
        finished_at: of the event that ended it.
        status: the state it is in; a run whose process was killed is paused, since it goes on from its checkpoint.
        model: the base.
        fine_tuned_model: where the model is, once it succeeded.
        method: the training method.
        seed: random seed.
        trained_tokens: tokens the loss was taken on in one epoch, once it succeeded.
        error: code and message of what it failed with.
        step: the last step that was taken.
        total_steps: optimizer steps in all.
        train_loss: of that step.
        full_valid_loss: of the last validation.
        alive: whether a process trains it now.
        asked: ``pause`` or ``stop``, where that was asked for and is not done yet.
        folder: where its files are.
    """

    object: Literal["fine_tuning.job"] = "fine_tuning.job"
    id: str
    created_at: int | None = None
    finished_at: int | None = None
    status: State
    model: str
    fine_tuned_model: str | None = None
    method: str
    seed: int
    trained_tokens: int | None = None
    error: Mapping[str, Any] | None = None
    step: int = 0
    total_steps: int | None = None
    train_loss: float | None = None
    full_valid_loss: float | None = None
    alive: bool = False
    asked: str | None = None
    folder: str


def is_run(folder: Path) -> bool:
    """Whether a run was begun in `folder`."""
    return (folder / FILE).exists()


def job_in(folder: Path) -> Job:
    """The run in `folder`."""
    fingerprint = RunFingerprint.load(folder)
    assert fingerprint is not None, "a run writes what it begins with before anything else"
    events = events_of(folder)
    alive = is_alive(folder)
    last_state = state_of(events) or "queued"
    status: State = last_state if alive or last_state in ENDED else "paused"
    last = next((event for event in reversed(events) if event.status), None)
    figures = _last_figures(events)
    data = last.data if last else {}
    return Job(
        id=run_id(folder),
        created_at=events[0].created_at if events else None,
        finished_at=last.created_at if last and status in ENDED and last_state == status else None,
        status=status,
        model=fingerprint.facts["base"],
        fine_tuned_model=str(folder / Candidate.MODEL_FOLDER) if status == "succeeded" else None,
        method=fingerprint.facts["train.method"],
        seed=fingerprint.facts["seed"],
        trained_tokens=data.get("trained_tokens"),
        error=data.get("error"),
        **{name: figures[name] for name in ("step", "total_steps", "train_loss", "full_valid_loss") if name in figures},
        alive=alive,
        asked=control.requested(folder),
        folder=str(folder),
    )


def jobs_in(folders: Iterable[Path]) -> tuple[Job, ...]:
    """The runs in `folders`, the one that was begun last first."""
    jobs = [job_in(folder) for folder in folders if is_run(folder)]
    return tuple(sorted(jobs, key=lambda job: (job.created_at or 0, job.id), reverse=True))


def chosen(jobs: Sequence[Job], name: str, *, unfinished: bool = False) -> Job:
    """The run whose id begins with `name`; without a name the newest, or the newest that has not succeeded.

    Raises:
        UserError: E-TRAIN-021 when there is none, or several.
    """
    if name:
        matches = [job for job in jobs if job.id.startswith(name)]
        what = f"{len(matches) or 'No'} runs have an id that begins with {name!r}."
    else:
        matches = [job for job in jobs if not unfinished or job.status != "succeeded"][:1]
        what = "No run here has still something to do." if jobs else "Nothing was trained here yet."
    if len(matches) == 1:
        return matches[0]
    raise UserError("E-TRAIN-021", what, fix="tunewright runs list", exit_code=ExitCode.NOT_FOUND)


def require_askable(job: Job, wish: control.Request) -> None:
    """Stop when `job` cannot do what is asked of it.

    Raises:
        UserError: E-TRAIN-021.
    """
    if wish == "pause" and not job.alive:
        what, fix = f"is {job.status}, and no process trains it", "tunewright runs list"
    elif job.status == "succeeded":
        what, fix = "has succeeded already", "tunewright runs show"
    else:
        return
    raise UserError(
        "E-TRAIN-021",
        f"The run {job.id[:SHORT]} {what}.",
        why="Only what trains can be paused, and only what has not ended can be stopped.",
        fix=fix,
    )


def lines_of(events: Iterable[JobEvent]) -> Iterable[str]:
    """Events as they are in the file, one JSON object a line."""
    return (json.dumps(event.model_dump(mode="json"), ensure_ascii=False) for event in events)


def _last_figures(events: Sequence[JobEvent]) -> dict[str, Any]:
    """The newest value of each figure, read back to where there is a loss of each kind."""
    figures: dict[str, Any] = {}
    for event in reversed(events):
        if event.type == "metrics":
            figures = dict(event.data) | figures
            if "train_loss" in figures and "full_valid_loss" in figures:
                break
    return figures
