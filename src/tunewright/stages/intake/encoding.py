"""Bytes of a text file brought to UTF-8, and what they were before."""

import codecs
import io
import re
from dataclasses import dataclass

from tunewright.core.errors import UserError
from tunewright.stages.intake.container import no_text
from tunewright.stages.intake.settings import DataSettings

SAMPLE = 1 << 16
CHUNK = 16 << 20
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
#: Bytes that are not UTF-8, as Python's surrogateescape spells them, and half surrogate pairs that JSON can spell.
UNWRITABLE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Text:
    """The text of a file.

    Attributes:
        name: the file's name, for messages.
        data: the text in UTF-8 without a byte order mark; where `torn`, with some bytes that are no UTF-8.
        encoding: what it was in.
        torn: whether some of its bytes are not UTF-8 although most are; the records that hold them are set aside.
    """

    name: str
    data: bytes
    encoding: str
    torn: bool = False

    def lines(self, start: int = 0) -> io.TextIOWrapper:
        """Its lines from byte `start` on, broken at LF, CR LF and CR alike, with their ends."""
        stream = io.BytesIO(self.data)
        stream.seek(start)
        return io.TextIOWrapper(stream, "utf-8", errors="surrogateescape", newline="")

    def text(self) -> str:
        """All of it as one string."""
        return self.data.decode("utf-8", "surrogateescape")


def to_text(data: bytes, settings: DataSettings, name: str) -> Text:
    """The text of `data`: by the named encoding, else a byte order mark, UTF-8, UTF-16 by its zeros, cp1252.

    Raises:
        UserError: E-DATA-002 (white space), E-DATA-004 (no text), E-DATA-006 (torn UTF-16), E-DATA-007 (the named
            encoding does not fit).
    """
    text = _named(data, settings.encoding, name) if settings.encoding else _detected(data, name)
    if not text.data.strip():
        raise UserError("E-DATA-002", f"{name} is empty.", why="There is nothing to audit.", fix="Export it again.")
    return text


def _named(data: bytes, encoding: str, name: str) -> Text:
    """`data` in the encoding that the user named.

    Raises:
        UserError: E-DATA-007 when it does not fit.
    """
    try:
        return Text(name, data.decode(encoding).removeprefix("\ufeff").encode(), encoding)
    except (UnicodeError, LookupError) as error:
        raise UserError("E-DATA-007", f"{name} is not {encoding}: {error}.", fix="Leave data.encoding empty.") from None


def _detected(data: bytes, name: str) -> Text:
    """`data` in the encoding that its bytes speak for.

    Raises:
        UserError: E-DATA-004 when they are no text, E-DATA-006 for torn UTF-16.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _marked(data[len(mark) :], encoding, name)
    sample = data[:SAMPLE]
    if wide := _wide(sample):
        return _marked(data, wide, name)
    # A letter or an e-mail has no control characters but line ends, tabs and form feeds; one in a hundred is a slip.
    if sum(sample.count(byte) for byte in (*range(9), *range(14, 32))) > len(sample) / 100:
        raise no_text(name, "binary data")
    if _is_utf8(data):
        return Text(name, data, "utf-8")
    return _mostly_utf8(data, name) or _western(data, name)


def _marked(data: bytes, encoding: str, name: str) -> Text:
    """`data`, which stood behind a byte order mark of `encoding` or looks as if it had.

    Raises:
        UserError: E-DATA-006 when it is torn UTF-16; torn UTF-8 is marked as such.
    """
    if encoding == "utf-8":
        return Text(name, data, encoding, torn=not _is_utf8(data))
    try:
        return Text(name, data.decode(encoding).encode(), encoding)
    except UnicodeError as error:
        raise UserError(
            "E-DATA-006",
            f"{name} begins as {encoding} and does not hold together: {error}.",
            fix="Copy or export it again, best as UTF-8.",
        ) from None


def _wide(sample: bytes) -> str:
    """The UTF-16 that `sample` looks like, empty where none: half of Latin text is zeros, all on one side."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd > len(sample) / 8 and odd > 4 * even:
        return "utf-16-le"
    return "utf-16-be" if even > len(sample) / 8 and even > 4 * odd else ""


def _is_utf8(data: bytes) -> bool:
    """Whether all of `data` is UTF-8."""
    if data.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        # In pieces, as one emoji makes a string take four bytes a letter.
        for start in range(0, len(data), CHUNK):
            decoder.decode(data[start : start + CHUNK], final=start + CHUNK >= len(data))
    except UnicodeDecodeError:
        return False
    return True


def _mostly_utf8(data: bytes, name: str) -> Text | None:
    """`data` as UTF-8 with a few torn letters, as a cut export leaves them; None where more are torn than whole.

    Accented cp1252 hardly ever looks like it.
    """
    text = data.decode("utf-8", "surrogateescape")
    torn = len(UNWRITABLE.findall(text))
    ascii_only = len(data.translate(None, bytes(range(128, 256))))
    whole = len(text) - torn - ascii_only
    return Text(name, data, "utf-8", torn=True) if whole > torn else None


def _western(data: bytes, name: str) -> Text:
    """`data` as cp1252, or as latin-1 where cp1252 leaves a byte undefined; never fails."""
    # cp1252 leaves five bytes undefined; latin-1 gives them their control characters, which the audit reports.
    for encoding in ("cp1252", "latin-1"):
        try:
            return Text(name, data.decode(encoding).encode(), encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 decodes any bytes")
