"""What a person asks of a run while it trains: Ctrl-C, or a pause or stop from another terminal."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from tunewright.core.progress import Progress
from tunewright.stages.train.distributed.process_group import ProcessGroup
from tunewright.stages.train.runs import control


class Requests:
    """The requests to a run, the same in all processes at the end of a step.

    Args:
        work: the run's work folder.
        group: the processes.
        progress: told that Ctrl-C came.
    """

    def __init__(self, work: Path, group: ProcessGroup, progress: Progress) -> None:
        self._work, self._group, self._progress = work, group, progress
        self._ctrl_c = False
        self._agreed_pause = False
        self._agreed_request: control.Request | None = None

    @property
    def interrupted(self) -> bool:
        """Whether the run pauses here: all processes know of it at the end of a step, one alone at once."""
        return self._agreed_pause or (self._group.is_alone and self._ctrl_c)

    def requested(self) -> control.Request | None:
        """What was asked from another terminal and is not done yet."""
        return control.requested(self._work) if self._group.is_alone else self._agreed_request

    def pause(self) -> None:
        """Let the run pause here."""
        self._agreed_pause = True

    def agree(self, due: bool) -> bool:
        """Make requests and Ctrl-C the same in all processes from here on; likewise `due`, true if it is in any."""
        if self._group.is_alone:
            return due
        request = control.requested(self._work) if self._group.is_leader else None
        pause, stop, self._agreed_pause, due = self._group.any_rank(
            request == "pause", request == "stop", self._ctrl_c, due
        )
        self._agreed_request = "pause" if pause else "stop" if stop else None
        return due

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within this block the first Ctrl-C lets the step in hand end; a second one ends it at once."""

        def note(number: int, frame: FrameType | None) -> None:
            self._ctrl_c = True
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._progress.say("Stopping after this step and keeping a checkpoint; Ctrl-C again stops at once.")

        try:
            before = signal.signal(signal.SIGINT, note)
        except ValueError:  # only the main thread can listen; elsewhere Ctrl-C is somebody else's to handle
            yield
            return
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
