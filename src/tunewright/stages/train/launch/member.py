"""One of several processes that train together.

``python -m tunewright.stages.train.launch.member FOLDER`` is what torchrun starts on each.
The folder is one that ``training.py`` hands over; every process reads it, and the first one tells in it how it goes and
how it ended. An error of any process is written beside that. A byte on the standard input is Ctrl-C, and its end means
that whoever started this is gone: in either case all pause at the end of the step, with a checkpoint.
"""

import faulthandler
import json
import os
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.files import publish_text
from tunewright.core.offline import go_offline, is_offline
from tunewright.core.progress import SILENT
from tunewright.stages.train.distributed.process_group import Helped, Team, joined
from tunewright.stages.train.launch.relay import Relay, in_words
from tunewright.stages.train.launch.worker import FILE, ROWS, Handed, carried_out, listen

TOLD = "told.jsonl"
FAULTS = "fault-*.json"


def took_part(folder: Path) -> bool:
    """Take part in the training that `folder` describes; whether it went well. If not, the folder says how."""
    rank = os.environ.get("RANK", "0")
    try:
        if is_offline():
            go_offline()
        with joined() as team:
            take_part(folder, team)
    except BaseException as error:
        tell_fault(folder, error, who=rank)
        return False
    return True


def take_part(folder: Path, team: Team) -> None:
    """The part of this process, which is one of `team` already."""
    if team.first:
        _lead(folder)
    else:
        _help(folder, team)


def tell_fault(folder: Path, error: BaseException, *, who: str) -> None:
    """Write down how a process went wrong, for the one that started it, and for people into its own log."""
    traceback.print_exception(error)
    told = {**in_words(error), "host": socket.gethostname(), "process": who, "echo": _is_echo(error)}
    publish_text(folder / FAULTS.replace("*", who), json.dumps(told) + "\n")


def _lead(folder: Path) -> None:
    """Carry the plan out as a process alone would, and tell it."""
    with (folder / TOLD).open("ab") as stream:
        relay = Relay(stream.fileno())
        try:
            candidate = carried_out(folder, relay)
        except KeyboardInterrupt as error:
            relay.end(**in_words(error))
        else:
            relay.end(candidate=candidate.model_dump_json())


def _help(folder: Path, team: Team) -> None:
    """Walk through the same recipe in silence, as far as the others need it."""
    from tunewright.stages.train.plugins import METHODS

    handed = Handed.model_validate_json((folder / FILE).read_text(encoding="utf-8"))
    method = METHODS.load(handed.plan.method)
    options = method.Options.model_validate(dict(handed.plan.options))
    evidence = None if handed.evidence is None else Path(handed.evidence)
    corpus = Corpus(handed.dataset, pl.scan_parquet(folder / ROWS), evidence=evidence)
    try:
        method.train(corpus, handed.plan, options, Path(handed.work), SILENT, handed.settings.checkpoint_seconds)
    except Helped:
        return
    raise AssertionError(f"process {team.rank} of {team.size} came to an end that only the first may reach")


def _is_echo(error: BaseException) -> bool:
    """Whether it only says that another process is gone."""
    import torch.distributed as dist

    text = str(error)
    return isinstance(error, dist.DistError) or "Connection closed" in text or "Connection reset" in text


def _own_input() -> int:
    """Standard input for us alone: libraries, and programs that they start, read nothing."""
    orders, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return orders


if __name__ == "__main__":
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=listen, args=(_own_input(),), name="listen", daemon=True).start()
    sys.exit(0 if took_part(Path(sys.argv[1])) else 1)
