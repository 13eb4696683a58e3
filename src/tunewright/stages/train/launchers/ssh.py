"""Processes on several hosts, each started through ssh; the first host is where the others meet.

Every host needs the project folder on the same path (a shared file system) and Tunewright at the same place. Nothing
is copied, and no secret is on a command line: ssh logs in by keys alone (BatchMode), and what ``train.notify`` or a
tracker reads from the environment has to be set on the first host.
"""

import re
import shlex
from pathlib import Path

from pydantic import Field

from tunewright.core.errors import UserError
from tunewright.core.frozen import Frozen
from tunewright.core.offline import is_offline
from tunewright.stages.train.launch.commands import Command, python, torchrun
from tunewright.stages.train.launch.silent_death import NO_FOLDER

#: A name, an address or user@host; nothing that ssh or a shell could take for something else.
HOST = re.compile(r"[A-Za-z0-9_][\w.@:%-]*")
CONNECT_S = 15


class Options(Frozen):
    """Which hosts, and how many processes on each."""

    hosts: tuple[str, ...] = Field((), description="Hosts as ssh knows them, such as [a, b]; the first one leads.")
    processes: int = Field(0, ge=0, description="Processes on each host; 0: one for each GPU.")
    python: str = Field("", description="Python on the hosts; empty: the path that it has here.")
    address: str = Field("", description="Where the others reach the first host; empty: the name that ssh was given.")
    port: int = Field(29500, ge=1024, le=65535, description="Port on the first host where they meet.")


def commands(folder: Path, options: Options) -> tuple[Command, ...]:
    """One command a host, all to run at once, on what was handed over in `folder`.

    Raises:
        UserError: E-LAUNCH-001 without hosts, E-LAUNCH-005 for a name that is none.
    """
    if not options.hosts:
        raise UserError("E-LAUNCH-001", "No hosts are named to train on.", fix="--on ssh --hosts a,b")
    for host in options.hosts:
        if not HOST.fullmatch(host):
            raise UserError(
                "E-LAUNCH-005",
                f"{host!r} is no host that ssh could be given.",
                why="A name that begins with a dash, or holds blanks or signs, could be taken for something else.",
                fix="A name, an address or user@host; anything more belongs into ~/.ssh/config.",
            )
    return tuple(Command(where=host, line=_line(host, at, folder, options)) for at, host in enumerate(options.hosts))


def _line(host: str, at: int, folder: Path, options: Options) -> tuple[str, ...]:
    """What is called to start the processes of host number `at`."""
    where = ("--nnodes", str(len(options.hosts)), "--node-rank", str(at))
    meeting = options.address or options.hosts[0].rpartition("@")[2]
    meet = ("--master-addr", meeting, "--master-port", str(options.port))
    offline = ("TUNEWRIGHT_OFFLINE=1",) if is_offline() else ()
    run = python(*torchrun(folder, options.processes, *where, *meet), program=options.python, environment=offline)
    script = f"cd {shlex.quote(str(folder))} || exit {NO_FOLDER}; exec {shlex.join(run)}"
    sure = ("-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_S}")
    return ("ssh", *sure, "--", host, shlex.join(["sh", "-c", script]))
