"""One of several processes that train together.

``python -m tunewright.stages.train.launch.member FOLDER`` is what torchrun starts on each.
The folder is one that ``training.py`` hands over; every process reads it, and the first one tells in it how it goes and
how it ended. An error of any process is written beside that.
"""

import faulthandler
import json
import os
import socket
import sys
import traceback
from pathlib import Path

from tunewright.core.files import publish_text
from tunewright.core.offline import go_offline, is_offline
from tunewright.stages.train.distributed.process_group import init_process_group
from tunewright.stages.train.launch.listening import listen_in_main_thread
from tunewright.stages.train.launch.relay import encode_result
from tunewright.stages.train.launch.worker import run_worker

FAULTS = "fault-*.json"


def run_member(folder: Path) -> bool:
    """Take part in the training that `folder` describes; whether it went well. If not, the folder says how."""
    rank = os.environ.get("RANK", "0")
    try:
        if is_offline():
            go_offline()
        with init_process_group() as group:
            run_worker(folder, group)
    except BaseException as error:
        record_fault(folder, error, process=rank)
        return False
    return True


def record_fault(folder: Path, error: BaseException, *, process: str) -> None:
    """Write down how a process went wrong, for the one that started it, and for people into its own log."""
    traceback.print_exception(error)
    fault = {**encode_result(error), "host": socket.gethostname(), "process": process, "echo": _is_echo(error)}
    publish_text(folder / FAULTS.replace("*", process), json.dumps(fault) + "\n")


def _is_echo(error: BaseException) -> bool:
    """Whether it only says that another process is gone."""
    import torch.distributed as dist

    text = str(error)
    return isinstance(error, dist.DistError) or "Connection closed" in text or "Connection reset" in text


if __name__ == "__main__":
    faulthandler.enable()
    listen_in_main_thread()
    sys.exit(0 if run_member(Path(sys.argv[1])) else 1)
