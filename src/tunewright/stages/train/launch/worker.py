"""The training process: it carries out the plan that was put into a folder for it, and tells how on its output.

``python -m tunewright.stages.train.launch.worker FOLDER`` is started by ``training.py`` and by nobody else. A byte
on its standard input is Ctrl-C. The end of that input means that whoever started it is gone: nobody would see it or
stop it any more, so it pauses with a checkpoint, and a run started later goes on from there.
"""

import faulthandler
import os
import signal
import sys
import threading
import time
from pathlib import Path

import polars as pl

from tunewright.core.candidate import Candidate, Plan
from tunewright.core.corpus import Corpus
from tunewright.core.dataset import Dataset
from tunewright.core.frozen import Frozen
from tunewright.core.offline import go_offline, is_offline
from tunewright.stages.train.launch.relay import Relay, in_words
from tunewright.stages.train.settings import TrainSettings

ROWS = "rows.parquet"
FILE = "handed.json"
#: How long a process that nobody follows any more may take to end its step and keep a checkpoint.
GRACE_S = 120.0


class Handed(Frozen):
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


def main(folder: Path) -> None:
    """Train, and tell the one that started this process how that ended."""
    orders, output = _own_streams()
    relay = Relay(output)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start out deaf to it
        threading.Thread(target=listen, args=(orders,), name="listen", daemon=True).start()
        candidate = carried_out(folder, relay)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # from here on there is nothing left to interrupt
        relay.end(candidate=candidate.model_dump_json())
    except BaseException as error:  # all of it goes to the other side, which raises it again
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        relay.end(**in_words(error))


def carried_out(folder: Path, relay: Relay) -> Candidate:
    """The candidate of what was handed over in `folder`."""
    if is_offline():
        go_offline()
    from tunewright.stages.train.api import train

    handed = Handed.model_validate_json((folder / FILE).read_text(encoding="utf-8"))
    evidence = None if handed.evidence is None else Path(handed.evidence)
    return train(
        Corpus(handed.dataset, pl.scan_parquet(folder / ROWS), evidence=evidence, progress=relay),
        handed.plan,
        Path(handed.work),
        settings=handed.settings,
        progress=relay,
        home=None if handed.home is None else Path(handed.home),
        origins=handed.origins,
    )


def _own_streams() -> tuple[int, int]:
    """Standard input and output for us alone: libraries, and programs that they start, read nothing and print aside."""
    orders, output = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return orders, output


def listen(orders: int) -> None:
    """Pass on each Ctrl-C; when the other side is gone, the last one, and an end if it is not heeded."""
    main_thread = threading.main_thread().ident
    assert main_thread is not None
    while os.read(orders, 1):
        signal.pthread_kill(main_thread, signal.SIGINT)
    signal.pthread_kill(main_thread, signal.SIGINT)
    time.sleep(GRACE_S)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    faulthandler.enable()
    main(Path(sys.argv[1]))
