"""What a person asks of a run from another terminal: a file in its work folder, looked at after each step."""

from pathlib import Path
from typing import Literal

from tunewright.core.files import publish_text

FILE = "control"

Request = Literal["pause", "stop"]


def ask(work: Path, request: Request) -> None:
    """Ask the run in `work` to pause (keep a checkpoint and end) or to stop (keep the best and go on without more)."""
    publish_text(work / FILE, request)


def requested(work: Path) -> Request | None:
    """What was asked of the run in `work` and is not done yet; None for nothing, or nothing that a run understands."""
    try:
        request = (work / FILE).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    return "pause" if request == "pause" else "stop" if request == "stop" else None


def clear(work: Path) -> None:
    """Remove the request of the run in `work`, if there is one."""
    (work / FILE).unlink(missing_ok=True)
