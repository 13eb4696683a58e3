"""Commands that train, run at once: followed through the folder that was handed over, told of Ctrl-C, ended together.

One process on this machine is one such command, and so is torchrun, Ray's driver, or ssh to each of several hosts.
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
from tunewright.core.progress import Progress
from tunewright.stages.train.launch.commands import Command, commands
from tunewright.stages.train.launch.interrupts import passed_on
from tunewright.stages.train.launch.listening import GRACE_S
from tunewright.stages.train.launch.member import FAULTS
from tunewright.stages.train.launch.relay import LinesOf, replay
from tunewright.stages.train.launch.silent_death import silent_death, unreached
from tunewright.stages.train.launch.worker import PROGRESS_FILE
from tunewright.stages.train.runs.job_events import ENDED, events_of, state_of
from tunewright.stages.train.runs.run_settings import RunSettings
from tunewright.stages.train.settings import TrainSettings

LOGS = "launched"
LOOK_S = 0.1
#: How long commands may take to be gone by themselves once the training has said how it ended, and when told to end.
LEAVE_S, END_S = 30.0, 15.0
STDERR = 2


def launch(folder: Path, work: Path, settings: TrainSettings, progress: Progress) -> Mapping[str, Any]:
    """Run the commands on `folder` and tell `progress` what the leading process tells; how it ended.

    Raises:
        UserError: E-TRAIN-017 or E-LAUNCH-002 to 004 when a command ended without the processes saying why.
    """
    events_before = len(events_of(work))
    logs = work / LOGS
    with ExitStack() as stack:
        running = [
            stack.enter_context(_started(command, logs / f"{index}.log" if command.logged else None))
            for index, command in enumerate(commands(settings, folder))
        ]
        try:
            with _passing_on(running) as interrupted:
                result = _followed(folder, running, progress)
        except BaseException:  # an error of ours: they still run, and have time to keep a checkpoint
            _let_pause(running)
            raise
    if result is None and interrupted():
        return {"interrupted": True}
    if result is None and not unreached(running):
        result = first_fault(folder)
    if result is None:
        error = silent_death(running, launcher=settings.launcher)
        _record(work, progress, error.code, error.what, since=events_before)
        raise error
    if settings.launcher and ("faults" in result or "crashed" in result):  # one process records its own
        fault = result["faults"][0] if "faults" in result else {"code": "crashed", "what": result["crashed"]["text"]}
        _record(work, progress, fault["code"], fault["what"])
    if "candidate" in result:
        _remove_logs(running)
    return result


class RunningCommand:
    """A command that was started.

    Args:
        command: what to start.
        log: file for what it prints; None for our standard error.
    """

    def __init__(self, command: Command, log: Path | None) -> None:
        self.command, self.log, self.process = command, log, _popen(command, log)
        #: Its exit code when it ended by itself, before we ended it.
        self.code: int | None = None

    def look(self) -> int | None:
        """Its exit code, None while it runs."""
        self.code = self.process.poll()
        return self.code

    def interrupt(self, count: int) -> None:
        """Pass on the Ctrl-C number `count`, or end it when it had as many as it may have."""
        assert self.process.stdin
        if count <= self.command.interrupts:
            with suppress(BrokenPipeError):  # it has ended already, and says how
                os.write(self.process.stdin.fileno(), b"c")
        elif self.process.poll() is None:
            self.process.terminate()

    def leave(self) -> None:
        """Let it know, by the end of its input, that nobody follows it any more."""
        assert self.process.stdin
        with suppress(BrokenPipeError):
            self.process.stdin.close()

    def end(self) -> None:
        """End it, gently first."""
        self.leave()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def _popen(command: Command, log: Path | None) -> "subprocess.Popen[bytes]":
    """The process of `command`.

    It leads a session of its own, so that a terminal's Ctrl-C reaches it once, through us; what it imports is what we
    do, whatever was done to our path since.
    """
    if log is not None:
        log.parent.mkdir(exist_ok=True)
    with ExitStack() as stack:
        stream = STDERR if log is None else stack.enter_context(log.open("wb"))
        return subprocess.Popen(  # noqa: S603 - the line is shown by a dry run, and goes through no shell here
            command.line,
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=stream,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            start_new_session=True,
        )


@contextmanager
def _started(command: Command, log: Path | None) -> Iterator[RunningCommand]:
    """The command, started, which is gone when the block is over.

    Raises:
        UserError: E-LAUNCH-002 when its program is not installed.
    """
    try:
        running = RunningCommand(command, log)
    except FileNotFoundError:
        raise UserError(
            "E-LAUNCH-002",
            f"{command.line[0]} is not installed, so nothing can be started on {command.where}.",
            fix=f"Install {command.line[0]}, or train with --on local.",
            exit_code=ExitCode.RESOURCES,
        ) from None
    try:
        yield running
    finally:
        running.end()


def _followed(folder: Path, running: Sequence[RunningCommand], progress: Progress) -> Mapping[str, Any] | None:
    """How the leading process said that it ended; None when commands ended, or one in error, before it did."""
    result: Mapping[str, Any] | None = None
    leaving_since: float | None = None
    progress_lines = LinesOf(folder / PROGRESS_FILE)
    while True:
        codes = [command.look() for command in running]
        for line in progress_lines.unread():
            result = replay(line, progress) or result
        all_gone = all(code is not None for code in codes)
        if all_gone or any(codes):  # where one failed, the others wait for it in vain
            return result
        if result is not None:
            leaving_since = leaving_since or time.monotonic()
            if time.monotonic() > leaving_since + LEAVE_S:
                return result
        time.sleep(LOOK_S)


def _let_pause(running: Sequence[RunningCommand]) -> None:
    """Have all commands pause with a checkpoint, and wait for them, though not for ever."""
    for command in running:
        command.leave()
    deadline = time.monotonic() + GRACE_S
    for command in running:
        with suppress(subprocess.TimeoutExpired):
            command.process.wait(max(deadline - time.monotonic(), 0))


def _passing_on(running: Sequence[RunningCommand]) -> AbstractContextManager[Callable[[], bool]]:
    """Within this block Ctrl-C is the commands' to heed; tells whether there was one."""

    def interrupt(count: int) -> None:
        for command in running:
            command.interrupt(count)

    return passed_on(interrupt)


def first_fault(folder: Path) -> Mapping[str, Any] | None:
    """What went wrong first, as a process told it; None when all that was told is that another one was gone."""
    paths = sorted(folder.glob(FAULTS), key=lambda path: path.stat().st_mtime)
    faults = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    first = next((fault for fault in faults if not fault["echo"] and "interrupted" not in fault), None)
    if first is not None and "crashed" in first:
        first["crashed"]["text"] = f"on {first['host']}, process {first['process']}: {first['crashed']['text']}"
    return first


def _record(work: Path, progress: Progress, code: str, what: str, *, since: int = 0) -> None:
    """Write the failure into the run's record, unless its events from number `since` on say how it ended."""
    if state_of(events_of(work)[since:]) not in ENDED:
        RunSettings.load(work).events(work, progress).failed(code, what)


def _remove_logs(running: Sequence[RunningCommand]) -> None:
    """Remove what commands that did well printed, and the folder of it."""
    logs = [command.log for command in running if command.log is not None]
    for log in logs:
        log.unlink()
    for folder in {log.parent for log in logs}:
        folder.rmdir()
