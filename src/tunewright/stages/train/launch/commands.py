"""What is started for a training: commands that can be shown before anything is started.

A launcher says which, for several processes; without one it is a process of its own on this machine.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from tunewright.core.frozen import Frozen
from tunewright.stages.train.plugins import LAUNCHERS
from tunewright.stages.train.settings import TrainSettings


class Command(Frozen):
    """One command to start.

    Attributes:
        where: the host, in words.
        line: the program and its arguments.
        interrupts: how often Ctrl-C is passed on to it; once more ends it.
        logged: whether what it prints goes into a file of the run's folder; else it goes to our standard error.
    """

    where: str
    line: tuple[str, ...]
    interrupts: int = 1
    logged: bool = True


def commands(settings: TrainSettings, folder: Path) -> tuple[Command, ...]:
    """What would be started for a training on what is handed over in `folder`.

    Raises:
        UserError: E-CFG-002 (no such launcher), E-ENV-001 (its package is missing), and the launcher's own.
    """
    if not settings.launcher:
        return (single_process(folder),)
    launcher = LAUNCHERS.load(settings.launcher)
    launched: tuple[Command, ...] = launcher.commands(
        folder, launcher.Options.model_validate(settings.launcher_options)
    )
    return launched


def single_process(folder: Path) -> Command:
    """The command of one process on this machine.

    The first Ctrl-C lets its step in hand end, the second ends it at once; ``-P`` keeps the folder that we were called
    in from its import path.
    """
    line = (sys.executable, "-P", "-m", "tunewright.stages.train.launch.worker", str(folder))
    return Command(where="this machine", line=line, interrupts=2, logged=False)


def python(*arguments: str, program: str = "", environment: Sequence[str] = ()) -> tuple[str, ...]:
    """A call of Python that imports nothing from the folder it is called in."""
    return ("env", "PYTHONSAFEPATH=1", *environment, program or sys.executable, *arguments)


def torchrun(folder: Path, processes: int, *arguments: str) -> tuple[str, ...]:
    """Torchrun's arguments for `processes` on one host, 0 for one on each GPU."""
    count = ("--nproc-per-node", str(processes or "gpu"))
    member = ("-m", "tunewright.stages.train.launch.member", str(folder))
    return ("-m", "torch.distributed.run", *arguments, *count, *member)
