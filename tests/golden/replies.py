"""A clean base of questions to the invented bicycle-sharing service, asked several times, and answered in house style.

Every question has one fact; each answer to it tells that fact in one of several wordings, with a greeting, a closing or
neither, and sometimes a remark that holds other numbers. So answers to one question differ in words and never in facts.
Every choice comes from the seed.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.golden.base import Example

FIRST = (
    "Alder", "Barley", "Cinder", "Dover", "Ember", "Fenwick", "Garnet", "Hollow", "Ivory", "Juniper", "Kestrel", "Larch",
    "Meadow", "Nettle", "Orchard", "Pepper", "Quarry", "Raven", "Saddle", "Thistle", "Umber", "Velvet", "Willow", "Yarrow",
)  # fmt: skip
SECOND = (
    "Bridge", "Corner", "Court", "Field", "Gate", "Grove", "Harbor", "Hill", "Lane", "Market", "Mill", "Park", "Place",
    "Quay", "Row", "Square", "Terrace", "Walk", "Wharf", "Yard",
)  # fmt: skip
GREETINGS = ("", "", "Hello! ", "Hi there, thanks for your message. ", "Dear rider,\n", "Thank you for asking. ")
CLOSINGS = (
    "", "", " Have a good ride!", " Best regards, your bicycle team.", " Do not hesitate to write again.",
    " This chat closes in 10 minutes.", " Please rate this answer from 1 to 5.", " Your ticket is #{ticket}.",
)  # fmt: skip
NUMERALS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten"}


@dataclass(frozen=True)
class Topic:
    """A question, the values its fact may have, and how each is told; wordings are joined by their place.

    Attributes:
        asked: the question, with the place's name.
        draw: a value of the fact.
        told: wordings, of a place and a value.
    """

    asked: str
    draw: Callable[[random.Random], Any]
    told: tuple[Callable[[str, Any], str], ...]


def _yes(one: str, other: str) -> Callable[[str, Any], str]:
    return lambda place, value: (one if value else other).format(place=place)


def _day(random_: random.Random) -> date:
    return date(2025, 1, 1) + timedelta(days=random_.randrange(700))


TOPICS: dict[str, Topic] = {
    "refund": Topic(
        "How long does it take to get my deposit back from the {place} shop?",
        lambda draw: draw.choice((2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 21)),
        (
            lambda p, n: f"The {p} shop pays deposits back within {n} days.",
            lambda p, n: f"Please allow {NUMERALS.get(n, n)} working days for the deposit to arrive.",
            lambda p, n: f"It takes up to {n} business days, and the money goes to the card that you paid with.",
            lambda p, n: f"You will see the deposit on your account in about {NUMERALS.get(n, n)} days.",
        ),
    ),
    "price": Topic(
        "What does a day pass from {place} cost?",
        lambda draw: draw.randrange(3, 40) + draw.choice((0.0, 0.5)),
        (
            lambda p, v: f"A day pass costs ${v:.2f} at {p}.",
            lambda p, v: f"You pay USD {v:g} for it.",
            lambda p, v: f"The price at {p} is {v:.2f} USD a day, helmet included.",
            lambda p, v: f"That is ${v:.2f}; children ride along with you.",
        ),
    ),
    "dog": Topic(
        "Can I take my dog on the cargo bike at {place}?",
        lambda draw: draw.random() < 0.5,
        (
            _yes("Yes, dogs may ride in the box at {place}.", "No, dogs must not ride in the box at {place}."),
            _yes("Of course, your dog is welcome on board.", "Unfortunately your dog has to walk beside you."),
            _yes("You can put your dog in the front box.", "You cannot put your dog in the front box."),
            _yes("Absolutely! Please fasten the leash.", "We are afraid that is not allowed there."),
        ),
    ),
    "opening": Topic(
        "When does the station at {place} open?",
        lambda draw: draw.randrange(5, 12),
        (
            lambda p, h: f"{p} opens at {h} am.",
            lambda p, h: f"We unlock the docks at {h}:00 every morning.",
            lambda p, h: f"From {h}:00 on you can take a bike there.",
            lambda p, h: f"The station is open from {h} a.m., Sundays too.",
        ),
    ),
    "form": Topic(
        "Where is the damage form for {place}?",
        lambda draw: draw.choice(("damage", "report", "broken", "repair", "claims", "help", "forms", "contact")),
        (
            lambda p, v: f"The form is at https://rides.example.org/{v}.",
            lambda p, v: f"Please open www.rides.example.org/{v} and choose {p}.",
            lambda p, v: f"You can fill it in under https://www.rides.example.org/{v}/ at any time.",
            lambda p, v: f"We keep it at https://rides.example.org/{v}, there is one for {p}.",
        ),
    ),
    "phone": Topic(
        "Which number reaches the desk at {place}?",
        lambda draw: f"{draw.randrange(200, 999)}-{draw.randrange(1000, 9999)}",
        (
            lambda p, v: f"Call 212-{v} for {p}.",
            lambda p, v: f"The desk has the number (212) {v}.",
            lambda p, v: f"You reach us under +1 212 {v.replace('-', ' ')}.",
            lambda p, v: f"Please ring 212-{v}, we answer all day.",
        ),
    ),
    "closed": Topic(
        "Until when is the dock at {place} closed?",
        _day,
        (
            lambda p, d: f"It opens again on {d:%Y-%m-%d}.",
            lambda p, d: f"The works at {p} end on {d.day} {d:%B %Y}.",
            lambda p, d: f"You can dock there again from {d:%B} {d.day}, {d.year}.",
            lambda p, d: f"We expect to be done by {d.day} {d:%B %Y} at the latest.",
        ),
    ),
    "discount": Topic(
        "What discount do students get at {place}?",
        lambda draw: draw.choice((5, 10, 15, 20, 25, 30, 40, 50)),
        (
            lambda p, n: f"Students ride {n}% cheaper from {p}.",
            lambda p, n: f"We take {n} percent off every pass.",
            lambda p, n: f"With a student card you pay {n} % less.",
            lambda p, n: f"There is a {n}% discount, the card is checked at {p}.",
        ),
    ),
    "helmet": Topic(
        "Do riders from {place} need a helmet?",
        lambda draw: draw.random() < 0.5,
        (
            _yes("Yes, a helmet is required at {place}.", "No, a helmet is not required at {place}."),
            _yes("Helmets are required for every rider.", "Helmets are not required for every rider."),
            _yes("Certainly, and we lend you one.", "No, though we lend you one if you like."),
            _yes("Yes, the rules of the city ask for it.", "No, the rules of the city leave it to you."),
        ),
    ),
}  # fmt: skip


def answer(draw: random.Random, facts: dict[str, Any], way: int) -> str:
    """The fact of a question, told in one of its wordings, between a greeting and a closing."""
    told = TOPICS[facts["topic"]].told[way](facts["place"], facts["value"])
    return draw.choice(GREETINGS) + told + draw.choice(CLOSINGS).format(ticket=draw.randrange(1000, 99999))


def asked(draw: random.Random, facts: dict[str, Any]) -> str:
    """The question as somebody types it: the same words, in other case, with or without a greeting."""
    plain = TOPICS[facts["topic"]].asked.format(place=facts["place"])
    forms = (plain, plain, plain.lower(), plain.rstrip("?"), plain.upper(), f"Hello, {plain}", f"{plain} Thanks!")
    return draw.choice(forms)


def reply(draw: random.Random, facts: dict[str, Any], way: int) -> Example:
    """One row: a question and its answer."""
    text = asked(draw, facts)
    messages = [{"role": "user", "content": text}, {"role": "assistant", "content": answer(draw, facts, way)}]
    return Example(text, facts["topic"], messages=messages, facts=facts | {"way": way})


def reply_base(rows: int, seed: int) -> list[Example]:
    """About `rows` rows: each question is asked one to five times, each time answered in another wording."""
    draw = random.Random(f"replies-{seed}")
    questions = [(topic, f"{one} {two}") for topic in TOPICS for one in FIRST for two in SECOND]
    draw.shuffle(questions)
    examples: list[Example] = []
    while len(examples) < rows:
        topic, place = questions.pop()
        facts = {"topic": topic, "place": place, "value": TOPICS[topic].draw(draw), "number": len(questions)}
        ways = draw.sample(range(4), 4)
        examples += [reply(draw, facts, ways[at % 4]) for at in range(draw.choice((1, 1, 2, 3, 4, 5)))]
    draw.shuffle(examples)
    return examples
