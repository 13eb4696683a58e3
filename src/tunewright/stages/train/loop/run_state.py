"""What a run has of itself while it trains, and who hears of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tunewright.core.progress import Progress
from tunewright.stages.train.runs.checkpoints import Checkpoints
from tunewright.stages.train.runs.clock import Clock
from tunewright.stages.train.runs.history import History
from tunewright.stages.train.runs.job_events import JobEvents
from tunewright.stages.train.runs.trackers import Log

if TYPE_CHECKING:
    from tunewright.stages.train.loop.job import Job


@dataclass(frozen=True)
class RunState:
    """A run and what it keeps.

    Attributes:
        job: what is fitted.
        work: its work folder.
        history: what it has seen of itself.
        checkpoints: its checkpoints.
        clock: its time.
    """

    job: "Job"
    work: Path
    history: History
    checkpoints: Checkpoints
    clock: Clock


@dataclass(frozen=True)
class Listeners:
    """Who hears of a run.

    Attributes:
        progress: hears steps.
        events: its record.
        log: its trackers.
    """

    progress: Progress
    events: JobEvents
    log: Log
