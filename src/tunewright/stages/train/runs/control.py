"""What a person asks of a run from another terminal: a file in its work folder, looked at after each step."""

from pathlib import Path
from typing import Literal

from tunewright.core.files import publish_text

FILE = "control"

Wish = Literal["pause", "stop"]


def ask(work: Path, wish: Wish) -> None:
    """Ask the run in `work` to pause (keep a checkpoint and end) or to stop (keep the best and go on without more)."""
    publish_text(work / FILE, wish)


def asked(work: Path) -> Wish | None:
    """What was asked and is not done yet."""
    try:
        wish = (work / FILE).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    return "pause" if wish == "pause" else "stop" if wish == "stop" else None


def clear(work: Path) -> None:
    """It is done."""
    (work / FILE).unlink(missing_ok=True)
