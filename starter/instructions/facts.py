"""Invented people, orders, amounts and dates; nobody and nothing in here is real."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starter.instructions import words
from starter.instructions.draw import Draw

#: One message of a chat: role and content.
Message = tuple[str, str]
Chat = list[Message]


@dataclass(frozen=True)
class Issue:
    """One thing that customers write about; the fields are those of ``issues.toml``."""

    label: str
    area: str
    urgency: str
    desc: str
    says: tuple[str, ...]
    sum: tuple[str, ...]
    reply: tuple[str, ...]


@cache
def issues() -> tuple[Issue, ...]:
    """Every issue in ``issues.toml``."""
    with (Path(__file__).parent / "issues.toml").open("rb") as stream:
        found = tomllib.load(stream)["issue"]
    return tuple(Issue(**{key: tuple(v) if isinstance(v, list) else v for key, v in one.items()}) for one in found)


def invented(draw: Draw) -> str:
    """A made-up proper name, so that a model learns to copy rather than to remember."""
    return "".join(draw.one(words.SYLLABLE) for _ in range(draw.between(2, 3))).capitalize()


def first_name(draw: Draw) -> str:
    """A first name, sometimes made up."""
    return invented(draw) if draw.chance(0.25) else draw.one(words.FIRST)


def full_name(draw: Draw) -> str:
    """A first and a last name."""
    return f"{first_name(draw)} {invented(draw) if draw.chance(0.25) else draw.one(words.LAST)}"


def town(draw: Draw) -> str:
    """A city, sometimes made up."""
    return invented(draw) if draw.chance(0.25) else draw.one(words.CITY)


def company(draw: Draw) -> str:
    """The name of a company."""
    head = invented(draw) if draw.chance(0.3) else draw.one(words.COMPANY_HEAD)
    return f"{head} {draw.one(words.COMPANY_TAIL)}"


def amount(draw: Draw) -> str:
    """A sum of money in one of several notations."""
    value = draw.between(5, 90) if draw.chance(0.4) else draw.between(91, 2400)
    cents = f".{draw.between(0, 99):02d}" if draw.chance(0.5) else ""
    sign = draw.one(words.CURRENCY)
    return draw.one(
        (f"{sign}{value}{cents}", f"{sign}{value}{cents}", f"{value}{cents} euros", f"{value}{cents} dollars")
    )


def date(draw: Draw) -> str:
    """A day in one of several notations."""
    day, month, year = draw.between(1, 28), draw.between(1, 12), draw.between(2019, 2027)
    name = words.MONTH[month - 1]
    return draw.one(
        (
            f"{name} {day}",
            f"{day} {name}",
            f"{name} {day}, {year}",
            f"{day} {name} {year}",
            f"{year}-{month:02d}-{day:02d}",
        )
    )


def clock(draw: Draw) -> str:
    """A time of day."""
    hour, minute = draw.between(7, 20), draw.one((0, 15, 30, 45))
    return draw.one((f"{hour}:{minute:02d}", f"{(hour - 1) % 12 + 1}:{minute:02d} {'am' if hour < 12 else 'pm'}"))


def order_number(draw: Draw) -> str:
    """The number of an order, a ticket or an invoice."""
    digits = "".join(str(draw.between(0, 9)) for _ in range(draw.between(4, 7)))
    letters = "".join(draw.one("ABCDEFGHKLMNPRSTUVWXYZ") for _ in range(draw.between(1, 3)))
    return draw.one(
        (digits, f"{letters}-{digits}", f"#{digits}", f"{letters}{digits}", f"{letters}-{digits[:2]}-{digits[2:]}")
    )


def code(draw: Draw) -> str:
    """A voucher, an error code or a reading."""
    return draw.one(
        (
            f"{draw.one(('SAVE', 'HELLO', 'SPRING', 'GIFT', 'WELCOME', 'EXTRA'))}{draw.between(5, 50)}",
            f"{draw.one('ABCDEFGH')}{draw.between(100, 9999)}",
            str(draw.between(10000, 99999)),
        )
    )


def phone(draw: Draw) -> str:
    """A telephone number out of ranges kept for fiction (555-01xx, 07700 900xxx)."""
    if draw.chance(0.5):
        return f"({draw.between(201, 989)}) 555-01{draw.between(0, 99):02d}"
    return f"07700 900{draw.between(0, 999):03d}"


def email(draw: Draw, name: str) -> str:
    """A mail address at a reserved domain (RFC 2606)."""
    first, last = name.lower().split()[0], name.lower().split()[-1]
    local = draw.one((f"{first}.{last}", f"{first[0]}{last}", f"{first}{draw.between(1, 99)}", f"{last}.{first}"))
    return f"{local}@{draw.one(('example.com', 'example.org', 'example.net', 'mail.example', 'post.example'))}"


def service(draw: Draw) -> dict[str, str]:
    """The facts of one customer's case: every slot that an issue may use."""
    name = full_name(draw)
    return {
        "name": name,
        "email": email(draw, name),
        "phone": phone(draw),
        "order": order_number(draw),
        "goods": draw.one(words.GOODS),
        "amount": amount(draw),
        "date": date(draw),
        "time": clock(draw),
        "days": str(draw.between(2, 14)),
        "city": town(draw),
        "company": company(draw),
        "weekday": draw.one(words.WEEKDAY),
        "code": code(draw),
        "street": draw.one(words.STREET),
        "house": str(draw.between(1, 180)),
        "color": draw.one(words.COLOR),
        "job": draw.one(words.JOB),
        "last": draw.one(words.LAST),
        "first": draw.one(words.FIRST),
    }


def stands(value: str, text: str) -> bool:
    """Whether `value` stands in `text` as a whole, not inside a longer word or number."""
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None


def letter(draw: Draw, issue: Issue, facts: dict[str, str]) -> str:
    """What a customer writes about `issue`: one or two ways to say it among what people say besides."""
    said = [draw.fill(one, facts) for one in draw.some(issue.says, 1 if draw.chance(0.7) else 2)]
    if draw.chance(0.35):
        said.append(draw.fill("{feeling}"))
    if draw.chance(0.3):
        said.insert(0, background(draw, facts))
    return worn(draw, " ".join(part for part in (draw.fill("{opener}"), *said, draw.fill("{closer}")) if part))


def background(draw: Draw, facts: dict[str, str]) -> str:
    """A sentence about the customer that is beside the point."""
    return draw.fill(
        draw.one(
            (
                "I [live in {city}|am writing from {city}] and [have used your service for {days} years|am new here].",
                "My [sister|brother|neighbor|colleague] recommended {company} to me.",
                "I work as a {job} and [travel a lot|have little time].",
                "We are a family of {few} in {city}.",
                "I [called|wrote to] you on {weekday} already.",
                "My name is {name}.",
                "This is about order {order}.",
            )
        ),
        facts,
    )


def worn(draw: Draw, text: str) -> str:
    """`text` as people type it: now and then without capitals, with shouting or a slip of two letters."""
    if draw.chance(0.08):
        text = text.lower()
    elif draw.chance(0.02):
        text = text.upper()
    if draw.chance(0.1):
        at = draw.between(1, max(1, len(text) - 3))
        if text[at : at + 2].isalpha():
            text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if draw.chance(0.08):
        text = re.sub(r"[.](?= |$)", "!", text) if draw.chance(0.3) else text.rstrip(".!")
    return text
