"""Text of the user's data as a report may show it: masked first, then cut, so that no half of a secret is left."""

import re
import unicodedata

#: Order matters: an address is masked before its digits could be. Deliberately wider than a PII detector, since a
#: report travels further than the data: a date or an order number that is masked too costs nothing here.
MASKS = (
    (re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE), "[link]"),
    (re.compile(r"[^\s@<>(),;:\"']+@[^\s@<>(),;:\"']+\.[^\s@<>(),;:\"'.]{2,}"), "[email]"),
    (re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?\b"), "[account]"),
    (re.compile(r"(?<![A-Za-z0-9])(?=[0-9]*[A-Za-z])(?=[A-Za-z]*[0-9])[A-Za-z0-9]{20,}(?![A-Za-z0-9])"), "[key]"),
    (re.compile(r"(?<![\w.])[+(]?\d(?:[\s().\-/–]{0,3}\d){6,}"), "[number]"),
    (re.compile(r"\d{5,}"), "[number]"),
)
#: What is masked even in the name of a class.
NAMED = MASKS[:2]
#: Bidirectional controls can make a line read as something else; the page isolates each text by itself.
BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])
LABEL_CHARACTERS = 48
#: Longer than an address or a number that a cut may have halved (RFC 5321: 64 octets before the @).
EDGE = 100


def mask(text: str) -> str:
    """`text` without addresses, links, account and phone numbers, keys and long runs of digits."""
    for pattern, name in MASKS:
        text = pattern.sub(name, text)
    return text


def sample(text: str | None, characters: int) -> str:
    """One line of `text`, masked, without control characters, at most `characters` long."""
    if not text:
        return ""
    # A 10 MB cell costs no more than a line; what the window halves could not be recognized, so it is left out.
    window = text[: 4 * characters + 2 * EDGE]
    line = mask(" ".join(_printable(window).split()))
    if len(window) < len(text):
        line = line[:-EDGE] + "…"
    if len(line) <= characters:
        return line
    return line[: characters - 1].rstrip() + "…"


def label(text: str | None) -> str:
    """A class name as shown, on one line; its digits stay, since codes such as 8471300000 are class names too."""
    if not text:
        return "(none)"
    line = " ".join(_printable(text[: 4 * LABEL_CHARACTERS]).split())
    for pattern, name in NAMED:
        line = pattern.sub(name, line)
    return line if len(line) <= LABEL_CHARACTERS else line[: LABEL_CHARACTERS - 1].rstrip() + "…"


def _printable(text: str) -> str:
    """`text` without controls of direction and half surrogate pairs, and with spaces for other controls."""
    characters = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text.translate(BIDI))
    return "".join(c for c in characters if unicodedata.category(c) != "Cs")
