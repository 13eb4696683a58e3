"""Files that are whole or absent: written aside, fsynced, renamed; and never over what the user made."""

import os
import uuid
from collections.abc import Callable
from pathlib import Path

from tunewright.core.errors import UserError


def require_absent(path: Path, *, other: str = "file") -> None:
    """Refuse to write where something of the user's is.

    Args:
        path: what would be written.
        other: what to name instead: another ``file`` or ``folder``.

    Raises:
        UserError: E-CLI-005 when `path` exists.
    """
    if path.exists():
        raise UserError(
            "E-CLI-005", f"{path} exists.", why="Nothing you made is overwritten.", fix=f"Name another {other}."
        )


def publish(path: Path, write: Callable[[Path], object]) -> None:
    """Make `path` appear at once and whole: `write` fills a file beside it, which is fsynced and renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        write(aside)
        sync(aside)
        aside.replace(path)
        sync(path.parent)
    finally:
        aside.unlink(missing_ok=True)


def publish_text(path: Path, text: str) -> None:
    """Make `path` appear at once and whole with `text` in UTF-8."""
    publish(path, lambda target: target.write_text(text, encoding="utf-8"))


def sync(path: Path) -> None:
    """Force a file or folder to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Force every file and folder below `folder` to disk."""
    for path in sorted(folder.rglob("*")):
        sync(path)
    sync(folder)
