"""About 4,000 support tickets of an invented bank, with planted defects and the truth about them.

Writes ``tickets.csv`` (what the product sees) and ``truth.csv`` (what was planted, for tests and for the curious)
beside this file, or into the folder given. The same seed gives the same bytes.

    python generate.py [--seed 7] [--out FOLDER]
"""

import argparse
import csv
import random
from pathlib import Path

from defects import Planted, plant
from distinct import Distinct
from grammar import load_phrases
from tickets import DATE_FORMATS, Desk, Ticket

CLEAN_ROWS = 3345
FIRST_ID = 480_113
TICKET_COLUMNS = ("ticket_id", "received", "channel", "message", "category", "agent")
TRUTH_COLUMNS = ("ticket_id", "line", "defect", "other_ticket", "other_line", "detail")
#: Two clean tickets share at most this part of their three-word sequences: every near-duplicate is a planted one.
MOST_ALIKE = 0.3


def generate(seed: int) -> tuple[list[Ticket], list[Planted]]:
    """All tickets of one seed in no order, and the truth about them."""
    draw = random.Random(seed)
    desk = Desk(load_phrases(), draw)
    distinct = Distinct(MOST_ALIKE)
    clean: list[Ticket] = []
    while len(clean) < CLEAN_ROWS:
        ticket = desk.ticket()
        if distinct.accepts(ticket.message):
            clean.append(ticket)
    tickets, truth = plant(clean, desk, distinct, draw)
    return tickets, truth + personal_data(tickets)


def write(tickets: list[Ticket], truth: list[Planted], folder: Path) -> None:
    """Both tables, tickets in order of arrival; `line` counts lines of tickets.csv, a message may span several."""
    tickets.sort(key=lambda ticket: ticket.received)
    place: dict[int, tuple[str, int]] = {}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "tickets.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(TICKET_COLUMNS)
        line = 2
        for number, ticket in enumerate(tickets):
            ticket_id = f"LF-{FIRST_ID + 3 * number}"
            received = ticket.received.strftime(DATE_FORMATS[ticket.channel])
            place[id(ticket)] = (ticket_id, line)
            table.writerow((ticket_id, received, ticket.channel, ticket.message, ticket.category, ticket.agent))
            line += 1 + ticket.message.count("\n")
    with (folder / "truth.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(TRUTH_COLUMNS)
        rows: list[tuple[str, int, str, str, int | str, str]] = []
        for planted in truth:
            ticket_id, line = place[id(planted.ticket)]
            other: tuple[str, int | str] = ("", "")
            if planted.other is not None:
                other = place[id(planted.other)]
            rows.append((ticket_id, line, planted.defect, *other, planted.detail))
        table.writerows(sorted(rows, key=lambda row: (row[1], row[2], row[5])))


def personal_data(tickets: list[Ticket]) -> list[Planted]:
    """The truth about personal data: one line per value that stands in a message as written."""
    return [
        Planted(ticket, f"pii_{kind}", None, value)
        for ticket in tickets
        for kind, value in sorted(ticket.pii.items())
        if value in ticket.message
    ]


def main() -> None:
    """Write both tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    given = parser.parse_args()
    tickets, truth = generate(given.seed)
    write(tickets, truth, given.out)
    print(f"{len(tickets)} tickets -> {given.out / 'tickets.csv'}")


if __name__ == "__main__":
    main()
