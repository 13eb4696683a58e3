"""Invented values for the slots of the tagger's sentences: names, places, addresses, organizations, dates, numbers.

Half of the names and places come from our lists, half are put together from syllables, so that the tagger learns to go
by form and surroundings and not by the list alone.
"""

import random
from collections.abc import Callable

from tunewright.pii.gazetteer import Gazetteer

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
PARTICLES = """van |van der |van den |de |de la |del |dos |da |das |von |von der |di |della |al-|el-|El |La |Le |Ben |bin |
O'|Mc|Mac|D'|St. |ter |ten |zu |Abu |De |Van |Di |Du |du """.replace("\n", "").split("|")
#: What streets are called after besides people and places, in several languages.
STREET_NAMES = """Main|Oak|Maple|Cedar|Elm|Pine|Park|Lake|Hill|Church|High|Mill|Station|Victoria|King|Queen|Spring|Washington|
Lincoln|Jefferson|Sunset|Highland|Forest|River|Meadow|Orchard|Chestnut|Walnut|Willow|Green|Market|Union|Bridge|Center|
North|South|West|East|Old Mill|Rosewood|Cherry|Dogwood|Birch|Valley View|Ridge|Garden|Liberty|Franklin|1st|2nd|3rd|5th|
12th|42nd|Haupt|Bahnhof|Schul|Garten|Dorf|Berg|Linden|Kirch|Wald|Ring|Rosen|Birken|Goethe|Schiller|Mozart|Kasta|Stor|
Kyrk|Skol|Drottning|Kung|Nørre|Vester|Øster|Søndre|Strand|Kirke|Kerk|Dorps|Molen|Nieuwe|Oude|Konings|République|Gare|
Victor Hugo|Pasteur|Gambetta|Jean Jaurès|Église|Saint-Martin|Mayor|Constitución|Nueva|Real|San Juan|Santa María|
Independencia|Libertad|25 de Mayo|18 de Julio|Roma|Garibaldi|Mazzini|Cavour|Dante|Verdi|XX Settembre|San Marco|Santos|
25 de Abril|5 de Outubro|São João|Liberdade|Flores|Lipová|Zahradní|Školní|Nádražní|Krátká|Dlouhá|Polna|Leśna|Słoneczna|
Szkolna|Ogrodowa|Krótka|Kossuth Lajos|Petőfi Sándor|Fő|Rákóczi|Dózsa György|Ady Endre|Béke|Pärna|Kase|Metsa|Aia|Kooli|
Slovenska|Prešernova|Glavna|Kolodvorska|Cankarjeva|Jana|Mäki|Koski|Koivu|Puisto|Atatürk|İnönü|Lenina|Pushkina|Mira|
Gandhi|Nehru|Station|Long|Bree|Kerk|Voortrekker""".replace("\n", "").split("|")
#: How an address is written in many countries: {n} a number, {s} a street name, {k} a name that takes an ending.
STREET_FORMS = """{n} {s} {EN}|{n} {s} {EN}|{n} {s} {EN}|{n} {s} {EN}|{n} {p}{s} {EN}|{n} {s}|{n} {s} {EN}|{n} {s}
{k}{DE} {n}|{k}{DE} {n}|{s}-{DEW} {n}|{DEP} {s} {n}|{s}er {DEW} {n}|{n} {k}{DE}|{s} {n}|{s} {n}
{k}{NL} {n}|{k}{NL} {n}|{s} {NLW} {n}|{k}{DK} {n}|{k}{DK} {n}|{s} {DKW} {n}|{k}{SE} {n}|{k}{SE} {n}
{k}{FI} {n}|{k}n{FI} {n}|{k}{IS} {n}|{k}{IS} {n}|{s} {HU} {n}.|{s} {HU} {n}.|{s} {HU} {n}|{s} {s} {HU} {n}.
{s} {CZ} {n}|{CZ} {s} {n}|{k}ova {n}|{s} {n}|{PL} {s} {n}|{PL} {s} {n}|{s} {SI} {n}|{k}eva {SI} {n}|{k}ova {SI} {n}
{s} {EE} {n}|{s} {EE} {n}|{k} {n}|{ES} {s}, {n}|{ES} {s} {n}|{ES} {s}, {n}|{ES} {sm} {s}, {n}|{ES} {s} {s}, {n}|{s}, {n}
{PT} {s} {n}|{PT} {s}, {n}|{PT} {sm} {s} {n}|{PT} {s} {s} {n}|{n}, {FR} {s}|{n} {FR} {s}|{n}, {FR} {sm} {s}|{FR} {s} {n}
{n}, {FR} {sm} {s}|{n}, {FRU} {s}|{IT} {s} {n}|{IT} {s}, {n}|{IT} {sm} {s} {n}|{IT} {s} {s}, {n}|{IT} {s} {s} {n}
{GR} {n}|{GR} {n}|{GRP} {GR} {n}|{RU} {s} {n}|{RU} {s}, {n}|{s} {TR} {n}|{s} {TR} No:{n}|{n}, {s} {IN}|No. {n}, {s} {EN}
{U} {n}, {n} {s} {EN}|{HOUSE}, {s} {EN}|{n} {ROUTE} {n}|{ROUTE} {n}|{BOX} {n}|{BOX} {n}|{BOX} {n}|{s} {s} {n}
{s} {EN} {AND} {s} {EN}|corner of {s} and {s}|the corner of {s} and {s} {EN}|{n} {s} {EN} {AND} {s}""".replace(
    "\n", "|"
).split("|")
KINDS = {
    "EN": "Street St St. Road Rd Rd. Avenue Ave Ave. Boulevard Blvd Lane Ln Drive Dr Dr. Court Ct Place Pl Square Sq Terrace "
    "Way Circle Close Crescent Cres Hill Gardens Grove Row Parkway Pkwy Trail Highway Mews Parade Esplanade Walk Rise View "
    "Heights Quay Loop Run Path Point Alley Plaza Common Green Vale Mount Bend Ridge Hollow Crossing",
    "DE": "straße strasse str. weg platz gasse allee damm ufer ring markt berg graben hof steig wall chaussee",
    "DEW": "Straße Strasse Str. Weg Platz Gasse Allee Damm Ufer Ring Markt Chaussee",
    "DEP": "Am|An der|An den|Auf der|Auf dem|Unter den|Alter|Alte|Neue|Neuer|Großer|Große|Kleine|Im|In der|Zum|Zur|Hinter der",
    "NL": "straat laan weg plein kade singel gracht hof pad dreef dijk park steeg baan",
    "NLW": "Straat Laan Weg Plein Kade Singel Gracht Dreef Dijk",
    "DK": "vej gade allé vænget parken gata gaten gate veien vegen vei veg bakken stien",
    "DKW": "Allé Gade Vej gate vei plass Torv",
    "SE": "gatan vägen gränd stigen torget väg backen allén",
    "FI": "katu tie polku kuja raitti tori kaari penger",
    "IS": "gata götu vegur braut stígur tún holt hlíð bakki garður strönd",
    "HU": "u. utca út tér krt. körút sor köz útja sétány fasor rkp. tere",
    "CZ": "ulice třída náměstí nám. tř. nábřeží ul. sídliště",
    "PL": "ul. al. os. pl. ulica Aleja Plac Al. Ul. Os.",
    "SI": "ulica cesta trg pot ul. naselje vas steza put šetalište",
    "EE": "tn tee pst mnt tänav puiestee põik maantee gatvė g. iela pr.",
    "ES": "C/|Calle|Avda.|Av.|Avenida|Plaza|Paseo|Ctra.|Camino|Rúa|Carrer|Pza.|Pº|C.|Ronda|Travesía|Bulevar|Bvar.|Cuesta|Glorieta",
    "PT": "R|Rua|R.|Av|Av.|Avenida|Travessa|Estrada|Largo|Praça|Alameda|Rodovia|Quinta|Calçada|Tv.|Pr.",
    "FR": "rue|rue|rue|avenue|boulevard|place|cours|chemin|impasse|quai|allée|route|Rue|Avenue|Boulevard|Chemin|Place|av.|bd|square|"
    "passage|faubourg|Faubourg|Cours|Quai",
    "FRU": "RUE|AVENUE|BOULEVARD|PLACE|COURS|CHEMIN|Rue|rue",
    "IT": "Via|Via|Corso|Piazza|Viale|Vicolo|Largo|Contrada|Strada|Via|Lungomare|Salita|Piazzale|via|P.zza|V.le|C.so",
    "GRP": "Οδός|Λεωφ.|Λεωφόρος|Odos|Leof.",
    "RU": "ul. ulitsa prospekt per. Prospekt Ulitsa ул. pr-t bulvar naberezhnaya вул.",
    "TR": "Sokak Caddesi Cad. Sok. Bulvarı Mah. Sk. Cd.",
    "IN": "Nagar|Marg|Road|Colony|Layout|Cross|Main Road|Bazaar|Chowk|Enclave|Salai|Galli",
    "U": "Flat Unit Apt Suite Apartment Studio",
    "HOUSE": "Rose Cottage|The Old Rectory|Hill House|Willow Farm|Oak Lodge|The Barn|Mill House|Ivy Cottage|Park Villa",
    "ROUTE": "Highway|Route|County Road|US Highway|State Route|FM|Hwy|Farm Road|Kilometer|Ruta",
    "BOX": "PO Box|P.O. Box|P. O. Box|Postfach|Box|Postboks|Apartado|BP|Casilla|Postbus|C.P.|Boîte postale|P.O.Box|po box",
    "AND": "and & at and",
    "sm": "de|de la|de las|del|des|du|de l'|la|da|do|dos|das|di|della|dei|delle|dell'",
    "p": "N. |S |West |East |NE |North |South |W. |SW |E |Upper |Lower |Old |New |Great ",
}
GREEK = "Α Β Γ Δ Ε Ζ Η Θ Ι Κ Λ Μ Ν Ο Π Ρ Σ Τ Φ Χ Ω".split()
GREEK_PARTS = "λε κα νο ρι τα δη μο πο σα γι ρω νι θε λα ση κο τρι στα ξα".split()
GREEK_ENDS = "ου ης ας ος ων ους ίου έα ά".split()
UNITS = "Apt. Apt Suite Unit Flat # Floor Apartment Ste. app. kv. bis Piso Top Stock 2. 3º".split()
STATES = """CA NY TX FL IL OH WA MA PA GA NC MI NJ VA CO AZ OR AL AK AR CT DE HI ID IN IA KS KY LA ME MD MN MS MO MT NE NV NH NM
ND OK RI SC SD TN UT VT WV WI WY DC ON QC BC AB NSW VIC QLD""".split()
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
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday Mon Tue Wed Thu Fri Sat Sun tomorrow today monday friday".split()
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
            "K": self.code, "J": lambda: self._pick(JOBS), "Q": lambda: self._pick(NATIONALITIES), "W": lambda: self._pick(THINGS),
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

    def unknown(self) -> str:
        """A word in small letters that no list holds."""
        return self._made_up(["ing", "ed", "s", "er", "ly", "able", "tion", "ness", "ify"], 0.5).lower()

    def first(self) -> str:
        """A first name."""
        kind = self._source.random() * (0.85 if self.listed_only else 1)
        if kind < 0.42:
            return self._pick(self._lists.first)
        if kind < 0.72:
            return self._written(self._lists.more_first)
        return self._made_up(["a", "o", "e", "ie", "us"], 0.4)

    def last(self) -> str:
        """A surname, sometimes double or with a particle."""
        kind = self._source.random() * (0.85 if self.listed_only else 1)
        if kind < 0.3:
            name = self._pick(self._lists.last)
        else:
            name = self._written(self._lists.more_last) if kind < 0.66 else self._made_up(NAME_ENDS)
        form = self._source.random()
        if form < 0.07:
            return self._source.choice(PARTICLES) + name
        if form < 0.12:
            return f"{name}{self._source.choice(('-', '-', ' '))}{self._made_up(NAME_ENDS)}"
        if form < 0.14:
            return f"{name} {self._pick(self._lists.last)}"
        return name.upper() if form < 0.16 else name

    def _written(self, names: list[str]) -> str:
        name = self._pick(names)
        return name.capitalize() if name.islower() else name

    def person(self) -> str:
        """A name as people write it."""
        form = self._source.random()
        if form < 0.52:
            return f"{self.first()} {self.last()}"
        if form < 0.6:
            return f"{self.first()} {self._pick(list('ABCDEFGHIJKLMNOPRSTVW'))}{self._source.choice(('.', '.', ''))} {self.last()}"
        if form < 0.64:
            return f"{self.first()} {self.first()} {self.last()}"
        if form < 0.655:
            return f"{self._pick(list('ABCDEFGHJKLMNPRSTW'))}. {self.last()}"
        if form < 0.67:
            return f"{self.first()}-{self.first()} {self.last()}"
        return self.first() if form < 0.88 else self.last()

    def place(self) -> str:
        """A city, region or country."""
        if self._listed(0.6):
            return self._pick(self._lists.place if self._chance(0.75) else self._lists.more_place)
        name = self._made_up(PLACE_ENDS)
        if self._chance(0.15):
            return self._pick(["San", "St.", "New", "Bad", "Port", "La", "Los", "Saint", "Upper", "El"]) + " " + name
        return name.upper() if self._chance(0.15) else name

    def _street_name(self) -> str:
        kind = self._source.random()
        if kind < 0.35:
            return self._pick(STREET_NAMES)
        if kind < 0.5:
            return self.last()
        if kind < 0.58:
            return f"{self._pick(self._lists.first)} {self.last()}"
        if kind < 0.68:
            return self._pick(self._lists.place)
        if kind < 0.73:
            return (
                self._pick(["Dr. ", "St. ", "San ", "Santa ", "Gral. ", "President ", "König-", "Prof. "]) + self.last()
            )
        return self._made_up(PLACE_ENDS, 0.4)

    def _house(self) -> str:
        form, number = self._source.random(), self._source.randint(1, 9999 if self._chance(0.3) else 250)
        if form < 0.86:
            return str(number)
        if form < 0.93:
            return f"{number}{self._pick(list('abcdABCD'))}"
        return self._source.choice((f"{number}-{number % 90 + 2}", f"{number}/{number % 9 + 1}", f"{number} bis",
                                    f"{number} {self._pick(list('ABC'))}", f"n. {number}", f"nº {number}"))  # fmt: skip

    def _greek(self) -> str:
        return self._pick(GREEK) + "".join(self._pick(GREEK_PARTS) for _ in range(2)) + self._pick(GREEK_ENDS)

    def _street(self) -> str:
        form = self._pick(STREET_FORMS)
        parts = form.replace("{", "\0").replace("}", "\0").split("\0")
        for index in range(1, len(parts), 2):
            slot = parts[index]
            if slot == "n":
                parts[index] = self._house()
            elif slot == "s":
                parts[index] = self._street_name()
            elif slot == "k":
                parts[index] = self._source.choice((self._street_name, self.last, lambda: self._made_up([], 0)))()
            elif slot == "GR":
                parts[index] = self._greek()
            else:
                kinds = KINDS[slot]
                parts[index] = self._source.choice(kinds.split("|") if "|" in kinds or slot == "p" else kinds.split())
        street = "".join(parts).replace("' ", "'")
        small = self._chance(0.05)
        return street.lower() if small and len(street.lower()) == len(street) else street

    def _code(self) -> str:
        digit = self._source.randint
        forms = (
            f"{digit(10000, 99999)}", f"{digit(1000, 9999)}", f"{digit(10000, 99999)}-{digit(1000, 9999)}",
            f"{self._pick(list('ABCDEGLMNS'))}{digit(1, 9)} {digit(1, 9)}{self._pick(['AB', 'QT', 'XN', 'RW'])}",
            f"{digit(100, 999)} {digit(10, 99)}", f"{digit(100000, 999999)}", f"{digit(10, 99)}-{digit(100, 999)}",
            f"{digit(1000, 9999)} {self._pick(['AB', 'XK', 'RT'])}", f"{digit(10000, 99999)}", f"{digit(1000, 9999)}",
            f"{self._pick(['H', 'CZ', 'SE', 'D', 'A', 'CH', 'F', 'SI', 'NO', 'DK', 'L'])}-{digit(1000, 99999)}",
            f"{self._pick(['SW', 'NW', 'LS', 'EH', 'BN'])}{digit(1, 30)} {digit(1, 9)}{self._pick(['AB', 'QT', 'XN', 'RW'])}",
            f"{self._pick(list('HKLMTV'))}{digit(1, 9)}{self._pick(list('ABCE'))} {digit(1, 9)}{self._pick(list('KLMN'))}{digit(1, 9)}",
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
        name = name[:3] if self._chance(0.3) else name
        nth = f"{day}{'th' if 10 < day < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"
        forms = (
            f"{year}-{month:02}-{day:02}", f"{month}/{day}/{year}", f"{day}.{month}.{year}", f"{day} {name} {year}",
            f"{name} {day}, {year}", f"{name} {day}", f"{day} {name}", f"{name} {year}", str(year), f"{name} {nth}",
            f"the {nth}", f"the {nth} of {name}", f"{nth} of {name}", f"{nth} {name}", nth, f"the {nth} of {name}, {year}",
            f"{self._pick(DAYS)}, {name} {nth}", f"{self._pick(DAYS)} the {nth}", self._pick(DAYS), f"{name} the {nth}",
            f"{month}/{day}", f"{day}.{month}.", f"{day}/{month}/{year % 100:02}",
        )  # fmt: skip
        return self._source.choice(forms)

    def number(self) -> str:
        """A number such as people write."""
        return str(self._source.randint(1, self._source.choice((10, 100, 3000, 100000, 10**8))))

    def time(self) -> str:
        """A time of day."""
        hour, minute = self._source.randint(1, 12), self._source.choice((10, 15, 20, 25, 30, 35, 40, 45, 50, 55))
        half = self._source.choice(("am", "pm", "a.m.", "p.m.", "AM", "PM"))
        forms = (
            f"{hour}:{minute}", f"{hour} {half}", f"{hour}{half}", f"{hour} oclock", f"{hour}:{minute} {half}", f"{hour} {minute}",
            f"{hour} {minute} {half}", f"{hour + 11}:{minute}", f"{hour}.{minute}", f"{hour}", f"{hour} o'clock",
            f"{hour} {minute} in the {self._source.choice(('morning', 'evening', 'afternoon'))}", f"half past {hour}",
            f"quarter past {hour}", f"{minute} past {hour}", f"{minute} to {hour}", f"{hour} at night",
        )  # fmt: skip
        return self._source.choice(forms)

    def code(self) -> str:
        """What holds digits and letters and is nobody's: part numbers, units, hashes."""
        pick, digit = self._source.choice, self._source.randint
        signs = "".join(pick("0123456789abcdefABCDEFGHXYZ") for _ in range(digit(6, 34)))
        return pick((
            f"{digit(1, 999)}{pick(['k', 'K', 'x', 'GB', 'mm', 'kg', 'ish', 'L', 'h', 'D', 'th', 'p', '%', 'mg', 'pm'])}",
            f"{pick(['ORD', 'INV', 'SKU', 'REF', 'A', 'B', 'TX', 'case', 'RMA'])}-{digit(1, 2030)}-{digit(1, 99999)}",
            f"{pick(list('ABCDEFGXVT'))}{digit(1, 999)}", f"v{digit(1, 12)}.{digit(0, 30)}.{digit(0, 9)}", signs,
            ":".join(f"{digit(0, 255):02X}" for _ in range(6)), f"{digit(2000, 2026)}/{digit(1, 12):02}", f"#{digit(1, 99999)}",
            f"{digit(1, 99)}-{pick(['star', 'day', 'inch', 'month', 'year', 'point'])}", f"{digit(1, 5)} star", f"{digit(2, 30)} days",
        ))  # fmt: skip

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
