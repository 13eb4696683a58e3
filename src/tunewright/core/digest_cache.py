"""Digests of files, remembered on disk while the files stay as they are.

A file of gigabytes is hashed once and then known by its size, times and inode. Anything that writes to a file changes
its modification time or, where somebody sets that back, its change time, which nobody can set.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tunewright.core.digest import file_digest
from tunewright.core.files import publish_text

#: Linux stamps files by a clock that ticks every 1 to 10 ms: a file written twice within a tick shows no difference, so
#: what was written this recently is hashed again the next time.
FRESH_NS = 20_000_000


class FileState(NamedTuple):
    """What the file system says of a file; any write changes it."""

    size: int
    modified_ns: int
    changed_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> "FileState":
        """The state of `path` now; a link's is that of the file it leads to.

        Raises:
            OSError: when there is no such file.
        """
        status = path.stat()
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)

    def is_fresh(self) -> bool:
        """Whether the file was written so lately that another write could go unseen."""
        return time.time_ns() - max(self.modified_ns, self.changed_ns) < FRESH_NS


class DigestCache:
    """Digests of files by name, kept in one small JSON file beside what they speak of.

    It may be deleted at any time, and one that cannot be read is ignored: it only saves hashing. Several processes may
    use it at once; what one of them adds while another writes may be hashed again.

    Args:
        file: where it is kept; None keeps nothing, as does a folder that cannot be written to.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._entries = _read(file) if file else {}
        self._new: dict[str, tuple[FileState, str]] = {}

    def digest(self, path: Path, name: str = "") -> str:
        """``sha256:<hex>`` of the bytes of `path`, hashed only when it is not the file that is remembered.

        Args:
            path: the file.
            name: what it is remembered by; its full path where none is given.

        Raises:
            OSError: when it cannot be read.
        """
        key, state = name or str(path.resolve()), FileState.of(path)
        known = self._entries.get(key)
        if known is not None and known[0] == state:
            return known[1]
        # The state is that of before: a write while the file is hashed makes it another one.
        return self._remember(key, state, file_digest(path))

    def save(self) -> None:
        """Keep what was hashed since the cache was opened, beside what other processes have added."""
        if self._file is None or not self._new:
            return
        others = {name: entry for name, entry in _read(self._file).items() if not _is_gone(name)}
        entries = {**others, **self._new}
        text = json.dumps({name: [*state, digest] for name, (state, digest) in sorted(entries.items())})
        with suppress(OSError):  # a read-only project, or no room: the next process hashes again
            publish_text(self._file, text + "\n")
        self._new = {}

    def _remember(self, key: str, state: FileState, digest: str) -> str:
        self._entries.pop(key, None)
        if not state.is_fresh():
            self._entries[key] = self._new[key] = (state, digest)
        return digest


@contextmanager
def digest_cache(file: Path | None) -> Iterator[DigestCache]:
    """The cache kept in `file`, saved at the end of the block however it ends."""
    cache = DigestCache(file)
    try:
        yield cache
    finally:
        cache.save()


def _is_gone(name: str) -> bool:
    """Whether `name` is a full path at which there is no file any more."""
    path = Path(name)
    return path.is_absolute() and not path.exists()


def user_cache(name: str) -> Path | None:
    """The file `name` among this user's caches of ours (XDG Base Directory Specification 0.8), ``~/.cache/tunewright``.

    None for a user without a home, such as a container's bare uid.
    """
    folder = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not folder.is_absolute():  # the specification has relative ones ignored
        try:
            folder = Path.home() / ".cache"
        except RuntimeError:
            return None
    return folder / "tunewright" / name


def _read(file: Path) -> dict[str, tuple[FileState, str]]:
    """What is kept in `file`; nothing where it is missing or is not what :meth:`DigestCache.save` writes."""
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        return {name: _entry(*values) for name, values in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _entry(size: int, modified_ns: int, changed_ns: int, inode: int, digest: str) -> tuple[FileState, str]:
    """One entry of the file.

    Raises:
        TypeError: when it is not four integers and a digest.
    """
    state = FileState(size, modified_ns, changed_ns, inode)
    if not all(isinstance(part, int) for part in state) or not isinstance(digest, str):
        raise TypeError
    return state, digest
