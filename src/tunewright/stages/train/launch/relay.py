"""What a training process tells the one that started it: JSON lines for progress, and one for how it ended."""

import json
import os
import traceback
from collections.abc import Mapping
from typing import Any

from tunewright.core.candidate import Candidate
from tunewright.core.errors import ExitCode, UserError, UserErrors
from tunewright.core.progress import Progress

#: What of a progress may be called from the other process.
CALLS = ("start", "advance", "finish", "say")


class Relay:
    """A progress whose listener is in the process that reads `pipe`; once that is gone, nobody listens.

    Lines go out unbuffered: Ctrl-C may be told of in the midst of telling something else.
    """

    def __init__(self, pipe: int) -> None:
        self._pipe: int | None = pipe

    def start(self, what: str, total: float | None, unit: str) -> None:
        """Work named `what` begins."""
        self._tell("start", what, total, unit)

    def advance(self, amount: float = 1, note: str = "") -> None:
        """`amount` more units are done."""
        self._tell("advance", amount, note)

    def finish(self) -> None:
        """The work that was started last is over."""
        self._tell("finish")

    def say(self, line: str) -> None:
        """One sentence for the user."""
        self._tell("say", line)

    def end(self, **how: Any) -> None:
        """How it ended; nothing follows."""
        self._write({"end": how})

    def _tell(self, call: str, *given: Any) -> None:
        self._write({"call": call, "given": given})

    def _write(self, message: Mapping[str, Any]) -> None:
        line = memoryview(json.dumps(message).encode() + b"\n")
        try:
            while line and self._pipe is not None:
                line = line[os.write(self._pipe, line) :]
        except BrokenPipeError:  # what is trained is worth more than who hears of it; it ends with a checkpoint
            self._pipe = None


def replay(line: bytes, progress: Progress) -> Mapping[str, Any] | None:
    """Tell `progress` what one line tells; how it ended, when that is what the line says."""
    message = json.loads(line)
    if "end" in message:
        ended: Mapping[str, Any] = message["end"]
        return ended
    if message["call"] in CALLS:
        getattr(progress, message["call"])(*message["given"])
    return None


def in_words(error: BaseException) -> dict[str, Any]:
    """An error as an end that :func:`outcome` raises again on the other side."""
    if isinstance(error, KeyboardInterrupt):
        return {"interrupted": True}
    if isinstance(error, UserError):
        faults = error.faults if isinstance(error, UserErrors) else (error,)
        return {
            "faults": [
                {"code": one.code, "what": one.what, "why": one.why, "fix": one.fix, "exit_code": int(one.exit_code)}
                for one in faults
            ]
        }
    kept: dict[str, Any] = {"text": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
    if isinstance(error, OSError) and error.errno:
        kept["errno"] = [error.errno, error.strerror, None if error.filename is None else str(error.filename)]
    return {"crashed": kept | {"memory": isinstance(error, MemoryError)}}


def outcome(end: Mapping[str, Any]) -> Candidate:
    """The candidate of an end, or the error that it was, raised.

    Raises:
        KeyboardInterrupt: it paused.
        UserError: the same as over there.
        OSError: the same; MemoryError too.
        RuntimeError: any other, with the traceback from over there as a note.
    """
    if "candidate" in end:
        return Candidate.model_validate_json(end["candidate"])
    if "faults" in end:
        faults = [
            UserError(one["code"], one["what"], why=one["why"], fix=one["fix"], exit_code=ExitCode(one["exit_code"]))
            for one in end["faults"]
        ]
        raise faults[0] if len(faults) == 1 else UserErrors(faults)
    if "crashed" not in end:
        raise KeyboardInterrupt
    raise _crash(end["crashed"])


def _crash(crashed: Mapping[str, Any]) -> Exception:
    error: Exception
    if crashed["memory"]:
        error = MemoryError(crashed["text"])
    elif crashed.get("errno"):
        error = OSError(*crashed["errno"])
    else:
        error = RuntimeError(crashed["text"])
    error.add_note(f"In the training process:\n{crashed['trace']}")
    return error
