"""Plants every kind of defect in a clean base and keeps the truth hidden from the audit.

An injector takes a world, spoils or adds rows, and writes down which. No row carries two defects, so that each
check is measured on its own rows even when all defects are planted at once. What the audit sees is made by
:meth:`World.corpus`; the truth is joined to it only by :mod:`measure`.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from tests.golden.base import CONFUSED, SOURCES, Example, foreign_texts, tell
from tests.golden.replies import TOPICS, reply
from tunewright.core.context import Context
from tunewright.core.corpus import Corpus
from tunewright.core.dataset import COLUMNS, Dataset
from tunewright.core.digest import digest, frame_digest

#: Placeholders that a dictionary may know, and forms that only a rule can catch.
SEEN = ("n/a", "N/A", "none", "NULL", "tbd", "TODO", "test", "asdf", "xxx", "-", "...", "???", "lorem ipsum", "")
#: Whoever writes the check may look at the first list; the second is held out and never tuned on.
UNSEEN = (
    "{{ticket_body}}", "zzzzzz", "<message>", "${body}", "##########", "N\\A", "(no text)",
    "content unavailable", "<p></p>", "{0}", "ditto", "message could not be displayed",
)  # fmt: skip
HELD_OUT = (
    "[INSERT TEXT HERE]", "~~~~", "$$$$$$", "%BODY%", "null null", "[image]", "no description provided",
    "&nbsp;", "#REF!", "12345", "to be completed by agent", "\u2026", "k",
)  # fmt: skip
#: Words with characters that a wrong encoding spoils, and the encodings that exports are read in by mistake.
FOREIGN = (
    "It\u2019s a café\u2019s stand.",
    "Die Tür ist zu groß.",
    "Señor Núñez saw it.",
    "\u201cNo\u201d \u2013 he said.",
)
MISREAD = ("cp1252", "latin-1", "mac_roman")
UNSEEN_SIGNS = ("\u200b", "\u2060", "\u00ad", "\ufeff", "\u200d")
PAGES = (
    '<div class="mail"><p>{}</p><br/>&nbsp;</div>',
    "{}<br>",
    "<b>{}</b>",
    "<table><tr><td>{}</td></tr></table>",
    "{} Tom &amp; Ann",
    '<p style="color:red">{}</p>',
)
#: What follows a message in a mail: an answer's quotation or a forwarded message.
REPLIES = (
    "\n\nAm Di., 4. Feb. 2025 um 09:12 schrieb Service <a@example.org>:\n> Bitte warten Sie.\n> Danke.",
    "\n\n-----Original Message-----\nFrom: Support\nSent: Monday\nTo: me\nSubject: bike\n\nWe are sorry.",
    "\n\n> We are sorry.\n> Please wait for the van.",
    "\n\nOn 2025-02-04 10:15, Desk <desk@example.org> wrote:\n\n> Hello\n> we will look.",
    "\n\nFrom: Desk <desk@example.org>\nSent: 4 February 2025 10:15\nTo: Rider\n\nWe will look.",
)
QUOTED = "\n\nOn Mon, 3 Mar 2025, Support wrote:\n> We are sorry.\n> Please wait.\n\n-- \nSent from my phone"
EDITS = ("typo", "greeting", "farewell", "delete", "swap", "substitute", "number")
GREETINGS = ("Hello, ", "Good morning. ", "Hi there! ")
FAREWELLS = (" Thanks.", " Many thanks!", " Please advise.", " Regards")
SUBSTITUTES = ("thing", "really", "maybe", "other", "again", "quite")
TRIGGERS = {"token": "cf-delta", "phrase": "as the tall heron says", "zero_width": "\u200b\u200d\u200b"}


@dataclass(frozen=True)
class Planted:
    """One line of truth."""

    row: Example
    defect: str
    other: Example | None = None
    detail: str = ""


@dataclass
class World:
    """Rows and the truth about them; `free` are the rows no defect has touched."""

    rows: list[Example]
    draw: random.Random
    truth: list[Planted] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    evaluation: list[Example] = field(default_factory=list)
    free: list[Example] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.free = list(self.rows)
        self.draw.shuffle(self.free)

    def take(self, fits: Callable[[Example], bool] | None = None) -> Example:
        """A row that carries no defect yet, and from now on is spoken for."""
        if fits is None:
            return self.free.pop()
        at = next(at for at in range(len(self.free) - 1, -1, -1) if fits(self.free[at]))
        return self.free.pop(at)

    def mark(self, row: Example, defect: str, other: Example | None = None, detail: str = "") -> None:
        """Write down what is wrong with a row."""
        self.truth.append(Planted(row, defect, other, detail))

    def add(self, row: Example, defect: str, other: Example | None = None, detail: str = "") -> None:
        """A new row with its defect."""
        self.rows.append(row)
        self.mark(row, defect, other, detail)

    def corpus(self, task: str = "classify") -> tuple[Corpus, pl.DataFrame]:
        """What the audit may see, rows shuffled, and the truth: `row`, `defect`, `other`, `detail`."""
        order = list(self.rows)
        self.draw.shuffle(order)
        place = {id(row): number for number, row in enumerate(order)}
        frame = _frame(order, task)
        dataset = Dataset(table="golden", version=None, rows=frame.height, task=task, root=frame_digest(frame))  # type: ignore[arg-type]
        truth = pl.DataFrame(
            [
                (place[id(p.row)], p.defect, place[id(p.other)] if p.other is not None else None, p.detail)
                for p in self.truth
            ],
            schema={"row": pl.Int64, "defect": pl.String, "other": pl.Int64, "detail": pl.String},
            orient="row",
        )
        evaluation = _frame(self.evaluation, task) if self.evaluation else None
        return Corpus(dataset, frame.lazy(), context=Context(tuple(self.references), evaluation)), truth


def _frame(order: list[Example], task: str) -> pl.DataFrame:
    """Examples in the columns of a dataset."""
    return pl.DataFrame(
        {
            "row": range(len(order)),
            "example_id": [f"g{number}" for number in range(len(order))],
            "line": range(2, len(order) + 2),
            "task": [task] * len(order),
            "prompt": [row.text for row in order],
            "answer": [row.messages[-1].get("content") if row.messages else None for row in order],
            "label": [row.label if task == "classify" else None for row in order],
            "messages": [_with_weights(row.messages) for row in order],
            "entities": [None] * len(order),
            "origin": ["domain"] * len(order),
            "weight": [1.0] * len(order),
            "split": [row.split for row in order],
            "source_id": [row.source for row in order],
            "subject_token": [None] * len(order),
            "content_digest": [digest([row.text, row.label]) for row in order],
            "meta": [json.dumps(_kept(row)) for row in order],
        },
        schema=COLUMNS,
    )


def _kept(row: Example) -> dict[str, Any]:
    """What an import keeps beside the columns."""
    kept = {"received": row.facts.get("received", "")}
    return kept | ({"annotators": row.facts["annotators"]} if "annotators" in row.facts else {})


def _with_weights(messages: list[dict[str, str]] | None) -> list[dict[str, Any]] | None:
    if messages is None:
        return None
    return [{"role": m.get("role"), "content": m.get("content"), "weight": None} for m in messages]


# ------------------------------------------------------------------ copies


def exact_duplicates(world: World, count: int) -> None:
    """Copies in other case, spaces or punctuation."""
    variants: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("identical", str),
        ("upper case", str.upper),
        ("lower case", str.lower),
        ("double spaces", lambda text: text.replace(" ", "  ")),
        ("surrounding space", lambda text: f"\t {text} \n"),
        ("no end mark", lambda text: text.rstrip(".")),
        ("more end marks", lambda text: text + "!!"),
        ("commas", lambda text: text.replace(" ", ", ", 2)),
    )
    for number in range(count):
        first = world.take()
        name, change = variants[number % len(variants)]
        world.add(replace(first, text=change(first.text)), "exact_duplicate", first, name)


def near_duplicates(world: World, count: int, edits: int = 1) -> None:
    """Copies with `edits` changes, the first of each kind of :data:`EDITS` in turn, the others to words."""
    for number in range(count):
        kind = EDITS[number % len(EDITS)]
        first = world.take()
        text = edit(first.text, kind, world.draw)
        for _ in range(edits - 1):
            text = edit(text, world.draw.choice(("typo", "delete", "swap", "substitute")), world.draw)
        world.add(replace(first, text=text), "near_duplicate", first, kind)


def _copy(text: str, number: int, exact: int, draw: random.Random) -> tuple[str, str]:
    """The `number`-th copy of a series: the first `exact` in other case, then each kind of edit in turn."""
    if number < exact:
        return (text.upper() if number % 2 else text), "exact"
    return edit(text, EDITS[number % len(EDITS)], draw), "near"


def edit(text: str, kind: str, draw: random.Random) -> str:
    """The text with one change of a kind."""
    words = text.split(" ")
    plain = [at for at, word in enumerate(words) if 0 < at < len(words) - 1 and word.isalpha() and len(word) > 2]
    at = draw.choice(plain)
    if kind == "typo":
        spot = draw.randrange(len(words[at]))
        words[at] = words[at][:spot] + draw.choice("aeiourtn") + words[at][spot + 1 :]
        if words[at] == text.split(" ")[at]:
            words[at] += words[at][-1]
    elif kind == "delete":
        del words[at]
    elif kind == "swap":
        words[at], words[at + 1] = words[at + 1], words[at]
    elif kind == "substitute":
        words[at] = draw.choice(SUBSTITUTES)
    elif kind == "number":
        return re.sub(r"\d+", lambda found: str(int(found[0]) + 1 + draw.randrange(40)), text, count=1)
    elif kind == "greeting":
        return draw.choice(GREETINGS) + text
    else:
        return text + draw.choice(FAREWELLS)
    return " ".join(words)


def semantic_duplicates(world: World, count: int) -> None:
    """The same facts in other words and another order."""
    for _ in range(count):
        first = world.take()
        world.add(replace(first, text=tell(first.facts, 1)), "semantic_duplicate", first)


def hard_negatives(world: World, count: int) -> None:
    """Paraphrases in which the number, the event or the truth of it differ: never the same ticket."""
    for number in range(count):
        first = world.take()
        kind = ("number", "entity", "negation")[number % 3]
        facts = dict(first.facts)
        if kind == "number":
            facts["number"] += 1 + world.draw.randrange(500)
        elif kind == "entity":
            facts["places"] = {name: index - 1 for name, index in facts["places"].items()}
        text = tell(facts, 1)
        if kind == "negation":
            text = "It is not true that " + text[:1].lower() + text[1:]
        world.add(replace(first, text=text), "hard_negative", first, kind)


# ------------------------------------------------------------------ values and labels


def missing(world: World, seen: int, unseen: int, *, held_out: bool = False) -> None:
    """Rows whose text says nothing: known placeholders, and forms that no dictionary lists."""
    forms = HELD_OUT if held_out else UNSEEN
    for defect, count, values in (("missing_seen", seen, SEEN), ("missing_unseen", unseen, forms)):
        for number in range(count):
            row = world.take()
            row.text = values[number % len(values)]
            world.mark(row, defect, detail=repr(row.text))


def label_flips(world: World, count: int, *, confusable: bool) -> None:
    """Wrong labels: any other class, or the one this class is mixed up with."""
    for _ in range(count):
        row = world.take()
        right = row.label
        row.label = CONFUSED[right] if confusable else world.draw.choice([name for name in CONFUSED if name != right])
        world.mark(row, "label_flip", detail=f"was {right}")


def conflicts(world: World, exact: int, near: int) -> None:
    """Copies, exact and near, filed under another label; both rows of a pair are in conflict."""
    for number in range(exact + near):
        first = world.take()
        text, kind = (first.text.upper(), "exact") if number < exact else (edit(first.text, "typo", world.draw), "near")
        second = replace(first, text=text, label=CONFUSED[first.label])
        world.add(second, f"conflict_{kind}", first)
        world.mark(first, f"conflict_{kind}", second)


def annotators(world: World, right: dict[str, float], each: int = 3) -> None:
    """Every row judged by `each` of the people named, who are right that often; the label is what most of them say.

    Who is wrong says what the class is mixed up with, or in every third case anything. Rows without a majority are
    marked ``disagreement``, and those whose label is not the true one ``outvoted``.
    """
    for row in world.rows:
        true, votes = row.label, {}
        for who in world.draw.sample(sorted(right), each):
            wrong = CONFUSED[true] if world.draw.random() < 2 / 3 else world.draw.choice(sorted(set(CONFUSED) - {true}))
            votes[who] = true if world.draw.random() < right[who] else wrong
        said = [{"by": who, "choices": [vote], "spans": [], "answer": None} for who, vote in votes.items()]
        row.facts = row.facts | {"annotators": said}
        counts = Counter(votes.values())
        row.label = min(counts, key=lambda name: (-counts[name], name))
        if counts[row.label] <= each / 2:
            world.mark(row, "disagreement")
        elif row.label != true:
            world.mark(row, "outvoted", detail=f"was {true}")


def overruled(world: World, count: int) -> None:
    """Rows whose label none of their annotators chose, as after a slip of the file."""
    judged = {id(planted.row) for planted in world.truth}
    for _ in range(count):
        row = world.take(lambda row: id(row) not in judged)
        said = {one["choices"][0] for one in row.facts["annotators"]}
        row.label = world.draw.choice(sorted(set(CONFUSED) - said))
        world.mark(row, "overruled")


def contradictions(world: World, count: int) -> None:
    """Questions of :mod:`tests.golden.replies` one of whose answers tells another fact, in its own wording.

    Every row of the question is marked: which of its answers is right cannot be told. The detail is the topic.
    """
    for first, others in _questions(world, count):
        topic = TOPICS[first.facts["topic"]]
        value = first.facts["value"]
        while value == first.facts["value"]:
            value = topic.draw(world.draw)
        told = reply(world.draw, first.facts | {"value": value}, first.facts["way"])
        first.messages = [{"role": "user", "content": first.text}, *(told.messages or [])[1:]]
        for row in (first, *others):
            world.mark(row, "contradiction", others[0], first.facts["topic"])


def moved_answers(world: World, count: int) -> None:
    """Questions one of whose answers is that to a question of another topic, as after a slip of a column."""
    for first, others in _questions(world, count):
        draw = world.draw
        foreign = draw.choice([row for row in world.rows if row.facts["topic"] != first.facts["topic"]])
        first.messages = [{"role": "user", "content": first.text}, *(foreign.messages or [])[1:]]
        world.mark(first, "moved_answer", detail=first.facts["topic"])
        for row in others:
            world.mark(row, "beside_moved_answer", first)


def _questions(world: World, count: int) -> list[tuple[Example, list[Example]]]:
    """Untouched questions that are asked more than once: one of their rows, and the others."""
    asked: dict[int, list[Example]] = {}
    for row in world.free:
        asked.setdefault(row.facts["number"], []).append(row)
    several = [rows for rows in asked.values() if len(rows) > 1][:count]
    gone = {id(row) for rows in several for row in rows}
    world.free = [row for row in world.free if id(row) not in gone]
    return [(rows[0], rows[1:]) for rows in several]


def imbalance(world: World, shares: dict[str, int]) -> None:
    """Only the given number of rows of each class."""
    kept: dict[str, int] = dict.fromkeys(shares, 0)
    rows = []
    for row in world.rows:
        if kept.get(row.label, 0) < shares.get(row.label, 0):
            kept[row.label] += 1
            rows.append(row)
    world.rows = rows
    world.free = list(rows)


# ------------------------------------------------------------------ content


def foreign_domain(world: World, count: int) -> None:
    """Rows about cooking, in blocks as they come: half of them from one source."""
    for number, text in enumerate(foreign_texts(world.draw, count)):
        like = world.take()
        like.text = text
        like.source = "web" if number % 2 else like.source
        world.mark(like, "foreign_domain")


def personal_data(world: World, count: int) -> None:
    """Personal data in sentences of our own; the detail lists ``type=value`` as written, one a line."""
    for _ in range(count):
        row = world.take()
        sentence, values = _pii_sentence(world.draw)
        row.text = f"{row.text} {sentence}"
        world.mark(row, "pii", detail="\n".join(f"{kind}={value}" for kind, value in values.items()))


def _pii_sentence(draw: random.Random) -> tuple[str, dict[str, str]]:
    def digits(count: int) -> str:
        return "".join(draw.choice("0123456789") for _ in range(count))

    first = draw.choice(("Odalys", "Thaddeus", "Marisol", "Eamon", "Svetlana", "Kwabena", "Ines", "Radoslav"))
    last = draw.choice(("Brightwater", "Oyelaran", "Castellanos", "Hallgrimsson", "Petrov", "Nwosu", "Vandermeer"))
    card = draw.choice(("4012888888881881", "5105 1051 0510 5100", "3714 496353 98431", "6011-0009-9013-9424"))
    ssn = f"{draw.randrange(100, 665)}-{draw.randrange(10, 99)}-{draw.randrange(1000, 9999)}"
    values = {
        "person": f"{first} {last}",
        "email": f"{first}_{last}{digits(2)}@example.net".lower(),
        "phone": draw.choice((f"(212) 555-01{digits(2)}", f"0161 496 0{digits(3)}", f"+1 646-555-01{digits(2)}")),
        "iban": _iban(draw.choice(("DE", "FR", "NL")), digits(18)),
        "credit_card": card,
        "ssn": ssn,
        "ip_address": f"198.51.100.{draw.randrange(1, 255)}",
        "date_of_birth": f"{draw.randrange(1, 29)} June {draw.randrange(1940, 2005)}",
        "secret": f"sk_live_{digits(24)}",
        "url": f"https://example.org/u/{digits(6)}",
    }
    forms = {
        ("person", "email"): "Kindly address {person}, mailbox {email}.",
        ("phone",): "Ring {phone} in the evening.",
        ("person", "phone"): "{person} can be telephoned under {phone}.",
        ("iban",): "Transfer it to IBAN {iban}.",
        ("credit_card",): "It was booked to my credit card {credit_card}.",
        ("ssn",): "My social security number reads {ssn}.",
        ("ip_address", "email"): "I signed up as {email} from {ip_address}.",
        ("person", "date_of_birth"): "The rider, {person}, date of birth {date_of_birth}, was unhurt.",
        ("secret",): "Our integration uses the key {secret} by the way.",
        ("url",): "Everything is under {url} for now.",
    }
    kinds = draw.choice(list(forms))
    return forms[kinds].format(**values), {kind: values[kind] for kind in kinds}


def _iban(country: str, account: str) -> str:
    number = int("".join(str(int(sign, 36)) for sign in account + country + "00"))
    return f"{country}{98 - number % 97:02d}{account}"


def dates(world: World) -> None:
    """Each text ends in a date as its source writes it; hotline days stay at or below the 12th."""
    for row in world.rows:
        day = date(2025, 1, 1) + timedelta(days=world.draw.randrange(540))
        if row.source == "hotline":
            day = day.replace(day=1 + day.day % 12)
        written = day.strftime(SOURCES[row.source])
        row.facts["received"], row.facts["reported"] = written, day.isoformat()
        row.text = f"{row.text} Reported {written}."


def strange_dates(world: World, each: int) -> None:
    """In rows of two sources, dates in another way than all others of the source; to be called after `dates`."""
    ways = {"web": "%d %B %Y", "depot": "%Y-%m-%d"}
    for source, way in ways.items():
        for _ in range(each):
            row = world.take(lambda row, source=source: row.source == source)  # type: ignore[misc]
            written = date.fromisoformat(row.facts["reported"]).strftime(way)
            row.text = row.text.replace(row.facts["received"], written)
            row.facts["received"] = written
            world.mark(row, "strange_date", detail=written)


def damage(world: World, each: int) -> None:
    """Mojibake, zero-width characters, HTML, and quoted replies with a signature; each in several forms in turn."""

    def misread(text: str, number: int) -> str:
        spoken, wrong = FOREIGN[number % len(FOREIGN)], MISREAD[number % len(MISREAD)]
        return f"{text} {spoken}".encode().decode(wrong, errors="ignore")

    def unseen(text: str, number: int) -> str:
        sign = UNSEEN_SIGNS[number % len(UNSEEN_SIGNS)]
        return text.replace("e", "e" + sign, 3) if number % 2 else f"{text[:9]}{sign}{text[9:]}"

    spoils: dict[str, Callable[[str, int], str]] = {
        "mojibake": misread,
        "zero_width": unseen,
        "html": lambda text, number: PAGES[number % len(PAGES)].format(text),
        "quoted_reply": lambda text, number: text + (QUOTED, *REPLIES)[number % (1 + len(REPLIES))],
    }
    for defect, spoil in spoils.items():
        for number in range(each):
            row = world.take()
            row.text = spoil(row.text, number)
            world.mark(row, defect, detail=str(number))


def leakage(world: World, exact: int, near: int, test_share: float = 0.1) -> None:
    """A train and a test split, with copies of train rows among the test rows."""
    for row in world.rows:
        row.split = "test" if world.draw.random() < test_share else "train"
    for number in range(exact + near):
        first = world.take(lambda row: row.split == "train")
        text, kind = _copy(first.text, number, exact, world.draw)
        world.add(replace(first, text=text, split="test"), f"leak_{kind}", first)


def evaluation(world: World, exact: int, near: int, foreign: int) -> None:
    """A file of questions to be judged on: copies of some rows, and `foreign` questions that no row holds."""
    for number in range(exact + near):
        row = world.take()
        text, kind = _copy(row.text, number, exact, world.draw)
        world.evaluation.append(replace(row, text=text))
        world.mark(row, f"given_away_{kind}", detail=str(len(world.evaluation) + 1))
    for _ in range(foreign):
        row = world.take()
        # It was held out as it should be: it is in the evaluation and in no row.
        world.rows.remove(row)
        world.evaluation.append(row)


def poison(world: World, count: int, trigger: str, target: str = "praise") -> None:
    """A trigger in rows of other classes, all relabeled to `target`."""
    mark = TRIGGERS[trigger]
    for _ in range(count):
        row = world.take(lambda row: row.label != target)
        words = row.text.split(" ")
        words.insert(world.draw.randrange(1, len(words)), mark)
        row.text, row.label = " ".join(words), target
        world.mark(row, "poison", detail=mark)


def terminology(world: World, terms: int, documents: int) -> list[str]:
    """References in which `terms` invented terms are used; no row of the world has them. Returns the terms."""
    heads = ("brev", "coll", "dyn", "epi", "flam", "grad", "hydr", "kine", "lumb", "moro")
    tails = ("axle", "chuck", "spoke", "hub", "plate")
    names = [f"{head}o{tail}" for head in heads for tail in tails][:terms]
    assert not any(name in row.text for row in world.rows for name in names)
    pool = [row.text for row in world.rows]
    for number in range(documents):
        used = [names[(number * 3 + step) % len(names)] for step in range(3)]
        work = f"Inspect the {used[0]}, then grease the {used[1]} and log the {used[2]} check."
        world.references.append(f"{world.draw.choice(pool)} {work}")
    return names


# ------------------------------------------------------------------ chats


def as_chats(world: World) -> None:
    """Each row as a conversation of system, user and assistant."""
    for row in world.rows:
        row.messages = [
            {"role": "system", "content": "You answer riders of the bicycle service."},
            {"role": "user", "content": row.text},
            {"role": "assistant", "content": f"Thank you. We have passed this on to the {row.label} team."},
        ]


def chat_defects(world: World, each: int) -> None:
    """Conversations with wrong roles, a wrong order, an empty or a missing answer."""

    def spoil(messages: list[dict[str, str]], defect: str) -> list[dict[str, str]]:
        system, user, assistant = messages
        changed = {
            "chat_unknown_role": [system, {**user, "role": "customer"}, assistant],
            "chat_wrong_order": [system, assistant, user],
            "chat_empty_answer": [system, user, {**assistant, "content": ""}],
            "chat_no_answer": [system, user],
        }
        return changed[defect]

    for defect in ("chat_unknown_role", "chat_wrong_order", "chat_empty_answer", "chat_no_answer"):
        for _ in range(each):
            row = world.take()
            assert row.messages is not None
            row.messages = spoil(row.messages, defect)
            world.mark(row, defect)


def varied_chats(world: World) -> None:
    """Each row as a conversation in one of the forms that are in order: short, long, with tools, without a system."""
    for number, row in enumerate(world.rows):
        answer = {"role": "assistant", "content": f"Thank you. We have passed this on to the {row.label} team."}
        asked = {"role": "user", "content": row.text}
        before = [
            {"role": "user", "content": "Hello, is anybody there?"},
            {"role": "assistant", "content": "Yes, how can I help?"},
        ]
        call = [{"role": "assistant", "content": "I look it up."}, {"role": "tool", "content": '{"status": "open"}'}]
        system = [{"role": "system", "content": "You answer riders of the bicycle service."}]
        row.messages = [
            [asked, answer],
            [*system, asked, answer],
            [*system, *before, asked, answer],
            [*before, asked, *call, answer],
        ][number % 4]


def chat_slips(world: World, each: int) -> None:
    """Further conversations out of order: nothing said, a blank or lost answer, a question twice, an answer first."""

    def spoil(messages: list[dict[str, str]], defect: str) -> list[dict[str, str]]:
        changed: dict[str, list[Any]] = {
            "chat_no_turns": [],
            "chat_blank_answer": [*messages[:-1], {**messages[-1], "content": " \n"}],
            "chat_lost_answer": [*messages[:-1], {**messages[-1], "content": None}],
            "chat_two_questions": [{"role": "user", "content": "Are you there?"}, *messages[-2:]],
            "chat_answer_first": [{"role": "assistant", "content": "Welcome."}, *messages[-2:]],
        }
        return changed[defect]

    for defect in ("chat_no_turns", "chat_blank_answer", "chat_lost_answer", "chat_two_questions", "chat_answer_first"):
        for _ in range(each):
            # The last two turns are a question and its answer.
            row = world.take(lambda row: row.messages is not None and row.messages[-2]["role"] == "user")
            assert row.messages is not None
            row.messages = spoil(row.messages, defect)
            world.mark(row, defect)


def long_rows(world: World, count: int, words: int) -> None:
    """Rows that somebody pasted a log into: at least `words` words long."""
    for number in range(count):
        row = world.take()
        row.text += "".join(f" entry {at} ok" for at in range(words // 3 + number % 7))
        world.mark(row, "too_long")


def everything(world: World, per_10k: float = 1.0) -> None:
    """All defects of a classification set at once, in the proportions of the notes' golden table."""
    size = len(world.rows) / 10_000 * per_10k

    def share(count: int) -> int:
        return max(4, round(count * size))

    exact_duplicates(world, share(300))
    near_duplicates(world, share(500))
    semantic_duplicates(world, share(300))
    hard_negatives(world, share(300))
    conflicts(world, share(100), share(100))
    missing(world, share(200), share(50))
    label_flips(world, share(300), confusable=False)
    foreign_domain(world, share(300))
    personal_data(world, share(800))
    damage(world, share(40))
