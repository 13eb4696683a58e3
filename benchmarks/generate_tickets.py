"""Support tickets that look real, and the truth about what is wrong with them: the input of the audit benchmarks.

    python benchmarks/generate_tickets.py --rows 1000000 --out .bench-cache/tickets-1m

writes ``tickets.parquet`` (`ticket_id, created, source, category, text`) and ``truth.parquet`` (`row, kind, of, edit,
relabeled, email, phone, iban, card, name`). By default 5 % of the rows are exact copies (case, space and punctuation
may differ), 5 % are near copies (one or two edits), 3 % come from 24 automatic notices that differ in their slots
only, and one copy in 50 has another category. Each source writes dates its own way. IBANs and cards carry valid check
digits; every name, address and number is invented. Same seed, same bytes.
"""

import argparse
import random
import time
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]

FIRST = """Anna Ben Carla David Elena Farid Grace Hugo Ines Jonas Kira Liam Mara Nils Olga Pavel Quinn Rosa Samir Tara
Umar Vera Wanda Xavier Yara Zoe Amir Bianca Cem Dana Emil Fiona Goran Hana Igor Julia Kofi Lena Miguel Nora Omar
Petra Rafael Sofia Tom Ulla Viktor Willa Yusuf Zara""".split()
LAST = """Albrecht Baker Castillo Dubois Eriksen Fischer Garcia Hoffmann Ivanov Jansen Keller Larsen Moreau Novak
Okafor Petrov Quist Rossi Schmidt Tanaka Ulrich Vargas Weber Xu Yilmaz Zimmermann Adams Bianchi Cooper Diaz Evans
Ferrari Green Haddad Iyer Jones Kowalski Lopez Martin Nguyen Olsen Patel Reyes Silva Turner Vogel Walker Young""".split()
CITIES = """Berlin Lyon Madrid Porto Milan Vienna Leeds Dublin Oslo Prague Ghent Zurich Austin Denver Boston
Seattle Toronto Atlanta Chicago Phoenix""".split()
MONTHS = """January February March April May June July August September October November December""".split()

#: category -> what it is about, and what goes wrong with it.
TOPICS: dict[str, tuple[str, str]] = {
    "card_declined": ("debit card|credit card|virtual card|new card|business card|backup card",
                      "was declined|is refused every time|stopped working abroad|fails at the terminal|got blocked|is rejected online"),
    "card_delivery": ("replacement card|card I ordered|second card|card for my wife|metal card|renewed card",
                      "has not arrived|went to the old address|is stuck in the post|came back to sender|arrived damaged|was never shipped"),
    "refund": ("refund|money back|returned item|credit note|cancelled booking|deposit",
               "is still missing|was only partly paid|went to a closed account|has been pending for days|does not show up|was promised and never came"),
    "login": ("account|mobile app|web portal|profile|admin console|single sign-on",
              "does not let me in|asks for a code again and again|says the password is wrong|logs me out at once|locks after one try|shows a blank page"),
    "password_reset": ("reset link|recovery code|security question|temporary password|reset mail|authenticator",
                       "has expired|never comes|does not match|opens an error page|was sent to an old number|is not accepted"),
    "transfer": ("bank transfer|standing order|instant payment|wire to my landlord|salary payment|foreign transfer",
                 "was sent twice|has the wrong reference|is held for review|never reached the other side|was returned without a reason|shows the wrong date"),
    "fees": ("monthly fee|exchange fee|overdraft charge|late fee|service charge|withdrawal fee",
             "was taken twice|is higher than agreed|was never announced|should have been waived|is not in the contract|appears under another name"),
    "invoice": ("invoice|receipt|tax statement|billing summary|cost report|credit memo",
                "shows the wrong company|lacks the tax number|has an old address|cannot be downloaded|was sent to a former colleague|adds up wrongly"),
    "subscription": ("subscription|annual plan|team plan|trial|add-on|upgrade",
                     "renewed without notice|was cancelled by mistake|cannot be changed|shows the wrong number of seats|was charged in full|ended too early"),
    "shipping": ("parcel|order|delivery|shipment|package|spare part",
                 "is late|was left at the wrong door|shows no movement|has been returned|was split in two|is marked as delivered"),
    "damaged_item": ("screen|charger|keyboard|coffee machine|headset|desk lamp",
                     "arrived broken|has a scratch|makes a strange noise|smells of smoke|does not switch on|misses a screw"),
    "warranty": ("warranty claim|repair|replacement unit|service visit|serial number|guarantee",
                 "was rejected|takes longer than said|is not registered|was logged for the wrong device|needs a proof I do not have|has no reference"),
    "sync": ("calendar|contact list|photo library|document folder|backup|inbox",
             "no longer syncs|shows doubles|lost the newest entries|is stuck at ninety percent|mixes two accounts|was emptied over night"),
    "crash": ("desktop client|latest update|export function|search page|report builder|plugin",
              "crashes at the start|freezes after a minute|closes without a message|eats all memory|breaks my settings|shows a red banner"),
    "slow": ("dashboard|file upload|query editor|map view|video call|remote desktop",
             "takes minutes to load|times out|got much slower|hangs when two people use it|lags behind|drops every hour"),
    "data_export": ("export|archive|audit file|activity log|customer list|usage table",
                    "comes out empty|misses a column|breaks the umlauts|stops at ten thousand lines|has the wrong time zone|cannot be opened"),
    "permissions": ("role|shared folder|guest access|approval right|project space|read-only link",
                    "was removed|is visible to everyone|cannot be granted|does not reach the new team|stays after people leave|asks for an owner"),
    "address_change": ("delivery address|billing address|phone number|family name|company name|mail address",
                       "was changed without me|cannot be edited|still shows the old one|is cut after thirty letters|needs a document|is used for someone else"),
    "fraud": ("payment|login from abroad|purchase|cash withdrawal|new device|direct debit",
              "was not made by me|looks suspicious|happened while I slept|came right after a strange call|uses a shop I do not know|repeats every night"),
    "cancel": ("contract|membership|account closure|order|appointment|policy",
               "should end now|was not cancelled|is still active|was confirmed and reopened|cannot be stopped online|keeps sending letters"),
}  # fmt: skip

GREETINGS = [f"{a} {b}," for a, b in product(("Hi", "Hello", "Dear", "Good morning", "Good afternoon"),
                                             ("team", "support", "all", "there", "service desk"))]  # fmt: skip
SIGN_OFFS = """Thanks|Thank you|Kind regards|Best regards|Many thanks in advance|Cheers|Regards|Please hurry|Yours sincerely
|Looking forward to your answer""".replace("\n", "").split("|")


def joined(*banks: str) -> list[str]:
    """Every combination of one phrase from each bank."""
    return [
        " ".join(parts) for parts in product(*([" ".join(part.split()) for part in bank.split("|")] for bank in banks))
    ]


KINDS = "old|new|second|shared|private|main|spare|former|temporary|regular|oldest|other|first|only|usual".split("|")
TIMES = joined(
    "since|before|after|right after|long before|ever since|during|just before",
    """the last update|the holidays|our move|the merger|my trip|the weekend|the night shift|your call|the audit|lunch|
    the storm|the training|Monday|payday|the strike|the power cut|our wedding|the new contract|the spring sale|the
    inventory|my birthday|the fire drill|the school year|the trade fair""".replace("\n", ""),
)
ACTORS = joined(
    "my|our|the|your|one|their",
    """colleague|husband|accountant|friend|customer|daughter|intern|auditor|driver|technician|neighbor|adviser|manager|
    landlord|reseller|courier|volunteer|nurse|teacher|brother|tenant|lawyer|supplier|cashier""".replace("\n", ""),
)
DEEDS = joined(
    "restarted|checked|cleaned|compared|sent|photographed|replaced|borrowed|printed|signed|unplugged|reported|moved|tested",
    """the router|two photos|the long form|another browser|all the numbers|the spam folder|the battery|a paper copy|the
    language settings|the firewall|every cable|the old phone|the warranty card|a second printer|the address book|three
    invoices|the serial number|the meter|a bank statement|the whole shelf""".replace("\n", " "),
)
RESULTS = joined(
    """nothing changed|it got worse|nobody answered|we lost half a day|the light only blinks|I was sent in circles|the page
    stayed grey|the amount was different|a stranger picked up|the counter went backwards|two buttons disappeared|the clock was
    wrong|it worked only once|the ticket was closed|the screen froze""".replace("\n", " "),
    """again|for an hour|as before|without a word|on both floors|in the end|as always|for everyone|at my desk|by itself|
    for no reason|on every device|until midnight|twice""".replace("\n", ""),
)
NEEDS = joined(
    """We need this for|Everything depends on it before|I cannot wait until|This holds up|Nobody can plan|They will cancel|
    It must be done ahead of|You promised it for|We risk""".replace("\n", ""),
    """the annual report|the school trip|my rent|the board meeting|the clinic|the second site|the caterer|the winter depot|
    the court date|the harvest|my visa|the exam|our insurer|the opening day|the bakery|the season|my pension|the grant|
    the church fair|the ferry""".replace("\n", ""),
)
WISHES = """Please tell me|Could you find out|I would like to know|Let us know|Can somebody explain|Kindly confirm|
Would you check|Help us understand|I expect to hear|Write back""".replace("\n", "").split("|")
OPEN = joined(
    "what|who|when|why|where|how|whether",
    """happens next|is responsible|it will be solved|nobody called|the record is kept|to avoid it|a visit is needed|it costs
    so much|others see it too|the proof must go|it says pending|one may sign|the system is up|my data went|to complain|the
    form is right""".replace("\n", " "),
)
NOTICES = [
    f"{a} {b}. Reference {{number}}, amount {{amount}}, posted on {{date}}. {c} {d}"
    for (a, b), (c, d) in zip(
        product(("Automatic notice: your order", "System message: the transfer", "Alert: the scheduled job",
                 "Reminder: the open invoice", "Monitoring: the sensor reading", "Portal: the uploaded document"),
                ("was received and is being processed by the night queue", "could not be completed at the first attempt",
                 "is waiting for an approval by the second person", "was closed without any further action")),
        product(("Do not reply to this mailbox because nobody reads it.", "A copy was placed in your secure inbox for later.",
                 "The responsible clerk was informed at the same time.", "No action is needed unless the figure is wrong."),
                ("Open the portal to see the details.", "Contact your branch with the reference above.",
                 "This text was made by a machine.", "The next run starts at midnight.", "Keep this for your records.",
                 "Changes are possible until noon.")),
        strict=True,
    )
]  # fmt: skip


def pick(rng: np.random.Generator, bank: list[str], n: int) -> pl.Series:
    return pl.Series(bank, dtype=pl.String).gather(rng.integers(0, len(bank), n))


def digits(values: Ints, width: int) -> pl.Series:
    return pl.Series(values).cast(pl.String).str.zfill(width)


def dates(rng: np.random.Generator, n: int, style: Ints) -> pl.Series:
    """Days of 2024 to 2026, written in the style of their source: ISO, US, German, in words."""
    day, month, year = rng.integers(1, 29, n), rng.integers(1, 13, n), rng.integers(2024, 2027, n)
    frame = pl.DataFrame(
        {"style": style, "d": digits(day, 2), "m": digits(month, 2), "y": digits(year, 4), "plain": day}
    )
    frame = frame.with_columns(word=pl.Series(MONTHS).gather(month - 1))
    return frame.select(
        pl.when(pl.col("style") == 0).then(pl.format("{}-{}-{}", "y", "m", "d"))
        .when(pl.col("style") == 1).then(pl.format("{}/{}/{}", "m", "d", "y"))
        .when(pl.col("style") == 2).then(pl.format("{}.{}.{}", "d", "m", "y"))
        .otherwise(pl.format("{} {} {}", "plain", "word", "y"))
    ).to_series()  # fmt: skip


def iban(rng: np.random.Generator, n: int) -> pl.Series:
    """German IBANs with valid check digits (ISO 13616: 98 minus the remainder by 97)."""
    bank, account = rng.integers(10_000_000, 99_999_999, n), rng.integers(0, 10**10, n)
    remainder = (bank % 97 * pow(10, 16, 97) + account % 97 * pow(10, 6, 97) + 131400) % 97
    return pl.select(pl.format("DE{}{}{}", digits(98 - remainder, 2), digits(bank, 8), digits(account, 10))).to_series()


def card(rng: np.random.Generator, n: int) -> pl.Series:
    """Sixteen digits that start with 4 and pass Luhn's test, in groups of four."""
    number = rng.integers(0, 10, (n, 16))
    number[:, 0] = 4
    doubled = number[:, 0:15:2] * 2
    total = (doubled - 9 * (doubled > 9)).sum(1) + number[:, 1:15:2].sum(1)
    number[:, 15] = -total % 10
    groups = [digits(number[:, i : i + 4] @ np.array([1000, 100, 10, 1]), 4) for i in range(0, 16, 4)]
    return pl.select(pl.format("{} {} {} {}", *groups)).to_series()


def sometimes(rng: np.random.Generator, share: float, texts: pl.Series) -> pl.Series:
    return pl.select(pl.when(pl.Series(rng.random(len(texts)) < share)).then(texts)).to_series()


def written(template: str, *columns: pl.Series) -> pl.Series:
    return pl.select(pl.format(template, *columns)).to_series()


def base(rng: np.random.Generator, n: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`n` distinct-looking tickets, and where personal data was put into them."""
    category = rng.integers(0, len(TOPICS), n)
    source = rng.integers(0, 4, n)
    objects = [topic[0].split("|") for topic in TOPICS.values()]
    faults = [topic[1].split("|") for topic in TOPICS.values()]
    thing = pl.Series([item for bank in objects for item in bank]).gather(category * 6 + rng.integers(0, 6, n))
    other = pl.Series([item for bank in objects for item in bank]).gather(category * 6 + rng.integers(0, 6, n))
    fault = pl.Series([item for bank in faults for item in bank]).gather(category * 6 + rng.integers(0, 6, n))
    first, last = pick(rng, FIRST, n), pick(rng, LAST, n)
    thing, other = (written("{} {}", pick(rng, KINDS, n), item) for item in (thing, other))
    name = written("{} {}", first, last)
    email = written(
        "{}.{}{}@example.com",
        first.str.to_lowercase(),
        last.str.to_lowercase(),
        pl.Series(rng.integers(1, 999, n)),
    )
    phone = written("+49 {} {}", digits(rng.integers(151, 180, n), 3), digits(rng.integers(10**6, 10**8, n), 7))
    reference = written("{}-{}", pick(rng, ["ORD", "CASE", "TR", "INV"], n), digits(rng.integers(10**5, 10**7, n), 6))
    amount = written("{}.{}", pl.Series(rng.integers(3, 4000, n)), digits(rng.integers(0, 100, n), 2))

    personal = {
        "email": sometimes(rng, 0.12, email), "phone": sometimes(rng, 0.08, phone), "iban": sometimes(rng, 0.04, iban(rng, n)),
        "card": sometimes(rng, 0.02, card(rng, n)), "name": sometimes(rng, 0.35, name),
    }  # fmt: skip
    length = rng.choice([0, 1, 2], size=n, p=[0.08, 0.35, 0.57])  # short, middle, long
    story = [
        sometimes(rng, 0.7, pick(rng, GREETINGS, n)),
        written("my {} {} {}.", thing, fault, pick(rng, TIMES, n)),
        written("{} {}, {}.", pick(rng, ACTORS, n), pick(rng, DEEDS, n), pick(rng, RESULTS, n)),
    ]
    middle = [
        sometimes(
            rng,
            0.5,
            written("It is about {} from {}, {} euros in total.", reference, dates(rng, n, source), amount),
        ),
        sometimes(rng, 0.6, written("{} {}.", pick(rng, WISHES, n), pick(rng, OPEN, n))),
    ]
    long = [
        written("I {} {}, but {}.", pick(rng, DEEDS, n), pick(rng, TIMES, n), pick(rng, RESULTS, n)),
        written("{}.", pick(rng, NEEDS, n)),
        sometimes(rng, 0.8, written("In {} the {} was fine until {} {} there.", pick(rng, CITIES, n), other, pick(rng, ACTORS, n).str.to_lowercase(), pick(rng, DEEDS, n))),
        sometimes(rng, 0.8, written("{} {}, and {} {}.", pick(rng, WISHES, n), pick(rng, OPEN, n), pick(rng, WISHES, n).str.to_lowercase(), pick(rng, OPEN, n))),
        sometimes(rng, 0.7, written("Meanwhile {} {} {}, so {}.", pick(rng, ACTORS, n).str.to_lowercase(), pick(rng, DEEDS, n), pick(rng, TIMES, n), pick(rng, RESULTS, n))),
    ]  # fmt: skip
    closing = [
        written("My IBAN is {}.", personal["iban"]), written("The card number is {}.", personal["card"]),
        written("You can write to {}.", personal["email"]), written("Call me at {}.", personal["phone"]),
        written("{}, {}", pick(rng, SIGN_OFFS, n), personal["name"]),
    ]  # fmt: skip
    is_long, is_short = pl.Series(length == 2), pl.Series(length == 0)
    parts = [*story]
    parts += [pl.select(pl.when(~is_short).then(part)).to_series() for part in middle]
    parts += [pl.select(pl.when(is_long).then(part)).to_series() for part in long]
    short_text = written("{} {}", thing, fault)
    some_text = written("{} {}, {} {}", thing, fault, pick(rng, ACTORS, n), pick(rng, DEEDS, n))
    few = pl.Series(rng.random(n))
    text = pl.select(
        pl.when(is_short & (few < 0.01)).then(short_text)
        .when(is_short & (few < 0.3)).then(some_text)
        .otherwise(pl.concat_str([*parts, *closing], separator=" ", ignore_nulls=True))
    ).to_series()  # fmt: skip
    for key, value in personal.items():
        # What a short ticket left out is not there to be found.
        personal[key] = pl.select(
            pl.when(text.str.contains(pl.Series(value.fill_null("\0")), literal=True)).then(value)
        ).to_series()
    tickets = pl.DataFrame({
        "created": dates(rng, n, source),
        "source": pl.Series(["email", "web", "letter", "chat"]).gather(source),
        "category": pl.Series(list(TOPICS)).gather(category),
        "text": text,
    })  # fmt: skip
    return tickets, pl.DataFrame(personal)


def notices(rng: np.random.Generator, n: int) -> tuple[pl.Series, Ints]:
    """Texts of automatic notices, and which of the 24 each is."""
    which = rng.integers(0, len(NOTICES), n)
    text = pl.Series(NOTICES).gather(which)
    slots = {
        "{number}": digits(rng.integers(10**7, 10**8, n), 8),
        "{amount}": written("{}.{}", pl.Series(rng.integers(3, 4000, n)), digits(rng.integers(0, 100, n), 2)),
        "{date}": dates(rng, n, np.zeros(n, dtype=np.int64)),
    }
    frame = pl.DataFrame({"text": text, **slots})
    for slot in slots:
        frame = frame.with_columns(pl.col("text").str.replace(slot, pl.col(slot), literal=True))
    return frame["text"], which


def variant(text: str, rng: random.Random) -> tuple[str, str]:
    """An exact copy in other clothes: case, spaces or punctuation."""
    how = rng.choice(("same", "same", "case", "space", "punctuation"))
    if how == "case":
        return text.upper() if rng.random() < 0.5 else text.lower(), how
    if how == "space":
        return "  ".join(text.split()) + " ", how
    if how == "punctuation":
        return text.rstrip(".") + " !!", how
    return text, how


def edit(text: str, rng: random.Random) -> tuple[str, str]:
    """A near copy: one edit, or two in a text of more than 20 words."""
    words, done = text.split(), []
    for _ in range(2 if len(words) > 20 and rng.random() < 0.5 else 1):
        how = rng.choice(("typo", "drop", "swap", "replace", "insert", "greeting", "sign_off"))
        at = rng.randrange(len(words))
        if how == "typo":
            word = words[at]
            spot = rng.randrange(len(word))
            words[at] = word[:spot] + rng.choice("abcdefghijklmnopqrstuvwxyz") + word[spot + rng.randrange(2) :]
        elif how == "drop" and len(words) > 4:
            del words[at]
        elif how == "swap" and len(words) > 4:
            at = min(at, len(words) - 2)
            words[at], words[at + 1] = words[at + 1], words[at]
        elif how == "replace":
            words[at] = rng.choice(("really", "always", "somehow", "again", "simply", "maybe", "often", "just"))
        elif how == "greeting":
            words[:0] = ["Hey"]
        elif how == "sign_off":
            words += ["thx"]
        else:
            how = "insert"
            words.insert(at, rng.choice(("really", "always", "somehow", "again", "simply", "maybe", "often", "just")))
        done.append(how)
    return " ".join(words), "+".join(done)


def generate(rows: int, seed: int, exact: float, near: float, families: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tickets in random order, and the truth row by row."""
    rng, py = np.random.Generator(np.random.PCG64(seed)), random.Random(seed)
    n_exact, n_near, n_notice = int(rows * exact), int(rows * near), int(rows * families)
    n_base = rows - n_exact - n_near
    tickets, personal = base(rng, n_base)
    notice_at = rng.choice(n_base, n_notice, replace=False)
    texts, which = notices(rng, n_notice)
    family = np.full(n_base, -1)
    family[notice_at] = which
    tickets = tickets.with_columns(tickets["text"].scatter(notice_at, texts))
    personal = personal.with_columns(pl.when(pl.Series(family < 0)).then(pl.all()))

    # Copies are made of texts that are not notices and long enough to survive an edit.
    able = np.flatnonzero((family < 0) & (tickets["text"].str.count_matches(" ").to_numpy() >= 4))
    origin = rng.choice(able, n_exact + n_near)
    copied = tickets["text"].gather(origin).to_list()
    made = [variant(text, py) if i < n_exact else edit(text, py) for i, text in enumerate(copied)]
    copies = tickets[origin].with_columns(pl.Series("text", [text for text, _ in made]))
    relabeled = rng.random(origin.size) < 0.02
    moved = pl.Series(list(TOPICS)).gather(rng.integers(0, len(TOPICS), origin.size))
    relabeled &= (moved != copies["category"]).to_numpy()
    copies = copies.with_columns(category=pl.when(pl.Series(relabeled)).then(moved).otherwise("category"))

    whole = pl.concat([tickets, copies])
    kinds = np.repeat([0, 1, 2], [n_base, n_exact, n_near])
    truth = pl.DataFrame({
        "kind": pl.Series(["base", "exact", "near"]).gather(kinds),
        "of": np.concatenate([np.arange(n_base), origin]),
        "family": np.concatenate([family, np.full(origin.size, -1)]),
        "edit": [""] * n_base + [how for _, how in made],
        "relabeled": np.concatenate([np.zeros(n_base, dtype=bool), relabeled]),
    })  # fmt: skip
    truth = truth.hstack(pl.concat([personal, personal[origin]]))
    order = rng.permutation(rows)
    place = np.empty(rows, dtype=np.int64)
    place[order] = np.arange(rows)
    truth = truth[order].with_columns(of=pl.Series(place).gather(truth["of"][order]))
    whole = whole[order].select(ticket_id=written("T{}", digits(np.arange(rows), 8)), created="created", source="source",
                                category="category", text="text")  # fmt: skip
    return whole, truth.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))


def ensure(folder: Path, rows: int, seed: int = 0) -> tuple[Path, Path]:
    """The tickets and their truth in `folder`, made there once."""
    tickets, truth = folder / "tickets.parquet", folder / "truth.parquet"
    if not (tickets.exists() and truth.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        made, known = generate(rows, seed, 0.05, 0.05, 0.03)
        known.write_parquet(truth)
        made.write_parquet(tickets, compression="zstd", row_group_size=131_072)
    return tickets, truth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    start = time.perf_counter()
    tickets, _ = ensure(options.out, options.rows, options.seed)
    text = pl.scan_parquet(tickets).select(
        mb=pl.col("text").str.len_bytes().sum() / 1e6, words=(pl.col("text").str.count_matches(" ") + 1).mean()
    ).collect()  # fmt: skip
    print(f"{options.rows:,} tickets, {text['mb'][0]:.0f} MB of text, mean {text['words'][0]:.1f} words, "
          f"{time.perf_counter() - start:.1f} s: {tickets}")  # fmt: skip


if __name__ == "__main__":
    main()
