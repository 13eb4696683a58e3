"""From a path to bytes or text: what a file is by its content, unpacked within limits, decoded."""

import gzip
import io
import zipfile
from pathlib import Path

from tunewright.core.errors import ExitCode, UserError
from tunewright.intake.settings import DataSettings

CHUNK = 1 << 20
#: Deflate reaches about 1,000; real text stays under 30.
BOMB_RATIO = 200
BOMB_FLOOR = 64 << 20
MAGIC = {
    b"PAR1": "parquet",
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": "gzip",
    b"\xd0\xcf\x11\xe0": "ole",
    b"%PDF": "pdf",
    b"\x89PNG": "image",
    b"\xff\xd8\xff": "image",
    b"GIF8": "image",
    b"RIFF": "audio",
    b"ID3": "audio",
    b"SQLite format 3": "sqlite",
    b"\x7fELF": "program",
    b"MZ": "program",
    b"ARROW1": "arrow",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"7z\xbc\xaf": "7z",
    b"\x28\xb5\x2f\xfd": "zstd",
}


def kind(path: Path) -> str:
    """``text``, ``parquet``, ``zip``, … by the file's first bytes.

    Raises:
        UserError: E-DATA-001 (missing), E-DATA-002 (empty), E-DATA-003 (not a file).
    """
    if not path.exists():
        raise UserError("E-DATA-001", f"There is no file {path}.", fix="Check the path.", exit_code=ExitCode.NOT_FOUND)
    if not path.is_file():
        raise UserError("E-DATA-003", f"{path} is not a file.", fix="Name one file, such as tickets.csv.")
    with path.open("rb") as stream:
        head = stream.read(32)
    if not head:
        raise UserError(
            "E-DATA-002", f"{path.name} is empty.", why="There is nothing to audit.", fix="Export it again."
        )
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), "text")


def content(path: Path, settings: DataSettings) -> bytes:
    """The bytes of a text file, unpacked when it is gzipped.

    Raises:
        UserError: E-DATA-004 (no text), E-DATA-005 (unpacks to too much).
    """
    found = kind(path)
    if found == "gzip":
        return _inflated(path, settings)
    if found != "text":
        raise _no_text(path, found)
    return path.read_bytes()


def _no_text(path: Path, found: str) -> UserError:
    return UserError(
        "E-DATA-004",
        f"{path.name} is not a table or a text: it looks like {found}.",
        why="Tunewright reads CSV, TSV, XLSX, JSON, JSONL and Parquet.",
        fix="Export the rows as CSV or JSONL.",
    )


def _inflated(path: Path, settings: DataSettings) -> bytes:
    limit = int(settings.max_inflated_gb * 2**30)
    packed = path.stat().st_size
    parts, size = [], 0
    try:
        with gzip.open(path) as stream:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > limit or (size > BOMB_FLOOR and size > BOMB_RATIO * packed):
                    raise too_large(path.name, size, packed)
                parts.append(chunk)
    except (OSError, EOFError) as error:
        raise UserError("E-DATA-006", f"{path.name} is broken: {error}.", fix="Copy or export it again.") from None
    return b"".join(parts)


def too_large(name: str, size: int, packed: int) -> UserError:
    """A file that unpacks to more than any real export would."""
    return UserError(
        "E-DATA-005",
        f"{name} unpacks to more than {size / 2**20:,.0f} MB from {packed / 2**20:,.2f} MB.",
        why="A file made to fill the memory looks like this; a real export does not.",
        fix="Unpack it yourself and look; raise data.max_inflated_gb if it is what you meant.",
    )


def check_archive(path: Path, settings: DataSettings) -> zipfile.ZipFile:
    """A zip whose entries unpack to a sane size.

    Raises:
        UserError: E-DATA-005, E-DATA-006.
    """
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise UserError("E-DATA-006", f"{path.name} is broken: {error}.", fix="Copy or export it again.") from None
    size = sum(entry.file_size for entry in archive.infolist())
    packed = path.stat().st_size
    if size > settings.max_inflated_gb * 2**30 or (size > BOMB_FLOOR and size > BOMB_RATIO * packed):
        raise too_large(path.name, size, packed)
    return archive


def decode(data: bytes, settings: DataSettings, name: str) -> tuple[str, str]:
    """The text and the encoding it was in: a byte order mark, then UTF-8, UTF-16 by its zeros, then cp1252.

    Raises:
        UserError: E-DATA-004 for bytes that are no text, E-DATA-007 when the named encoding does not fit.
    """
    if settings.encoding:
        try:
            return data.decode(settings.encoding).removeprefix("\ufeff"), settings.encoding
        except (UnicodeDecodeError, LookupError) as error:
            raise UserError(
                "E-DATA-007", f"{name} is not {settings.encoding}: {error}.", fix="Leave data.encoding empty."
            ) from None
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace"), encoding
    sample = data[:4096]
    if b"\x00" in sample:
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        # Latin text in UTF-16 is half zeros, all on one side; a stray zero or binary data is not.
        half = len(sample) / 8
        guess = "utf-16-le" if odd > max(4 * even, half) else "utf-16-be" if even > max(4 * odd, half) else None
        if guess is None:
            raise _no_text(Path(name), "binary data")
        return data.decode(guess, errors="replace"), guess
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        if sum(byte < 9 or 13 < byte < 32 for byte in sample) > len(sample) / 100:
            raise _no_text(Path(name), "binary data") from None
        # cp1252 leaves five bytes undefined; latin-1 gives them their control characters, which the audit reports.
        try:
            return data.decode("cp1252"), "cp1252"
        except UnicodeDecodeError:
            return data.decode("latin-1"), "latin-1"


def lines_of(text: str) -> io.StringIO:
    """`text` as a stream that breaks lines at LF, CR LF and CR alike and keeps them."""
    return io.StringIO(text, newline="")
