"""One attempt at a run: the settings that do not change its weights, written into the work folder for the trainer.

The recipes hand the trainer a work folder and know nothing of events, webhooks and mirrors.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tunewright.core.files import publish_text
from tunewright.core.frozen import Frozen
from tunewright.core.progress import Progress
from tunewright.stages.train.runs.job_events import JobEvents
from tunewright.stages.train.runs.webhook import Webhook
from tunewright.stages.train.settings import TrainSettings

FILE = "attempt.json"
LOCK = "running.lock"
#: A look at whether a run is alive holds its lock for an instant.
LOOK_S = 5.0


class RunSettings(Frozen):
    """Settings of this attempt.

    Attributes:
        settings: how often checkpoints are written, who is told, and so on; no secrets.
        home: folder of the trackers' own files.
    """

    settings: TrainSettings = TrainSettings()
    home: str = ""

    def save(self, work: Path) -> None:
        """Write it into a work folder."""
        publish_text(work / FILE, self.model_dump_json(indent=1) + "\n")

    @classmethod
    def load(cls, work: Path) -> "RunSettings":
        """The one in a work folder; the defaults where there is none."""
        path = work / FILE
        return cls.model_validate_json(path.read_text(encoding="utf-8")) if path.exists() else cls()

    def events(self, work: Path, progress: Progress) -> JobEvents:
        """The run's record, with whoever is to be told.

        Raises:
            UserError: E-TRAIN-018.
        """
        notify = self.settings.notify
        return JobEvents(work, [Webhook(notify, run_id(work), progress)] if notify else [])


def run_id(work: Path) -> str:
    """The name of the run in `work`: that of its folder."""
    return work.resolve().name


@contextmanager
def locked(work: Path, progress: Progress) -> Iterator[None]:
    """Within this block no other process trains in `work`; who holds the lock is alive, whatever its last word was."""
    from filelock import FileLock, Timeout

    lock = FileLock(work / LOCK)
    try:
        lock.acquire(timeout=LOOK_S)
    except Timeout:
        progress.say("Another process trains in this folder; waiting for it.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def is_alive(work: Path) -> bool:
    """Whether a process trains in `work` now."""
    from filelock import FileLock, Timeout

    if not (work / LOCK).exists():
        return False
    lock = FileLock(work / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False
