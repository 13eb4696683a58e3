"""What a training process tells the one that started it: JSON lines for progress, and one for how it ended."""

import json
import os
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tunewright.core.candidate import Candidate
from tunewright.core.errors import ExitCode, UserError, UserErrors
from tunewright.core.progress import Progress

#: What of a progress may be called from the other process.
CALLS = ("start", "advance", "finish", "say")


class Relay:
    """A progress whose listener is in the process that reads what is written to `descriptor`.

    Lines go out unbuffered: Ctrl-C may be told of in the midst of telling something else.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def start(self, what: str, total: float | None, unit: str) -> None:
        """Work named `what` begins."""
        self._call("start", what, total, unit)

    def advance(self, amount: float = 1, note: str = "") -> None:
        """`amount` more units are done."""
        self._call("advance", amount, note)

    def finish(self) -> None:
        """The work that was started last is over."""
        self._call("finish")

    def say(self, line: str) -> None:
        """One sentence for the user."""
        self._call("say", line)

    def end(self, **result: Any) -> None:
        """How it ended; nothing follows."""
        self._write({"end": result})

    def _call(self, name: str, *arguments: Any) -> None:
        """Have the other side call a method of its progress."""
        self._write({"call": name, "given": arguments})

    def _write(self, message: Mapping[str, Any]) -> None:
        """Write a line, whole; where that fails, it and all that follow are lost, and nothing else."""
        line = memoryview(json.dumps(message).encode() + b"\n")
        try:
            while line and self._descriptor is not None:
                line = line[os.write(self._descriptor, line) :]
        except OSError:  # nobody reads, or the disk is full: what is trained is worth more than who hears of it
            self._descriptor = None


class LinesOf:
    """The lines of a file that another process is writing.

    Args:
        path: the file, which need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._position, self._half_line = path, 0, b""

    def unread(self) -> Iterator[bytes]:
        """Whole lines that were not read yet; opened anew each time, since a network's file system keeps old ones."""
        if not self._path.exists():
            return
        with self._path.open("rb") as stream:
            stream.seek(self._position)
            new = stream.read()
        self._position += len(new)
        *whole, self._half_line = (self._half_line + new).split(b"\n")
        yield from whole


def replay(line: bytes, progress: Progress) -> Mapping[str, Any] | None:
    """Tell `progress` what one line tells; how the other process ended, when that is what the line says, else None."""
    message = json.loads(line)
    if "end" in message:
        result: Mapping[str, Any] = message["end"]
        return result
    if message["call"] in CALLS:
        getattr(progress, message["call"])(*message["given"])
    return None


def encode_result(error: BaseException) -> dict[str, Any]:
    """An error as a result that :func:`decode_result` raises again on the other side."""
    if isinstance(error, KeyboardInterrupt):
        return {"interrupted": True}
    if isinstance(error, UserError):
        faults = error.faults if isinstance(error, UserErrors) else (error,)
        return {
            "faults": [
                {
                    "code": fault.code,
                    "what": fault.what,
                    "why": fault.why,
                    "fix": fault.fix,
                    "exit_code": int(fault.exit_code),
                }
                for fault in faults
            ]
        }
    crash: dict[str, Any] = {"text": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
    if isinstance(error, OSError) and error.errno:
        crash["errno"] = [error.errno, error.strerror, None if error.filename is None else str(error.filename)]
    return {"crashed": crash | {"memory": isinstance(error, MemoryError)}}


def decode_result(result: Mapping[str, Any]) -> Candidate:
    """The candidate of a result, or the error that it was, raised.

    Raises:
        KeyboardInterrupt: it paused.
        UserError: the same as over there.
        OSError: the same; MemoryError too.
        RuntimeError: any other, with the traceback from over there as a note.
    """
    if "candidate" in result:
        return Candidate.model_validate_json(result["candidate"])
    if "faults" in result:
        faults = [UserError(**{**fault, "exit_code": ExitCode(fault["exit_code"])}) for fault in result["faults"]]
        raise faults[0] if len(faults) == 1 else UserErrors(faults)
    if "crashed" not in result:
        raise KeyboardInterrupt
    raise _crash(result["crashed"])


def _crash(crash: Mapping[str, Any]) -> Exception:
    """The error of a crash, of the type that it had where that says more than RuntimeError."""
    error: Exception
    if crash["memory"]:
        error = MemoryError(crash["text"])
    elif crash.get("errno"):
        error = OSError(*crash["errno"])
    else:
        error = RuntimeError(crash["text"])
    error.add_note(f"In the training process:\n{crash['trace']}")
    return error
