"""A training in several processes, started by commands that can be shown before anything is started.

A launcher says which commands; here they are run at once, followed through the folder that was handed over, which all
of them see, and ended together.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from tunewright.core.errors import ExitCode, UserError
from tunewright.core.frozen import Frozen
from tunewright.core.progress import Progress
from tunewright.stages.train.launch.interrupts import passed_on
from tunewright.stages.train.launch.member import FAULTS, TOLD
from tunewright.stages.train.launch.relay import replay
from tunewright.stages.train.plugins import LAUNCHERS
from tunewright.stages.train.runs.job_events import ENDED, events_of, state_of
from tunewright.stages.train.runs.run_settings import Attempt
from tunewright.stages.train.settings import TrainSettings

#: Exit code of a host that does not see the folder, and ssh's own for a host that it does not reach.
NO_FOLDER, NO_HOST = 66, 255
LOGS = "launched"
LOOK_S = 0.1
#: How long commands may take to be gone by themselves, and after they were told to end.
LEAVE_S, END_S = 30.0, 15.0
SHOWN_LINES = 12


class Command(Frozen):
    """One command to start.

    Attributes:
        where: the host, in words.
        line: the program and its arguments.
    """

    where: str
    line: tuple[str, ...]


def commands(settings: TrainSettings, folder: Path) -> tuple[Command, ...]:
    """What would be started for a training on what is handed over in `folder`.

    Raises:
        UserError: E-CFG-002 (no such launcher), E-ENV-001 (its package is missing), and the launcher's own.
    """
    launcher = LAUNCHERS.load(settings.launcher)
    made: tuple[Command, ...] = launcher.commands(folder, launcher.Options.model_validate(settings.launcher_options))
    return made


def python(*given: str, program: str = "", environment: Sequence[str] = ()) -> tuple[str, ...]:
    """A call of Python that imports nothing from the folder it is called in."""
    return ("env", "PYTHONSAFEPATH=1", *environment, program or sys.executable, *given)


def torchrun(folder: Path, processes: int, *given: str) -> tuple[str, ...]:
    """Torchrun's arguments for `processes` on one host, 0 for one on each GPU."""
    count = ("--nproc-per-node", str(processes or "gpu"))
    member = ("-m", "tunewright.stages.train.launch.member", str(folder))
    return ("-m", "torch.distributed.run", *given, *count, *member)


def launched(folder: Path, work: Path, settings: TrainSettings, progress: Progress) -> Mapping[str, Any]:
    """Run the commands on `folder` and tell `progress` what the first process tells; how it ended.

    Raises:
        UserError: E-LAUNCH-002 to 004 when a command ended without the processes saying why.
    """
    logs = work / LOGS
    logs.mkdir(exist_ok=True)
    with ExitStack() as stack:
        running = [
            stack.enter_context(_started(command, logs / f"{at}.log"))
            for at, command in enumerate(commands(settings, folder))
        ]
        with _passing_on(running) as asked:
            end = _followed(folder, running, progress)
    if end is None and asked():
        return {"interrupted": True}
    if end is None:
        end = first_fault(folder) if not _unreached(running) else None
    if end is None:
        error = _without_a_word(running)
        _record(work, progress, error.code, error.what)
        raise error
    if "faults" in end or "crashed" in end:
        told = end["faults"][0] if "faults" in end else {"code": "crashed", "what": end["crashed"]["text"]}
        _record(work, progress, told["code"], told["what"])
    if "candidate" in end:
        for one in running:
            one.log.unlink()
        logs.rmdir()
    return end


class _Running:
    """A command that was started."""

    def __init__(self, command: Command, log: Path) -> None:
        self.command, self.log, self.process = command, log, _popen(command, log)
        #: Its exit code when it ended by itself, before we ended it.
        self.code: int | None = None

    def look(self) -> int | None:
        """Its exit code, None while it runs."""
        self.code = self.process.poll()
        return self.code

    def tell(self) -> None:
        """Pass on one Ctrl-C."""
        assert self.process.stdin
        with suppress(BrokenPipeError):
            os.write(self.process.stdin.fileno(), b"c")

    def end(self) -> None:
        """End it: what it started hears of it by the end of its input."""
        assert self.process.stdin
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def tail(self) -> str:
        """The last lines that it printed."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([line for line in lines if line.strip()][-SHOWN_LINES:])


def _popen(command: Command, log: Path) -> "subprocess.Popen[bytes]":
    """It leads a session of its own, so that a terminal's Ctrl-C reaches it once, through us."""
    with log.open("wb") as stream:
        return subprocess.Popen(  # noqa: S603 - the line is shown by a dry run, and goes through no shell here
            command.line, stdin=subprocess.PIPE, stdout=stream, stderr=stream, start_new_session=True
        )


@contextmanager
def _started(command: Command, log: Path) -> Iterator[_Running]:
    try:
        one = _Running(command, log)
    except FileNotFoundError:
        raise UserError(
            "E-LAUNCH-002",
            f"{command.line[0]} is not installed, so nothing can be started on {command.where}.",
            fix=f"Install {command.line[0]}, or train with --on local.",
            exit_code=ExitCode.RESOURCES,
        ) from None
    try:
        yield one
    finally:
        one.end()


def _followed(folder: Path, running: Sequence[_Running], progress: Progress) -> Mapping[str, Any] | None:
    """How the first process said that it ended; None when commands ended, or one in error, before it did."""
    end: Mapping[str, Any] | None = None
    left: float | None = None
    with _Told(folder / TOLD) as told:
        while True:
            codes = [one.look() for one in running]
            for line in told.lines():
                end = replay(line, progress) or end
            over = all(code is not None for code in codes)
            if over or any(codes):  # where one failed, the others wait for it in vain
                return end
            if end is not None:
                left = left or time.monotonic() + LEAVE_S
                if time.monotonic() > left:
                    return end
            time.sleep(LOOK_S)


class _Told:
    """The lines of a file that another process is writing."""

    def __init__(self, path: Path) -> None:
        self._path, self._at, self._rest = path, 0, b""

    def __enter__(self) -> "_Told":
        return self

    def __exit__(self, *_: object) -> None:
        self._rest = b""

    def lines(self) -> Iterator[bytes]:
        """Whole lines that were not read yet; opened anew each time, since a network's file system keeps old ones."""
        if not self._path.exists():
            return
        with self._path.open("rb") as stream:
            stream.seek(self._at)
            new = stream.read()
        self._at += len(new)
        *whole, self._rest = (self._rest + new).split(b"\n")
        yield from whole


def _passing_on(running: Sequence[_Running]) -> AbstractContextManager[Callable[[], bool]]:
    """Within this block the first Ctrl-C pauses the training, a second one ends it; tells whether there was one."""

    def tell(count: int) -> None:
        for one in running:
            if count == 1:
                one.tell()
            elif one.process.poll() is None:
                one.process.terminate()

    return passed_on(tell)


def first_fault(folder: Path) -> Mapping[str, Any] | None:
    """What went wrong first, as a process told it; None when all that was told is that another one was gone."""
    paths = sorted(folder.glob(FAULTS), key=lambda path: path.stat().st_mtime)
    told = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    found = next((one for one in told if not one["echo"] and "interrupted" not in one), None)
    if found is not None and "crashed" in found:
        found["crashed"]["text"] = f"on {found['host']}, process {found['process']}: {found['crashed']['text']}"
    return found


def _unreached(running: Sequence[_Running]) -> list[_Running]:
    return [one for one in running if one.code in (NO_FOLDER, NO_HOST) and one.command.line[0] == "ssh"]


def _record(work: Path, progress: Progress, code: str, what: str) -> None:
    """Write the failure into the run's record where the first process, which keeps it, could not."""
    if state_of(events_of(work)) not in ENDED:
        Attempt.of(work).events(work, progress).failed(code, what)


def _without_a_word(running: Sequence[_Running]) -> UserError:
    """The error that a command ended so."""
    failed = (_unreached(running) or [one for one in running if one.code] or list(running))[0]
    where, tail = failed.command.where, failed.tail()
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
