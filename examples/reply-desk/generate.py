"""Tickets of an invented shop for houseplants, each with the JSON that its desk wants back: category, priority, reply.

Writes ``tickets.csv`` (with answers, to learn from) and ``new-tickets.csv`` (later ones without) beside this file, or
into the folder given. The same seed gives the same bytes.

    python generate.py [--seed 11] [--rows 1400] [--out FOLDER]
"""

import argparse
import csv
import json
import random
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROWS, NEW_ROWS = 1400, 20
FIRST_ID = 20_114
COLUMNS = ("ticket_id", "message", "answer")
SIGN_OFF = "Kind regards, your plant desk"
CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"<([a-z]+)>")
#: Two tickets share at most this part of their three-word sequences; a real desk's templates would be merged.
MOST_ALIKE = 0.45
Phrases = Mapping[str, Any]


@dataclass(frozen=True)
class Ticket:
    """One message and what the desk wants back.

    Attributes:
        message: what the customer wrote.
        category: the queue it belongs to.
        priority: ``low``, ``normal`` or ``high``.
        reply: greeting, what it is about, one next step, sign-off.
    """

    message: str
    category: str
    priority: str
    reply: str

    @property
    def answer(self) -> str:
        """The JSON object that a model is to write."""
        return json.dumps({"category": self.category, "priority": self.priority, "reply": self.reply})


class Desk:
    """Makes tickets from the phrases and one source of chance."""

    def __init__(self, phrases: Phrases, draw: random.Random) -> None:
        self._phrases = phrases
        self._draw = draw

    def ticket(self) -> Ticket:
        """One ticket; every matter is as likely."""
        matter = self._draw.choice(self._phrases["matter"])
        filled: dict[str, str] = {"order": f"FH-{self._draw.randrange(1000, 10000)}"}

        def fill(phrase: str) -> str:
            return self._fill(phrase, filled)

        urgent = self._chance(0.12) and matter["category"] != "praise"
        body = [fill(self._draw.choice(matter["says"]))]
        if self._chance(0.75):
            body.append(fill(self._draw.choice(matter["more"])))
        if self._chance(0.3):
            body.insert(self._draw.randrange(len(body) + 1), fill(self._draw.choice(self._phrases["asides"])))
        if urgent:
            body.append(fill(self._draw.choice(self._phrases["urgent"])))
        name = self._draw.choice(self._phrases["slots"]["name"]) if self._chance(0.6) else ""
        return Ticket(
            message=self._written(body, name),
            category=matter["category"],
            priority="high" if urgent else matter["priority"],
            reply=" ".join(
                (f"Hello {name}!" if name else "Hello!", fill(f"{matter['about']} {matter['step']}"), SIGN_OFF)
            ),
        )

    def _written(self, body: list[str], name: str) -> str:
        """The message as an e-mail or as a line of chat."""
        opener = self._draw.choice(self._phrases["openers"]) if self._chance(0.6) else ""
        closer = self._draw.choice(self._phrases["closers"]) if self._chance(0.45) else ""
        if self._chance(0.5):
            return "\n".join(part for part in (opener, " ".join(body), closer, name) if part)
        text = " ".join(part for part in (opener, *body, closer) if part)
        return f"{text} {self._draw.choice(('-', 'Yours,', 'Best,', 'Regards,'))} {name}" if name else text

    def _fill(self, phrase: str, filled: dict[str, str]) -> str:
        while CHOICE.search(phrase):
            phrase = CHOICE.sub(lambda match: self._draw.choice(match[1].split("|")), phrase)
        for slot in SLOT.findall(phrase):
            if slot not in filled:
                filled[slot] = self._draw.choice(self._phrases["slots"][slot])
        return SLOT.sub(lambda match: filled[match[1]], phrase)

    def _chance(self, share: float) -> bool:
        return self._draw.random() < share


def distinct(make: Callable[[], Ticket], rows: int) -> list[Ticket]:
    """`rows` tickets, none of which is nearly another."""
    kept: list[Ticket] = []
    seen: list[set[tuple[str, ...]]] = []
    holders: dict[tuple[str, ...], list[int]] = {}
    while len(kept) < rows:
        ticket = make()
        words = re.findall(r"\w+", ticket.message.lower())
        sequences = {tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))}
        others = {other for sequence in sequences for other in holders.get(sequence, ())}
        if any(len(sequences & seen[other]) > MOST_ALIKE * len(sequences | seen[other]) for other in others):
            continue
        for sequence in sequences:
            holders.setdefault(sequence, []).append(len(kept))
        kept.append(ticket)
        seen.append(sequences)
    return kept


def write(tickets: list[Ticket], folder: Path, rows: int) -> None:
    """The first `rows` tickets with their answers, and the others without."""
    folder.mkdir(parents=True, exist_ok=True)
    numbered = [(f"FH-{FIRST_ID + 7 * number}", ticket) for number, ticket in enumerate(tickets)]
    with (folder / "tickets.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows((number, ticket.message, ticket.answer) for number, ticket in numbered[:rows])
    with (folder / "new-tickets.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COLUMNS[:2])
        table.writerows((number, ticket.message) for number, ticket in numbered[rows:])


def main() -> None:
    """Write both tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    given = parser.parse_args()
    with Path(__file__).with_name("phrases.toml").open("rb") as stream:
        desk = Desk(tomllib.load(stream), random.Random(given.seed))
    write(distinct(desk.ticket, given.rows + NEW_ROWS), given.out, given.rows)
    print(f"{given.rows} tickets -> {given.out / 'tickets.csv'}")


if __name__ == "__main__":
    main()
