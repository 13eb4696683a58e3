"""The error that a command which trains ended without a word: what is known of it, and what to do."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tunewright.core.errors import ExitCode, UserError
from tunewright.stages.train.launch.commands import Command

#: Exit code of a host that does not see the folder, and ssh's own for a host that it does not reach.
NO_FOLDER, NO_HOST = 66, 255
SHOWN_LINES = 12


class Ended(Protocol):
    """A command that is over."""

    @property
    def command(self) -> Command:
        """What was started."""

    @property
    def code(self) -> int | None:
        """Its exit code when it ended by itself."""

    @property
    def log(self) -> Path | None:
        """The file of what it printed, if there is one."""


def unreached(commands: Sequence[Ended]) -> list[Ended]:
    """Those that are an ssh which did not get to its host, or not to the folder there."""
    return [ended for ended in commands if ended.code in (NO_FOLDER, NO_HOST) and ended.command.line[0] == "ssh"]


def silent_death(commands: Sequence[Ended], *, launcher: str) -> UserError:
    """The error that a training whose processes said nothing ended so.

    Args:
        commands: all that were run.
        launcher: what started them; empty for one process on this machine.
    """
    failed = (unreached(commands) or [ended for ended in commands if ended.code] or list(commands))[0]
    if not launcher:
        return _of_one_process(failed.code or 0)
    where, tail = failed.command.where, _tail(failed.log)
    if failed.command.line[0] == "ssh" and failed.code == NO_HOST:
        return UserError(
            "E-LAUNCH-003",
            f"ssh does not get to {where}, or lost it: {tail or 'it gave no reason'}",
            why="Training needs all of its processes; the others were ended. The last checkpoint is kept.",
            fix=f"`ssh -o BatchMode=yes {where} true` has to work without a question.",
            exit_code=ExitCode.RETRYABLE,
        )
    if failed.command.line[0] == "ssh" and failed.code == NO_FOLDER:
        return UserError(
            "E-LAUNCH-004",
            f"{where} does not see the project's folder: {tail}",
            why="Nothing is copied: all hosts read the rows, and write checkpoints, in the same folder.",
            fix="Put the project on a file system that all hosts mount on the same path.",
        )
    code = failed.code or 0
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return UserError(
        "E-LAUNCH-002",
        f"The training on {where} {how}, and no process said why. It printed last:\n{tail}",
        why="A kill that nobody sent is most often the system taking memory back. The last checkpoint is kept.",
        fix=f"Run again to go on from it, with fewer processes if memory was short. All it printed: {failed.log}",
        exit_code=ExitCode.RETRYABLE,
    )


def _of_one_process(code: int) -> UserError:
    """The error that the only process ended with exit code `code`, or by a signal where that is negative."""
    how = f"by signal {_signal_name(-code)}" if code < 0 else f"with exit code {code}"
    return UserError(
        "E-TRAIN-017",
        f"The training process ended without a word, {how}.",
        why="A kill that nobody sent is most often the system taking memory back. The last checkpoint is kept.",
        fix="Run again to go on from it; with less memory by a smaller batch or a larger accumulation.",
        exit_code=ExitCode.RETRYABLE,
    )


def _tail(log: Path | None) -> str:
    """The last lines of a log; empty without one."""
    lines = [] if log is None else log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join([line for line in lines if line.strip()][-SHOWN_LINES:])


def _signal_name(number: int) -> str:
    """The number of a signal with its name."""
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:  # a real-time signal has no name
        return str(number)
