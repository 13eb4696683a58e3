"""The planted defects: each changes or adds tickets and says so in the truth table."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from distinct import Distinct
from tickets import MIXED_UP, Desk, Ticket

#: Rows per kind in 4,000. Duplicates dominate, as they do in exports that join several queues.
COUNTS = {
    "exact_duplicate": 260,
    "near_duplicate": 130,
    "semantic_duplicate": 40,
    "missing_message": 70,
    "placeholder_message": 45,
    "missing_category": 25,
    "conflicting_label": 70,
    "label_noise": 50,
    "foreign_domain": 40,
    "mojibake": 30,
    "zero_width": 15,
    "html": 25,
}
EMPTY = ("", "", "", " ", "\u00a0")
PLACEHOLDERS = (
    "n/a",
    "N/A",
    "-",
    "...",
    "test",
    "asdf",
    "TBD",
    "null",
    "{{message}}",
    "[INSERT MESSAGE]",
    "xxx",
    "lorem ipsum dolor sit amet",
)
NO_CATEGORY = ("", "", "TBD", "unknown", "n/a")


@dataclass(frozen=True)
class Planted:
    """One line of truth: what is wrong with a ticket, which other ticket it goes with, and what it was before."""

    ticket: Ticket
    defect: str
    other: Ticket | None = None
    detail: str = ""


def plant(
    clean: list[Ticket], desk: Desk, distinct: Distinct, draw: random.Random
) -> tuple[list[Ticket], list[Planted]]:
    """Clean tickets with every defect added or done to them, and the truth about it.

    No ticket carries two planted defects, and no two defects start from the same ticket, so that each can be
    counted by itself.
    """
    pool = list(clean)
    draw.shuffle(pool)
    added: list[Ticket] = []
    truth: list[Planted] = []

    def take(fits: Callable[[Ticket], bool] = lambda ticket: True) -> Ticket:
        at = next(index for index in range(len(pool) - 1, -1, -1) if fits(pool[index]))
        return pool.pop(at)

    def add(ticket: Ticket, defect: str, other: Ticket | None, detail: str) -> None:
        added.append(ticket)
        truth.append(Planted(ticket, defect, other, detail))

    for _ in range(COUNTS["exact_duplicate"]):
        first = take()
        message, detail = _same_words(first.message, draw)
        add(_later(first, draw, message=message), "exact_duplicate", first, detail)
    for _ in range(COUNTS["near_duplicate"]):
        first = take(lambda ticket: len(ticket.message) > 90)
        message, detail = _almost_same_words(first, draw)
        add(_later(first, draw, message=message), "near_duplicate", first, detail)
    for _ in range(COUNTS["semantic_duplicate"]):
        first = take(lambda ticket: ticket.channel in {"chat", "email"} and bool(ticket.bound))
        again = _later(first, draw)
        told = desk.tell(first.category, first.situation, "chat", again.received, first.bound)
        while not distinct.accepts(told.message):
            told = desk.tell(first.category, first.situation, "chat", again.received, first.bound)
        add(told, "semantic_duplicate", first, "the same matter in other words")
    for _ in range(COUNTS["conflicting_label"]):
        first = take(lambda ticket: len(ticket.message) > 40)
        message, detail = _same_words(first.message, draw)
        category = MIXED_UP[first.category]
        add(_later(first, draw, message=message, category=category), "conflicting_label", first, detail)
    for kind, values in (("missing_message", EMPTY), ("placeholder_message", PLACEHOLDERS)):
        for _ in range(COUNTS[kind]):
            value = values[int(draw.random() * len(values))]
            add(replace(desk.ticket(), message=value, pii={}), kind, None, repr(value))
    for _ in range(COUNTS["foreign_domain"]):
        stray = desk.foreign()
        while not distinct.accepts(stray.message):
            stray = desk.foreign()
        add(stray, "foreign_domain", None, "meant for another company")
    truth += [_spoil(take, kind, draw) for kind, count in COUNTS.items() if kind in SPOIL for _ in range(count)]
    return clean + added, truth


def _spoil(take: Callable[..., Ticket], kind: str, draw: random.Random) -> Planted:
    fits, change = SPOIL[kind]
    ticket = take(fits)
    before = ticket.category
    change(ticket, draw)
    return Planted(ticket, kind, None, f"was {before}" if ticket.category != before else "")


def _later(first: Ticket, draw: random.Random, message: str = "", category: str = "") -> Ticket:
    """The same customer again, minutes to days later; letters stay on days that cannot tell the order."""
    moment = first.received + timedelta(minutes=3 + int(draw.random() ** 3 * 6000))
    if first.channel == "letter" and moment.day > 12:
        moment = first.received
    return replace(
        first,
        received=moment,
        message=message or first.message,
        category=category or first.category,
        pii=dict(first.pii),
    )


def _same_words(text: str, draw: random.Random) -> tuple[str, str]:
    """The text with nothing but case, spaces or end marks changed."""
    variants = {
        "identical": text,
        "upper case": text.upper(),
        "lower case": text.lower(),
        "spaces": "  " + text.replace(" ", "  ", 3) + " ",
        "end marks": text.rstrip(".?! ") + "!!",
        "line breaks": text.replace(". ", ".\n"),
    }
    detail = list(variants)[int(draw.random() ** 1.6 * len(variants))]
    return variants[detail], detail


def _almost_same_words(ticket: Ticket, draw: random.Random) -> tuple[str, str]:
    """The text with one or two words dropped, swapped or mistyped, or with a short line added."""
    kind = ("drop", "swap", "typo", "add")[int(draw.random() * 4)]
    if kind == "add":
        return ticket.message + (" Any news?", " Please.", "\nSent from my phone", " Thanks a lot!")[
            int(draw.random() * 4)
        ], kind
    words = ticket.message.split(" ")
    for _ in range(1 + int(draw.random() * 2)):
        at = 1 + int(draw.random() * (len(words) - 2))
        if kind == "drop":
            del words[at]
        elif kind == "swap":
            words[at], words[at - 1] = words[at - 1], words[at]
        else:
            words[at] = words[at][:1] + words[at]
    text = " ".join(words)
    if text == ticket.message:
        return text + " Please.", "add"
    return text, kind


def _flip(ticket: Ticket, draw: random.Random) -> None:
    others = [name for name in MIXED_UP if name != ticket.category]
    neighbor = MIXED_UP[ticket.category]
    ticket.category = neighbor if draw.random() < 0.6 else others[int(draw.random() * len(others))]


def _unfile(ticket: Ticket, draw: random.Random) -> None:
    ticket.category = NO_CATEGORY[int(draw.random() * len(NO_CATEGORY))]


def _mojibake(ticket: Ticket, draw: random.Random) -> None:
    ticket.message = ticket.message.encode("utf-8").decode("cp1252")


def _zero_width(ticket: Ticket, draw: random.Random) -> None:
    words = ticket.message.split(" ")
    for at in range(1, len(words), 3):
        words[at] = words[at][:1] + "\u200b" + words[at][1:]
    ticket.message = " ".join(words)


def _html(ticket: Ticket, draw: random.Random) -> None:
    body = ticket.message.replace("&", "&amp;").replace("'", "&#39;").replace("\n", "<br>")
    ticket.message = f'<p class="MsoNormal">{body}</p>' if draw.random() < 0.5 else f"<div>{body}&nbsp;</div>"


def _breaks_in_cp1252(ticket: Ticket) -> bool:
    if ticket.message.isascii():
        return False
    try:
        return ticket.message.encode("utf-8").decode("cp1252") != ticket.message
    except UnicodeDecodeError:
        return False


def _any(ticket: Ticket) -> bool:
    return True


def _long(ticket: Ticket) -> bool:
    return len(ticket.message) > 40


SPOIL: dict[str, tuple[Callable[[Ticket], bool], Callable[[Ticket, random.Random], None]]] = {
    "label_noise": (_long, _flip),
    "missing_category": (
        _any,
        lambda ticket, draw: setattr(ticket, "category", NO_CATEGORY[int(draw.random() * 5)]),
    ),
    "mojibake": (_breaks_in_cp1252, _mojibake),
    "zero_width": (_long, _zero_width),
    "html": (_any, _html),
}
