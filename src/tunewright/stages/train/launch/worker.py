"""A training process: it carries out the plan that was put into a folder for it, and tells in that folder how it goes.

``python -m tunewright.stages.train.launch.worker FOLDER`` is the one of a run in one process, and is started by
``running.py`` and by nobody else; ``member.py`` is one of several.
"""

import faulthandler
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

import polars as pl

from tunewright.core.candidate import Plan
from tunewright.core.corpus import Corpus
from tunewright.core.dataset import Dataset
from tunewright.core.files import publish_text
from tunewright.core.frozen import Frozen
from tunewright.core.offline import go_offline, is_offline
from tunewright.core.progress import SILENT, Progress
from tunewright.stages.train.distributed.process_group import ALONE, NonLeaderDone, ProcessGroup
from tunewright.stages.train.launch.listening import listen_in_main_thread
from tunewright.stages.train.launch.relay import Relay, encode_result
from tunewright.stages.train.settings import TrainSettings

ROWS = "rows.parquet"
FILE = "handed.json"
#: What the leading process tells while it trains, and how it ended.
PROGRESS_FILE = "told.jsonl"


class WorkerInput(Frozen):
    """What a training process is given beside its rows.

    Attributes:
        plan: what to carry out.
        dataset: the header of the rows.
        evidence: folder of what is known about them.
        work: the run's folder.
        settings: the section of the configuration.
        home: folder of the trackers' own files.
        origins: where the settings came from, by key.
    """

    plan: Plan
    dataset: Dataset
    evidence: str | None
    work: str
    settings: TrainSettings
    home: str | None
    origins: dict[str, str]

    def save(self, folder: Path) -> None:
        """Put it into the folder that is handed over."""
        publish_text(folder / FILE, self.model_dump_json(indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The one in a folder that was handed over."""
        return cls.model_validate_json((folder / FILE).read_text(encoding="utf-8"))

    def corpus(self, folder: Path, progress: Progress) -> Corpus:
        """The rows in a folder that was handed over."""
        evidence = None if self.evidence is None else Path(self.evidence)
        return Corpus(self.dataset, pl.scan_parquet(folder / ROWS), evidence=evidence, progress=progress)


def run_worker(folder: Path, group: ProcessGroup = ALONE) -> None:
    """The part that this process has in the training that `folder` describes.

    A process alone tells in the folder how it ended, whatever happens. In a group the leader tells that of a candidate
    and of an interrupt.

    Raises:
        BaseException: in a group, what went wrong.
    """
    if not group.is_leader:
        _help(folder, group)
        return
    with (folder / PROGRESS_FILE).open("ab") as stream:
        relay = Relay(stream.fileno())
        try:
            result = {"candidate": _lead(folder, relay, group)}
        except BaseException as error:
            if not group.is_alone and not isinstance(error, KeyboardInterrupt):
                raise
            result = encode_result(error)
        with suppress(ValueError):  # only the main thread can; a worker of Ray's is another one
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # from here on there is nothing left to interrupt
        relay.end(**result)


def _lead(folder: Path, relay: Relay, group: ProcessGroup) -> str:
    """The candidate of what was handed over in `folder`, as JSON."""
    if is_offline():
        go_offline()
    from tunewright.stages.train.api import train

    handed = WorkerInput.load(folder)
    candidate = train(
        handed.corpus(folder, relay),
        handed.plan,
        Path(handed.work),
        settings=handed.settings,
        progress=relay,
        home=None if handed.home is None else Path(handed.home),
        origins=handed.origins,
        group=group,
    )
    return candidate.model_dump_json()


def _help(folder: Path, group: ProcessGroup) -> None:
    """Walk through the same recipe as the leader in silence, as far as it needs the others."""
    from tunewright.stages.train.api import fit_plan

    handed = WorkerInput.load(folder)
    corpus = handed.corpus(folder, SILENT)
    try:
        fit_plan(corpus, handed.plan, Path(handed.work), handed.settings, SILENT, group)
    except NonLeaderDone:
        return
    raise AssertionError(f"process {group.rank} of {group.size} came to an end that only the leader may reach")


if __name__ == "__main__":
    faulthandler.enable()
    listen_in_main_thread()
    run_worker(Path(sys.argv[1]))
