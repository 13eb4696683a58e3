"""What a training run says of itself while it goes: JSONL in the form of OpenAI's fine-tuning events.

One JSON object a line in ``events.jsonl`` of the run's work folder, with the names that OpenAI's API uses (``object``,
``id``, ``created_at``, ``level``, ``message``, ``type``, ``data``; metrics ``step``, ``train_loss``,
``full_valid_loss``). Fields of theirs that are not measured here, such as ``train_mean_token_accuracy``, are absent.
A message that changes the job's state carries it as ``data.status``, so the file alone says how a run stands.
"""

import json
import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from tunewright.core.frozen import Frozen

FILE = "events.jsonl"
#: Metrics are forced to disk at most this often: that takes milliseconds in which a GPU would wait. The file has them
#: at once, and survives a kill of the process.
SYNC_SECONDS = 10.0

Level = Literal["info", "warn", "error"]
State = Literal["validating_files", "queued", "running", "pausing", "paused", "succeeded", "failed", "cancelled"]
STATES: tuple[State, ...] = get_args(State)
#: States that a run is left in.
ENDED: tuple[State, ...] = ("paused", "succeeded", "failed", "cancelled")


class JobEvent(Frozen):
    """One line of the file.

    Attributes:
        object: always ``fine_tuning.job.event``.
        id: unique.
        created_at: seconds since 1970.
        level: how bad it is.
        message: a sentence.
        type: ``metrics`` when `data` holds figures of a step.
        data: figures, or the new state.
    """

    object: Literal["fine_tuning.job.event"] = "fine_tuning.job.event"
    id: str
    created_at: int
    level: Level = "info"
    message: str
    type: Literal["message", "metrics"] = "message"
    data: Mapping[str, Any] = {}

    @property
    def status(self) -> State | None:
        """The state that this event brought, if it did."""
        status = self.data.get("status") if self.type == "message" else None
        return status if status in STATES else None


Listener = Callable[[JobEvent], None]


class JobEvents:
    """The record of one run, written.

    Args:
        work: the run's work folder.
        listeners: told of each event after it is written.
    """

    def __init__(self, work: Path, listeners: Sequence[Listener] = ()) -> None:
        self._path = work / FILE
        self._listeners = listeners
        self._synced = 0.0

    def say(self, message: str, level: Level = "info", **data: Any) -> None:
        """A sentence."""
        self._append(_event(message, level=level, data=data), sync=True)

    def state(self, status: State, message: str, level: Level = "info", **data: Any) -> None:
        """The job's state from here on."""
        self.say(message, level, status=status, **data)

    def failed(self, code: str, what: str) -> None:
        """The job ended with an error, in the form that OpenAI's API gives errors."""
        self.state("failed", f"The job failed: {what}", "error", error={"code": code, "message": what, "param": None})

    def metrics(self, message: str, data: Mapping[str, Any]) -> None:
        """Figures of one step."""
        sync = time.monotonic() - self._synced >= SYNC_SECONDS
        self._append(_event(message, type="metrics", data=dict(data)), sync=sync)

    def _append(self, event: JobEvent, *, sync: bool) -> None:
        """Write `event` as a line, to the disk if `sync`, and tell the listeners."""
        with self._path.open("ab+") as stream:
            end = stream.seek(0, os.SEEK_END)
            if end:
                stream.seek(end - 1)
                if stream.read(1) != b"\n":  # half a line that a crash of the machine left
                    stream.write(b"\n")
            stream.write((json.dumps(event.model_dump(mode="json"), ensure_ascii=False) + "\n").encode())
            stream.flush()
            if sync:
                os.fsync(stream.fileno())
                self._synced = time.monotonic()
        for listener in self._listeners:
            listener(event)


class NullEvents(JobEvents):
    """The record of a process that keeps none, because another one keeps it for both."""

    def _append(self, event: JobEvent, *, sync: bool) -> None:
        """Write nothing."""


def events_of(work: Path) -> list[JobEvent]:
    """The events of the run in `work`, oldest first; a line that a crash cut short is no event."""
    path = work / FILE
    if not path.exists():
        return []
    return [event for event in map(event_of, path.read_text(encoding="utf-8").splitlines()) if event]


def event_of(line: str) -> JobEvent | None:
    """The event of one line; None for half a line."""
    try:
        return JobEvent.model_validate(json.loads(line))
    except ValueError:
        return None


def state_of(events: Sequence[JobEvent]) -> State | None:
    """The last state that was said."""
    return next((event.status for event in reversed(events) if event.status), None)


def _event(message: str, **fields: Any) -> JobEvent:
    """An event of now, with an id of its own."""
    return JobEvent(id=f"ftevent-{uuid.uuid4().hex[:24]}", created_at=int(time.time()), message=message, **fields)
