"""From a path to bytes: what a file is by its content, unpacked within limits."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tunewright.core.errors import ExitCode, UserError
from tunewright.stages.intake.settings import DataSettings

CHUNK = 1 << 20
#: Deflate reaches about 1,000 and text stays under 30; nobody minds a bomb below the floor.
BOMB_RATIO = 200
BOMB_FLOOR = 64 << 20
MAGIC = {
    b"PAR1": "parquet",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\xd0\xcf\x11\xe0": "ole",
    b"ARROW1": "arrow",
    b"%PDF": "a PDF",
    b"{\\rtf": "an RTF document",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"II*\x00": "an image",
    b"RIFF": "sound, film or an image",
    b"ID3": "sound",
    b"OggS": "sound",
    b"fLaC": "sound",
    b"SQLite format 3": "an SQLite database",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
    b"\x93NUMPY": "a NumPy array",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
}
UNPACKERS: dict[str, Callable[[Path], IO[bytes]]] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}  # type: ignore[dict-item]
BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)


@dataclass(frozen=True)
class Content:
    """A file, unpacked.

    Attributes:
        name: the file's name, for messages.
        kind: text, parquet, arrow, workbook or ole.
        packing: what it was packed in; empty when it was not.
        source: where its bytes are: still in the file, or in memory after unpacking.
    """

    name: str
    kind: str
    packing: str
    source: Path | bytes

    def data(self) -> bytes:
        """Its bytes."""
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()

    def stream(self) -> Path | io.BytesIO:
        """For readers that take a path or an open file."""
        return io.BytesIO(self.source) if isinstance(self.source, bytes) else self.source


def require_file(path: Path) -> None:
    """Stop unless there is a file at `path`.

    Raises:
        UserError: E-DATA-001 (missing), E-DATA-003 (not a file).
    """
    if not path.exists():
        raise UserError(
            "E-DATA-001",
            f"There is no file {path}.",
            why="There is nothing to read.",
            fix="Check the path; data.file is relative to the project folder.",
            exit_code=ExitCode.NOT_FOUND,
        )
    if not path.is_file():
        raise UserError("E-DATA-003", f"{path} is not a file.", fix="Name one file, such as tickets.csv, in data.file.")


def open_content(path: Path, settings: DataSettings) -> Content:
    """What the file at `path` is by its first bytes; one file in a gzip, bzip2, xz or zip is taken out of it.

    Raises:
        UserError: E-DATA-001 (missing), E-DATA-002 (empty), E-DATA-003 (not a file), E-DATA-004 (no table or
            text), E-DATA-005 (unpacks to too much), E-DATA-006 (broken), E-DATA-014 (protected).
    """
    require_file(path)
    with path.open("rb") as stream:
        outer = _kind(stream.read(32), path.name)
    if outer in UNPACKERS:
        return _inside(path, outer, _unpacked(path, outer, settings), settings)
    if outer == "zip":
        return _zipped(path, settings)
    return Content(path.name, outer, "", path)


def no_text(name: str, kind: str) -> UserError:
    """A file that holds no rows we could read."""
    return UserError(
        "E-DATA-004",
        f"{name} is not a table or a text: it looks like {kind}.",
        why="Tunewright reads CSV, TSV, XLSX, JSON, JSONL, Parquet and Arrow.",
        fix="Export the rows as CSV or JSONL.",
    )


def _kind(head: bytes, name: str) -> str:
    """The kind of a file by its first bytes; ``text`` where they are no known ones.

    Raises:
        UserError: E-DATA-002 for no bytes at all, E-DATA-004 for a kind that holds no rows.
    """
    if not head:
        raise UserError("E-DATA-002", f"{name} is empty.", why="There is nothing to audit.", fix="Export it again.")
    kind = next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), "text")
    if " " in kind:
        raise no_text(name, kind)
    return kind


def _inside(path: Path, packing: str, data: bytes, settings: DataSettings) -> Content:
    """The content of the unpacked `data`.

    Raises:
        UserError: E-DATA-004 for a packed file inside, and whatever :func:`_kind` and :func:`_check_archive` raise.
    """
    kind = _kind(data[:32], path.name)
    if kind == "zip":
        _check_archive(io.BytesIO(data), path.name, len(data), settings)
        kind = "workbook"
    if kind in UNPACKERS:
        raise no_text(path.name, f"{kind} inside {packing}")
    return Content(path.name, kind, packing, data)


def _unpacked(path: Path, packing: str, settings: DataSettings) -> bytes:
    """The bytes in a gzip, bzip2 or xz.

    Raises:
        UserError: E-DATA-005 when they are too many, E-DATA-006 when it is broken.
    """
    try:
        with UNPACKERS[packing](path) as stream:
            return _within_limits(stream, path.name, path.stat().st_size, settings)
    except BROKEN as error:
        raise _broken(path.name, error) from None


def _within_limits(stream: IO[bytes], name: str, packed: int, settings: DataSettings) -> bytes:
    """All bytes of `stream`, which come from `packed` bytes.

    Raises:
        UserError: E-DATA-005 as soon as they are too many.
    """
    parts, size = [], 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        _refuse_bomb(name, size, packed, settings)
        parts.append(chunk)
    return b"".join(parts)


def _refuse_bomb(name: str, size: int, packed: int, settings: DataSettings) -> None:
    """Raise E-DATA-005 when `size` bytes out of `packed` ones are too many."""
    if size > settings.max_inflated_gb * 2**30 or (size > BOMB_FLOOR and size > BOMB_RATIO * packed):
        raise UserError(
            "E-DATA-005",
            f"{name} unpacks to more than {size / 2**20:,.0f} MB from {packed / 2**20:,.2f} MB.",
            why="A file made to fill the memory looks like this; a real export does not.",
            fix="Unpack it yourself and look; raise data.max_inflated_gb if it is what you meant.",
        )


def _broken(name: str, error: Exception) -> UserError:
    """E-DATA-006 for a file that cannot be unpacked."""
    return UserError("E-DATA-006", f"{name} is broken: {error}.", fix="Copy or export it again.")


def _check_archive(
    file: Path | io.BytesIO, name: str, packed: int, settings: DataSettings
) -> tuple[bool, list[zipfile.ZipInfo]]:
    """Whether a zip is a workbook, and the files in it, when they unpack to a sane size."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
    except BROKEN as error:
        raise _broken(name, error) from None
    _refuse_bomb(name, sum(entry.file_size for entry in entries), packed, settings)
    return any(entry.filename == "xl/workbook.xml" for entry in entries), entries


def _zipped(path: Path, settings: DataSettings) -> Content:
    """The workbook that a zip is, or the one file in it.

    Raises:
        UserError: E-DATA-004 for several files, E-DATA-005 for too many bytes, E-DATA-006 for a broken zip, E-DATA-014
            for a password.
    """
    packed = path.stat().st_size
    workbook, entries = _check_archive(path, path.name, packed, settings)
    if workbook:
        return Content(path.name, "workbook", "", path)
    # macOS adds a shadow of every file.
    files = [entry for entry in entries if not entry.filename.startswith("__MACOSX/")]
    if len(files) != 1:
        raise UserError(
            "E-DATA-004",
            f"{path.name} is a zip of {len(files)} files, not a workbook and not one table.",
            why="One file is read at a time.",
            fix="Unpack it and name the file inside.",
        )
    if files[0].flag_bits & 1:
        raise UserError(
            "E-DATA-014", f"{path.name} is protected by a password.", fix="Unpack it and name the file inside."
        )
    try:
        # The sizes in a zip's directory are claims; what comes out is counted.
        with zipfile.ZipFile(path) as archive, archive.open(files[0]) as stream:
            return _inside(path, "zip", _within_limits(stream, path.name, packed, settings), settings)
    except BROKEN as error:
        raise _broken(path.name, error) from None
