"""Invented values in the place of personal data: the same for the same person everywhere, and never anybody's own.

A surrogate follows from HMAC-SHA-256 over a project's key, the type and the normalized value, so one person keeps one
surrogate in every row, file and run, and without the key nobody can try values until one fits. It keeps the form of
what it stands for, and lies where no real value can: mail and web addresses under example domains (RFC 2606), IP
addresses of documentation ranges (RFC 5737, 3849), telephone numbers ending in 555-01xx (NANPA), a social security
number of area 000, a card that fails the Luhn formula, an IBAN with check digits 00, names that no one bears. That is
also how a surrogate is recognized and left alone when the data is cleaned again. Types without such a place become a
pseudonym in brackets.

Dates of birth keep their year and US postal codes their first three digits, as Safe Harbor allows (45 CFR
164.514(b)(2)(i)); postal areas of 20,000 people or fewer become 00000.
"""

import hmac
import re
from collections.abc import Callable
from hashlib import sha256
from itertools import product

from tunewright.stages.clean.spans import label_of

#: Three-digit postal areas of at most 20,000 people, 2020 Census.
SMALL_AREAS = (
    "036", "059", "102", "202", "203", "204", "205", "369", "556", "692", "753", "772", "821", "823", "878", "879",
    "884", "893",
)  # fmt: skip
#: Parts of names that no one bears.
HEADS = "Bru Cor Dri Fal Gro Hal Jur Kel Lor Mor Nel Ost Pra Quo Rud Sel Tro Ulm Vor Wel Xan Yor Zel Thu"
MIDDLES = "ba de fi go ku la me ni po ra se ti vo wa xe zi cho dru fle gra"
TAILS = "dax lith morn quen rix sorn thal vex wick zand brath crill dorn fesk gorm hulm jask kest lunt mosk"
NAMES = tuple("".join(parts) for parts in product(HEADS.split(), MIDDLES.split(), TAILS.split()))
INVENTED = frozenset(name.lower() for name in NAMES)
#: Words of a name that tell nobody apart.
TITLES = "mr mrs ms mx dr prof sir herr frau mme m mlle señor señora van von de der den la le di da del"
LETTERS = "bcdfghjklmnpqrstvwxz"
MASK = re.compile(r"^\[[A-Z_]+-[a-z]{8}\]$")

Draw = Callable[[int], int]


def surrogate(kind: str, value: str, key: bytes) -> str:
    """What stands for `value`, data of type `kind`; a surrogate stands for itself."""
    if MASK.match(value):
        return value
    maker = MAKERS.get(kind)
    invented = maker(value, key) if maker else None
    return invented if invented is not None else _mask(kind, value, key)


def draws(key: bytes, kind: str, value: str) -> Draw:
    """Numbers that follow from a key, a type and a value: ``draw(n)`` is the next one below `n`."""
    left = int.from_bytes(hmac.new(key, f"{kind}\0{value}".encode(), sha256).digest(), "big")

    def draw(below: int) -> int:
        nonlocal left
        left, number = divmod(left, below)
        return number

    return draw


def _mask(kind: str, value: str, key: bytes) -> str:
    draw = draws(key, kind, _plain(value))
    return f"[{label_of(kind)}-{''.join(LETTERS[draw(len(LETTERS))] for _ in range(8))}]"


def _plain(value: str) -> str:
    """The letters and digits of `value` in lower case: spaces, hyphens and case make no other person."""
    return "".join(sign for sign in value.casefold() if sign.isalnum())


def _word(draw: Draw) -> str:
    return NAMES[draw(len(NAMES))].lower()


def _email(value: str, key: bytes) -> str:
    if re.fullmatch(r"(?i)[^@\s]+@(?:[\w-]+\.)*example(?:\.(?:com|net|org))?", value):
        return value
    draw = draws(key, "email", value.strip().casefold())
    return f"{_word(draw)}.{_word(draw)}@example.{('com', 'net', 'org')[draw(3)]}"


def _url(value: str, key: bytes) -> str:
    if re.search(r"(?i)^(?:\w+://)?(?:[\w-]+\.)*example(?:\.(?:com|net|org))?(?:[/:?#]|$)", value):
        return value
    draw = draws(key, "url", value.strip().casefold())
    scheme = re.match(r"\w+://", value)
    return f"{scheme[0] if scheme else ''}{_word(draw)}.example/{_word(draw)}"


def _ip(value: str, key: bytes) -> str:
    if value.startswith(("192.0.2.", "198.51.100.", "203.0.113.")) or value.lower().startswith("2001:db8:"):
        return value
    draw = draws(key, "ip_address", value.strip().lower())
    if ":" in value:
        return f"2001:db8::{draw(1 << 16):x}:{draw(1 << 16):x}"
    return f"{('192.0.2', '198.51.100', '203.0.113')[draw(3)]}.{1 + draw(254)}"


def _phone(value: str, key: bytes) -> str | None:
    digits = _digits(value)
    if len(digits) < 9:
        return None
    if re.search(r"55501\d\d$", digits):
        return value
    # The last nine digits name the line; with and without a country's prefix it is the same one.
    draw = draws(key, "phone", digits[-9:])
    end = f"55501{draw(100):02d}"
    area = [str(2 + draw(8)) if place == 2 else str(draw(10)) for place in range(3)][::-1]
    prefix = digits[: max(0, len(digits) - 10)]
    middle = "".join(area)[3 - min(3, len(digits) - 7) :]
    return _refilled(value, prefix + middle + end)


def _card(value: str, key: bytes) -> str | None:
    digits = _digits(value)
    if len(digits) < 12:
        return None
    if digits[:1] == "9" and digits[-1] == _wrong_check(digits[:-1]):
        return value
    draw = draws(key, "payment_card", digits)
    body = "9" + "".join(str(draw(10)) for _ in range(len(digits) - 2))
    return _refilled(value, body + _wrong_check(body))


def _wrong_check(body: str) -> str:
    """A last digit that the Luhn formula refuses."""
    doubled = (int(sign) * (2 - place % 2) for place, sign in enumerate(reversed(body)))
    total = sum(number - 9 if number > 9 else number for number in doubled)
    return str((10 - total % 10 + 5) % 10)


def _iban(value: str, key: bytes) -> str | None:
    plain = _plain(value)
    if not re.fullmatch(r"[a-z]{2}[0-9a-z]{8,}", plain) or not value.isascii():
        return None
    if plain[2:4] == "00":
        return value
    draw = draws(key, "iban", plain)
    rest = "".join(str(draw(10)) if sign.isdigit() else chr(ord("A") + draw(26)) for sign in plain[4:-1])
    account = plain[:2].upper() + "00" + rest
    # 00 is never given out, but one in 97 of such numbers would pass the formula.
    last = next(str(digit) for digit in range(9, -1, -1) if _remainder(f"{account}{digit}") != 1)
    return _refilled(value, account + last, str.isalnum)


def _remainder(account: str) -> int:
    """The number that ISO 13616 makes of an account, modulo 97."""
    return int("".join(str(int(sign, 36)) for sign in account[4:] + account[:4])) % 97


def _ssn(value: str, key: bytes) -> str | None:
    digits = _digits(value)
    if len(digits) != 9:
        return None
    if digits.startswith("000"):
        return value
    draw = draws(key, "us_ssn", digits)
    return _refilled(value, "000" + "".join(str(draw(10)) for _ in digits[3:]))


def _birth_date(value: str, key: bytes) -> str | None:
    year = re.search(r"\b(19[4-9]\d|20\d\d)\b", value)
    return year[1] if year else None


def _postal_code(value: str, key: bytes) -> str | None:
    if not re.fullmatch(r"\d{5}(?:-\d{4})?", value.strip()):
        return None
    area = "000" if value[:3] in SMALL_AREAS else value[:3]
    return f"{area}00"


def _person(value: str, key: bytes) -> str:
    """`value` with an invented name for each word, so that a surname alone is the surname of the full name."""

    def word(match: re.Match[str]) -> str:
        plain = match[0].casefold()
        if plain in INVENTED or plain in TITLES.split():
            return match[0]
        name = NAMES[draws(key, "person", plain)(len(NAMES))]
        return name.upper() if match[0].isupper() and len(plain) > 1 else name

    return re.sub(r"[^\W\d_]+", word, value)


def _digits(value: str) -> str:
    return "".join(sign for sign in value if sign.isdecimal())


def _refilled(value: str, signs: str, is_sign: Callable[[str], bool] = str.isdecimal) -> str:
    """`value` with its digits (or other signs) taken from `signs` in turn; what divides them stays."""
    rest = iter(signs)
    return "".join(next(rest) if is_sign(sign) else sign for sign in value)


#: None from a maker: this value has no form that could be kept.
MAKERS: dict[str, Callable[[str, bytes], str | None]] = {
    "email": _email,
    "url": _url,
    "ip_address": _ip,
    "phone": _phone,
    "payment_card": _card,
    "iban": _iban,
    "us_ssn": _ssn,
    "date_of_birth": _birth_date,
    "postal_code": _postal_code,
    "person": _person,
}
