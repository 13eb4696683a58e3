"""Invented people and their numbers: names, phones from ranges kept for fiction, test cards, IBANs of no account.

E-mail addresses end in example.com (RFC 2606); phone numbers lie in Ofcom's drama ranges and in 555-01xx; card
numbers are the payment networks' published test numbers; IBANs have right check digits over a bank code that no
bank has.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass

TEST_CARDS = (
    "4111 1111 1111 1111",
    "5555 5555 5555 4444",
    "4242 4242 4242 4242",
    "3782 822463 10005",
    "6011111111111117",
)


@dataclass(frozen=True)
class Person:
    """One customer, as they may give themselves away in a ticket."""

    name: str
    email: str
    phone: str
    card_number: str
    iban: str
    birthday: str
    address: str


def person(names: Mapping[str, list[str]], draw: random.Random) -> Person:
    """A customer made of independent parts; `names` is the section [people] of phrases.toml."""
    first, last = _pick(draw, names["first"]), _pick(draw, names["last"])
    handle = f"{first}.{last}".lower().replace("'", "").replace("ń", "n")
    month = 1 + int(draw.random() * 12)
    phone = _pick(
        draw,
        (
            f"07700 900{_digits(draw, 3)}",
            f"020 7946 0{_digits(draw, 3)}",
            f"(415) 555-01{_digits(draw, 2)}",
            f"+44 7700 900{_digits(draw, 3)}",
        ),
    )
    return Person(
        name=f"{first} {last}",
        email=f"{handle}{_pick(draw, ('', '', _digits(draw, 2)))}@example.com",
        phone=phone,
        card_number=_pick(draw, TEST_CARDS),
        iban=iban("GB", "LARK000000" + _digits(draw, 8)),
        birthday=f"{1 + int(draw.random() * 28):02d}/{month:02d}/{1941 + int(draw.random() * 64)}",
        address=f"{1 + int(draw.random() * 180)} {_pick(draw, names['streets'])}",
    )


def iban(country: str, account: str) -> str:
    """The account with its two check digits (ISO 13616: the whole is 1 modulo 97), in groups of four."""
    moved = account + country + "00"
    number = int("".join(str(int(character, 36)) for character in moved))
    whole = f"{country}{98 - number % 97:02d}{account}"
    return " ".join(whole[start : start + 4] for start in range(0, len(whole), 4))


def _pick(draw: random.Random, options: tuple[str, ...] | list[str]) -> str:
    return options[int(draw.random() * len(options))]


def _digits(draw: random.Random, count: int) -> str:
    return "".join(str(int(draw.random() * 10)) for _ in range(count))
