"""Invented values for the slots of the tagger's sentences: names, places, addresses, organizations, dates, numbers.

Half of the names and places come from our lists, half are put together from syllables, so that the tagger learns to go
by form and surroundings and not by the list alone.
"""

import random
from collections.abc import Callable

from tunewright.evidence.pii.gazetteer import Gazetteer

#: Onsets, vowels and codas of made-up words; enough to look like a name of some language.
ONSETS = "b br c ch cr d dr f fl g gr h j k kl kr l m n p pr q r s sch sh sl st t th tr v w x y z zh ž š č ñ".split()
VOWELS = "a e i o u a e i o u ai au ea ei ia ie io oo ou ä ö ü é á í ó ø å".split()
CODAS = ["", "", "", "n", "r", "s", "l", "m", "t", "k", "ck", "nd", "ng", "rt", "ss", "x", "th", "lm"]
NAME_ENDS = (
    "son sen ez ov ova ski ska ić ini elli etti ano mann berg stein er ez dottir wala oglu escu vich a o e".split()
)
PLACE_ENDS = (
    "ville burg berg ton ham ford field bury stad holm grad polis by mouth wick dorf hausen ia land a o es".split()
)
STREET_KINDS = """Street St Road Rd Avenue Ave Boulevard Blvd Lane Ln Drive Dr Court Ct Place Pl Square Terrace Way Circle
Close Crescent Hill Gardens Grove Row Parkway Trail""".split()
STREET_ENDS = "straße strasse weg platz gasse allee straat laan gatan vägen vej veien gata katu tie utca ulica".split()
STREET_HEADS = """rue|avenue de|boulevard|Rua|Calle|Avenida|Via|Viale|Piazza|Corso|ul.|ulica|Strada|Jalan|Carrer|Plaza|
Cours|Chemin du|Place de la|Rruga|Ulitsa""".replace("\n", "").split("|")
UNITS = "Apt. Apt Suite Unit Flat # Floor Apartment Ste.".split()
STATES = "CA NY TX FL IL OH WA MA PA GA NC MI NJ VA CO AZ OR".split()
COMPANY_ENDS = "Inc Inc. Ltd LLC GmbH AG Corp Corp. Group Bank Systems Solutions Partners Holdings Labs Media SA S.p.A. & Co".split()
COMPANY_WORDS = """Global North Blue Green First United Data Cloud Bright Solar Metro Alpha Delta Prime Smart Fresh Open Core
Nova Apex Summit River Stone Silver Golden Rapid Health Care Food Energy Travel Home Book Web Net Soft Tech""".split()
JOBS = """engineer|teacher|nurse|manager|Project Manager|Sales Manager|Software Engineer|accountant|CEO|CFO|director|
Head of Sales|consultant|lawyer|Office Manager|driver|analyst|designer|Data Scientist|clerk|carpenter|pilot""".replace(
    "\n", ""
).split("|")
NATIONALITIES = """German French Italian Spanish Polish Dutch Swedish Danish Greek Turkish Russian Chinese Japanese Indian
American British Canadian Mexican Brazilian Irish Scottish Austrian Swiss Norwegian Finnish Czech Hungarian""".split()
THINGS = """Router Premium Pro Headset Dashboard Laptop Coffee Machine|Galaxy Tab|Surface|Smart Watch|Echo|Kindle|iPhone|
MacBook Air|Thermostat|Printer|Drill|Keyboard|Backup Plan|Starter Kit|Desk Lamp|charger|vacuum cleaner|tablet|Travel
Insurance|Gold Card|Family Plan|Office Suite""".replace("\n", " ").split("|")
MONTHS = "January February March April May June July August September October November December".split()


class Inventor:
    """Values by slot, drawn from one seeded source.

    Args:
        lists: our names and places.
        source: where chance comes from.
    """

    def __init__(self, lists: Gazetteer, source: random.Random) -> None:
        self._lists = lists
        self._source = source
        self.listed_only = False
        self._slots: dict[str, Callable[[], str]] = {
            "P": self.person, "F": self.first, "L": self.last, "G": self.place, "A": self.address, "O": self.company,
            "D": self.date, "N": self.number, "T": self.time, "E": self.email, "U": self.phone,
            "J": lambda: self._pick(JOBS), "Q": lambda: self._pick(NATIONALITIES), "W": lambda: self._pick(THINGS),
        }  # fmt: skip

    def value(self, slot: str) -> str:
        """A value for a slot such as ``P``."""
        return self._slots[slot]()

    def _pick(self, values: list[str]) -> str:
        return self._source.choice(values).strip()

    def _chance(self, share: float) -> bool:
        return self._source.random() < share

    def _listed(self, share: float) -> bool:
        return self._chance(0.85 if self.listed_only else share)

    def _made_up(self, ends: list[str], share: float = 0.6) -> str:
        pick, n = self._source.choice, self._source.choice((1, 1, 2, 2, 3))
        word = "".join(pick(ONSETS) + pick(VOWELS) for _ in range(n)) + pick(CODAS)
        return (word + (pick(ends) if self._chance(share) else "")).capitalize()

    def first(self) -> str:
        """A first name."""
        return self._pick(self._lists.first) if self._listed(0.55) else self._made_up(["a", "o", "e", "ie", "us"], 0.4)

    def last(self) -> str:
        """A surname, sometimes double or with a particle."""
        name = self._pick(self._lists.last) if self._listed(0.45) else self._made_up(NAME_ENDS)
        if self._chance(0.04):
            return self._pick(["van ", "de ", "O'", "Mc", "von ", "di ", "al-", "da ", "El "]) + name
        return f"{name}-{self._made_up(NAME_ENDS)}" if self._chance(0.04) else name

    def person(self) -> str:
        """A name as people write it."""
        form = self._source.random()
        if form < 0.66:
            return f"{self.first()} {self.last()}"
        if form < 0.74:
            return f"{self.first()} {self._pick(list('ABCDEFGHJKLMNPRSTW'))}. {self.last()}"
        if form < 0.78:
            return f"{self.first()} {self.first()} {self.last()}"
        return self.first() if form < 0.92 else self.last()

    def place(self) -> str:
        """A city, region or country."""
        if self._listed(0.6):
            return self._pick(self._lists.place)
        name = self._made_up(PLACE_ENDS)
        if self._chance(0.15):
            return self._pick(["San", "St.", "New", "Bad", "Port", "La", "Los", "Saint", "Upper", "El"]) + " " + name
        return name.upper() if self._chance(0.15) else name

    def _street(self) -> str:
        number = str(self._source.randint(1, 9999 if self._chance(0.3) else 250)) + (
            "abcB"[self._source.randrange(4)] if self._chance(0.06) else ""
        )
        name = self._source.choice((self.last, self.first, self.place, lambda: self._made_up(PLACE_ENDS)))()
        form = self._source.random()
        if form < 0.04:
            crossing = f"{name} {self._pick(STREET_KINDS)} {self._pick(['and', '&', 'and', 'at'])} {self.last()} {self._pick(STREET_KINDS)}"
            return self._pick(["", "corner of ", ""]) + crossing if self._chance(0.5) else crossing
        if form < 0.07:
            return f"{self._pick(['PO Box', 'P.O. Box', 'Postfach', 'Box'])} {number}"
        if form < 0.45:
            point = self._pick(["N. ", "S ", "West ", "East ", "NE "]) if self._chance(0.1) else ""
            return f"{number} {point}{name} {self._pick(STREET_KINDS)}"
        if form < 0.62:
            return f"{name}{self._pick(STREET_ENDS)} {number}"
        if form < 0.8:
            street = f"{self._pick(STREET_HEADS)} {name}"
            return self._source.choice((f"{street} {number}", f"{number} {street}", f"{street}, {number}"))
        if form < 0.9:
            return self._source.choice((f"{number} {name}", f"{name} {number}"))
        return f"{number} {name}{self._pick(STREET_ENDS)}"

    def _code(self) -> str:
        digit = self._source.randint
        forms = (
            f"{digit(10000, 99999)}", f"{digit(1000, 9999)}", f"{digit(10000, 99999)}-{digit(1000, 9999)}",
            f"{self._pick(list('ABCDEGLMNS'))}{digit(1, 9)} {digit(1, 9)}{self._pick(['AB', 'QT', 'XN', 'RW'])}",
            f"{digit(100, 999)} {digit(10, 99)}", f"{digit(100000, 999999)}", f"{digit(10, 99)}-{digit(100, 999)}",
        )  # fmt: skip
        return self._source.choice(forms)

    def address(self) -> str:
        """A street with, mostly, what follows it: unit, city, state, code, country."""
        parts = [self._street()]
        if self._chance(0.35):
            unit = f"{self._pick(UNITS)} {self._source.randint(1, 999)}"
            parts[0] += self._source.choice((" ", ", ", "\n", "\n ")) + unit
        if self._chance(0.75):
            city, form = self.place(), self._source.random()
            if form < 0.35:
                parts.append(f"{city}, {self._pick(STATES)} {self._code()}")
            elif form < 0.6:
                parts.append(f"{self._code()} {city}")
            elif form < 0.8:
                parts.append(f"{city} {self._code()}")
            else:
                parts.append(city)
            if self._chance(0.35):
                parts.append(self.place() + (f" {self._code()}" if self._chance(0.3) else ""))
        return self._source.choice((", ", "\n", " ", "\n ", ", ")).join(parts)

    def company(self) -> str:
        """An organization."""
        # What might as well be people ("Baker and Reed") is left to be people: a leak costs more than a mask.
        form = self._source.random()
        if form < 0.3:
            return f"{self.last()} {self._pick(COMPANY_ENDS)}"
        if form < 0.5:
            return f"{self._pick(COMPANY_WORDS)} {self._pick(COMPANY_WORDS)}"
        if form < 0.7:
            return self._pick(COMPANY_WORDS) + self._pick(COMPANY_WORDS).lower()
        if form < 0.92:
            return f"{self._pick(COMPANY_WORDS)} {self._pick(COMPANY_ENDS)}"
        return self._made_up(["ify", "ly", "tech", "soft", "corp"], 1.0)

    def date(self) -> str:
        """A date in one of the usual forms."""
        day, month, year = self._source.randint(1, 28), self._source.randint(1, 12), self._source.randint(1950, 2026)
        name = MONTHS[month - 1]
        forms = (
            f"{year}-{month:02}-{day:02}", f"{month}/{day}/{year}", f"{day}.{month}.{year}", f"{day} {name} {year}",
            f"{name} {day}, {year}", f"{name} {day}", f"{day} {name}", f"{name} {year}", str(year),
        )  # fmt: skip
        return self._source.choice(forms)

    def number(self) -> str:
        """A number such as people write."""
        return str(self._source.randint(1, self._source.choice((10, 100, 3000, 100000, 10**8))))

    def time(self) -> str:
        """A time of day."""
        return f"{self._source.randint(1, 12)}{self._source.choice((':30', ' pm', ' am', ':15', ' oclock'))}"

    def email(self) -> str:
        """An address under an example domain."""
        return f"{self.first()}.{self.last()}@example.com".replace(" ", "").lower()

    def phone(self) -> str:
        """A telephone number."""
        return "".join(
            str(self._source.randint(0, 9)) if c == "#" else c
            for c in self._source.choice(
                ("+1 ###-555-01##", "(###) 555-01##", "0## #### ####", "+## ## #######", "### ### ###", "####-######")
            )
        )
