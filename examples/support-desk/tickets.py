"""One clean ticket: a situation from phrases.toml told in the manner of its channel."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from grammar import Filler, sentence
from people import Person, person

#: Share of tickets per category: a mild imbalance, 4.5 to 1.
WEIGHTS = {
    "card_arrival": 9,
    "lost_or_stolen_card": 6,
    "card_declined": 11,
    "unrecognised_charge": 10,
    "refund_or_overcharge": 10,
    "transfer_pending": 13.5,
    "transfer_failed": 9,
    "fees_and_rates": 8.5,
    "login_problem": 10.5,
    "identity_check": 3,
    "loan_and_overdraft": 4.5,
    "change_of_details": 5,
}
#: The category each one is mixed up with: in wrong labels, and in tickets that mention a second matter.
MIXED_UP = {
    "card_arrival": "lost_or_stolen_card",
    "lost_or_stolen_card": "card_declined",
    "card_declined": "lost_or_stolen_card",
    "unrecognised_charge": "refund_or_overcharge",
    "refund_or_overcharge": "unrecognised_charge",
    "transfer_pending": "transfer_failed",
    "transfer_failed": "transfer_pending",
    "fees_and_rates": "refund_or_overcharge",
    "login_problem": "identity_check",
    "identity_check": "login_problem",
    "loan_and_overdraft": "fees_and_rates",
    "change_of_details": "identity_check",
}
CHANNELS = {"chat": 52, "email": 28, "phone": 17, "letter": 3}
#: Each desk exports dates in its own way. Letters carry no day above the 12th: nobody can tell their order.
DATE_FORMATS = {
    "chat": "%Y-%m-%d %H:%M",
    "email": "%d/%m/%Y %H:%M",
    "phone": "%m/%d/%Y %I:%M %p",
    "letter": "%d/%m/%Y",
}
AGENTS = ("Priya", "Tomasz", "Helen", "Ravi", "Sofie", "Marcus", "Aoife", "Bilal")
FIRST_DAY = date(2025, 9, 1)
DAYS = 181
#: Share of tickets that also mention a neighboring matter, and of those that say too little to be sure: what makes
#: 100 % impossible, for people as for models.
TWO_MATTERS = 0.17
VAGUE = 0.06
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
SMALL = ("two", "three", "four", "five", "six", "seven", "eight", "nine")
NEIGHBORS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "k": "jl",
    "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb",
    "w": "qe", "y": "tu",
}  # fmt: skip
SHORTHAND = (("account", "acct"), ("payment", "pmt"), ("please", "pls"), ("received", "rec'd"), ("because", "bc"))


@dataclass
class Ticket:
    """One row of the export, and what is known about it.

    Attributes:
        situation: index of the situation within its category, for telling the same matter again.
        bound: slot values that the ticket speaks of.
        pii: personal data written into the message, type to value.
    """

    received: datetime
    channel: str
    message: str
    category: str
    agent: str
    situation: int = -1
    bound: dict[str, str] = field(default_factory=dict)
    pii: dict[str, str] = field(default_factory=dict)


class Desk:
    """Writes tickets from the phrases, all choices made by one random source."""

    def __init__(self, phrases: Mapping[str, Any], draw: random.Random) -> None:
        self.phrases = phrases
        self.draw = draw

    def ticket(self) -> Ticket:
        """A new ticket of a random category, situation, channel and moment."""
        category = self._weighted(WEIGHTS)
        channel = self._weighted(CHANNELS)
        situation = int(self.draw.random() * len(self.phrases["category"][category]))
        return self.tell(category, situation, channel, self._moment(channel), {})

    def tell(self, category: str, situation: int, channel: str, moment: datetime, bound: Mapping[str, str]) -> Ticket:
        """The situation told through a channel; `bound` keeps merchant, card and payee of an earlier telling."""
        who = person(self.phrases["people"], self.draw)
        agent = AGENTS[int(self.draw.random() * len(AGENTS))]
        ticket = Ticket(moment, channel, "", category, agent, situation)
        filler = self._filler(ticket, who, agent)
        filler.bound.update(bound)
        write: dict[str, Callable[[Ticket, Filler, Person], str]] = {
            "chat": self._chat,
            "email": self._email,
            "phone": self._phone,
            "letter": self._letter,
        }
        ticket.message = write[channel](ticket, filler, who)
        ticket.bound = filler.bound
        ticket.pii = {kind: value for kind, value in ticket.pii.items() if value in ticket.message}
        return ticket

    def foreign(self) -> Ticket:
        """A message that was meant for another company, filed under a random category."""
        moment = self._moment("email")
        ticket = Ticket(moment, "email", "", self._weighted(WEIGHTS), AGENTS[int(self.draw.random() * len(AGENTS))])
        filler = self._filler(ticket, person(self.phrases["people"], self.draw), ticket.agent)
        filler.made = {**filler.made, "room": lambda: str(101 + int(self.draw.random() * 320))}
        body = self.phrases["foreign"][int(self.draw.random() * len(self.phrases["foreign"]))]
        greeting = filler.fill(filler.pick(self.phrases["style"]["greet_email"][:5])).replace("Larkfield ", "")
        told = sentence(filler.fill(filler.pick(body["says"])))
        asked = filler.fill(filler.pick(body["asks"]))
        ticket.message = f"{greeting}\n\n{told} {asked}\n\n{filler.pick(self.phrases['style']['bye_email'])}"
        return ticket

    # ------------------------------------------------------------ channels

    def _chat(self, ticket: Ticket, filler: Filler, who: Person) -> str:
        says, asks, opening = self._matter(ticket, filler)
        parts = [says] if filler.chance(0.2) else [asks, says] if filler.chance(0.22) else [says, asks]
        if opening and filler.chance(0.5):
            parts.insert(0, opening)
        if filler.chance(0.24):
            parts.insert(int(self.draw.random() * len(parts)), self._aside(filler))
        if filler.chance(0.16):
            parts.append(filler.fill(filler.pick(self.phrases["style"]["feeling"])))
        if filler.chance(0.1):
            parts.append(self._identify(ticket, who))
        if filler.chance(0.4):
            parts.insert(0, filler.fill(filler.pick(self.phrases["style"]["greet_chat"])))
        if filler.chance(0.3):
            parts.append(filler.pick(self.phrases["style"]["bye_chat"]))
        joiner = filler.pick([" ", " ", ". ", ", ", " - ", "... "])
        tidy = filler.chance(0.35)
        text = " ".join(sentence(part) for part in parts) if tidy else _join(parts, joiner)
        if not tidy:
            text = _hasty(text, ticket, filler)
        return _typos(text, ticket, self.draw, 0.006 if tidy else 0.022)

    def _email(self, ticket: Ticket, filler: Filler, who: Person) -> str:
        style = self.phrases["style"]
        says, asks, opening = self._matter(ticket, filler)
        body = [sentence(opening)] if opening and filler.chance(0.75) else []
        body.append(sentence(says))
        if filler.chance(0.5):
            body.insert(int(self.draw.random() * (len(body) + 1)), self._aside(filler))
        if filler.chance(0.45):
            body.append(sentence(filler.fill(filler.pick(style["feeling"]))))
        body.append(sentence(asks))
        if filler.chance(0.45):
            body.append(self._identify(ticket, who))
        ticket.pii["name"] = who.name
        name = who.name if filler.chance(0.75) else who.name.split()[0]
        greeting, farewell = filler.fill(filler.pick(style["greet_email"])), filler.pick(style["bye_email"])
        gap = "\n\n" if filler.chance(0.7) else "\n"
        text = _typos(" ".join(body), ticket, self.draw, 0.006)
        return f"{greeting}{gap}{text}{gap}{farewell}\n{name}"

    def _phone(self, ticket: Ticket, filler: Filler, who: Person) -> str:
        style = self.phrases["style"]
        situation = self._situation(ticket)
        note = filler.fill(filler.pick(situation["notes"]))
        parts = [f"{filler.pick(style['note_open'])} {note}."]
        if filler.chance(0.4):
            says = filler.fill(filler.pick(situation["says"]))
            parts.append(f'"{sentence(says)}"' if filler.chance(0.5) else sentence(says))
        if filler.chance(0.45):
            parts.append(f"{filler.pick(style['note_wants'])}: {filler.fill(filler.pick(situation['asks']))}")
        if filler.chance(0.22):
            parts.append("Also mentioned: " + self._aside(filler))
        if filler.chance(0.3):
            ticket.pii["phone"] = who.phone
            parts.append(f"Cb {who.phone}, {who.name}.")
            ticket.pii["name"] = who.name
        parts.append(filler.fill(filler.pick(style["note_close"])))
        text = " ".join(parts)
        for long, short in SHORTHAND:
            if filler.chance(0.5):
                text = text.replace(long, short)
        return _typos(text, ticket, self.draw, 0.012)

    def _letter(self, ticket: Ticket, filler: Filler, who: Person) -> str:
        says, asks, opening = self._matter(ticket, filler)
        parts = [
            opening,
            says,
            self._aside(filler),
            filler.fill(filler.pick(self.phrases["style"]["feeling"])),
            asks,
        ]
        ticket.pii["name"], ticket.pii["address"] = who.name, who.address
        return " ".join(sentence(part) for part in parts if part) + f" {who.name}, {who.address}"

    # ------------------------------------------------------------ pieces

    def _situation(self, ticket: Ticket) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.phrases["category"][ticket.category][ticket.situation]
        return found

    def _matter(self, ticket: Ticket, filler: Filler) -> tuple[str, str, str]:
        situation = self._situation(ticket)
        setup = situation.get("setup")
        says = filler.fill(filler.pick(situation["says"]))
        asks = filler.fill(filler.pick(situation["asks"]))
        if filler.chance(TWO_MATTERS):
            says = self._with_second_matter(says, ticket, filler)
        elif setup and filler.chance(VAGUE):
            vague = filler.fill(filler.pick(self.phrases["style"]["vague"]))
            return filler.fill(filler.pick(self.phrases["setups"][setup])), vague, ""
        opening = filler.fill(filler.pick(self.phrases["setups"][setup])) if setup else ""
        return says, asks, opening

    def _with_second_matter(self, says: str, ticket: Ticket, filler: Filler) -> str:
        others = self.phrases["category"][MIXED_UP[ticket.category]]
        other = filler.fill(filler.pick(others[int(self.draw.random() * len(others))]["says"]))
        turn = filler.fill(filler.pick(self.phrases["two_matters"]["turn"]))
        told = [says, f"{turn} {other}".strip()]
        if filler.chance(0.35):
            told.reverse()
        return " ".join(sentence(part) for part in told)

    def _aside(self, filler: Filler) -> str:
        return sentence(filler.fill(filler.pick(self.phrases["background"]["any"])))

    def _identify(self, ticket: Ticket, who: Person) -> str:
        kinds = {
            "phone": (f"You can reach me on {who.phone}.", f"My number is {who.phone}.", f"call me: {who.phone}"),
            "email": (f"My e-mail is {who.email}.", f"Please answer to {who.email}.", f"mail {who.email}"),
            "card_number": (f"The card number is {who.card_number}.", f"card {who.card_number}"),
            "iban": (f"My IBAN is {who.iban}.", f"Account: {who.iban}", f"IBAN {who.iban} if you need it."),
            "birthday": (f"I was born on {who.birthday}.", f"date of birth {who.birthday}"),
        }
        kind = list(kinds)[int(self.draw.random() * len(kinds))]
        ticket.pii[kind] = getattr(who, kind)
        return kinds[kind][int(self.draw.random() * len(kinds[kind]))]

    def _filler(self, ticket: Ticket, who: Person, agent: str) -> Filler:
        draw = self.draw

        def below(limit: float) -> int:
            return int(draw.random() * limit)

        def keep(kind: str, value: str) -> str:
            ticket.pii[kind] = value
            return value

        def amount() -> str:
            pounds = int(10 ** (1 + 2.4 * draw.random()))
            mark = ("£", "£", "£", "€", "GBP ")[below(5)]
            whole = f"{pounds:,}" if draw.random() < 0.5 else str(pounds)
            return f"{mark}{whole}" + (f".{below(100):02d}" if draw.random() < 0.45 else "")

        def some_date() -> str:
            day = ticket.received.date() - timedelta(days=1 + below(40))
            month = MONTHS[day.month - 1]
            forms = [f"{day.day} {month}", f"{month} {day.day}", f"the {_ordinal(day.day)} of {month}"]
            forms += [f"{day:%d/%m}", f"{day.day} {month[:3]}", f"{day:%d.%m.%Y}"]
            return forms[below(len(forms))]

        made = {
            "amount": amount,
            "bigamount": lambda: f"{'£€'[below(2)]}{(4 + below(60)) * 250:,}",
            "smallamount": lambda: f"£{1 + below(24)}.{below(100):02d}",
            "date": some_date,
            "ordinal": lambda: _ordinal(1 + below(28)),
            "small": lambda: SMALL[below(len(SMALL))],
            "yy": lambda: f"{9 + below(15):02d}",
            "month": lambda: MONTHS[below(12)],
            "lastfour": lambda: f"{below(10_000):04d}",
            "agent": lambda: agent,
            "address": lambda: keep("address", who.address),
            "phone": lambda: keep("phone", who.phone),
            "email": lambda: keep("email", who.email),
        }
        return Filler(draw, self.phrases["slots"], made)

    def _moment(self, channel: str) -> datetime:
        while True:
            day = FIRST_DAY + timedelta(days=int(self.draw.random() * DAYS))
            if channel != "letter" or day.day <= 12:
                break
        minute = int(self.draw.random() * 720)
        return datetime(day.year, day.month, day.day, 8 + minute // 60, minute % 60)

    def _weighted(self, weights: Mapping[str, float]) -> str:
        point = self.draw.random() * sum(weights.values())
        for name, weight in weights.items():
            point -= weight
            if point < 0:
                return name
        return name


def _join(parts: list[str], joiner: str) -> str:
    """Parts run together as people do in a chat; a joiner is not put after a sentence that already ends."""
    text = parts[0]
    for part in parts[1:]:
        text += (" " if text[-1] in ".?!," else joiner) + part
    return text


def _hasty(text: str, ticket: Ticket, filler: Filler) -> str:
    """Lower case, dropped apostrophes and marks; never inside personal data."""
    if any(value in text for value in ticket.pii.values()):
        return text
    if filler.chance(0.7):
        text = text.lower()
    if filler.chance(0.35):
        text = text.replace("'", "")
    if filler.chance(0.3):
        text = text.replace("?", "")
    for long, short in (("please", "pls"), ("you", "u"), ("because", "cos"), ("and", "&")):
        if filler.chance(0.08):
            text = " ".join(short if word == long else word for word in text.split(" "))
    return text


def _typos(text: str, ticket: Ticket, draw: random.Random, rate: float) -> str:
    """Slips of the finger in `rate` of the words of four letters or more, outside personal data."""
    guarded = {part for value in ticket.pii.values() for part in value.split()}

    def fallible(word: str) -> bool:
        return len(word) > 3 and word.isalpha() and word not in guarded

    return " ".join(
        _slip(word, draw) if draw.random() < rate and word.isalpha() and len(word) > 3 and word not in guarded else word
        for word in text.split(" ")
    )


def _slip(word: str, draw: random.Random) -> str:
    at = 1 + int(draw.random() * (len(word) - 2))
    kind = int(draw.random() * 4)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 2:
        return word[:at] + word[at] + word[at:]
    near = NEIGHBORS.get(word[at], word[at])
    return word[:at] + near[int(draw.random() * len(near))] + word[at + 1 :]


def _ordinal(day: int) -> str:
    suffix = "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"
