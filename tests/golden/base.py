"""A clean base: reports to an invented bicycle-sharing service, of about 12 or about 60 words, in twelve classes.

Nothing in it is defective: texts are pairwise unlike, labels follow from the text wherever it says enough, sources
write dates in one way. One text in seventeen is too vague to tell its class, as in any real export. Every choice comes
from the seed.
"""

import random
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

#: Jaccard similarity of character four-grams that two clean texts may have at most. Near-duplicate checks call 0.6
#: a copy; what they find in the clean base is then their own mistake.
MOST_ALIKE = 0.55
VAGUE = 0.06
PLACES = {12: ("spot", "moment"), 60: ("where", "when")}
#: How each source writes a date. The hotline's days never pass the 12th: its order cannot be told.
SOURCES = {"web": "%Y-%m-%d", "app": "%d/%m/%Y", "kiosk": "%m/%d/%Y", "depot": "%d %B %Y", "hotline": "%d/%m/%Y"}
ORDERS = {"web": "iso", "app": "day_first", "kiosk": "month_first", "depot": "words", "hotline": "ambiguous"}
#: The class each one is confused with.
CONFUSED = {
    "tire": "brake", "brake": "tire", "lock": "dock", "dock": "lock", "billing": "pass", "pass": "billing",
    "app": "battery", "battery": "app", "accident": "theft", "theft": "lost", "lost": "theft", "praise": "pass",
}  # fmt: skip


@dataclass(eq=False)
class Example:
    """One row; identity, not content, tells two of them apart."""

    text: str
    label: str
    source: str = "web"
    split: str | None = None
    messages: list[dict[str, str]] | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@cache
def phrases() -> dict[str, Any]:
    """The contents of phrases.toml."""
    with Path(__file__).with_name("phrases.toml").open("rb") as stream:
        return tomllib.load(stream)


def clean_base(rows: int, words: int, seed: int) -> list[Example]:
    """`rows` examples of about `words` (12 or 60) words."""
    draw = random.Random(f"{seed}-{words}")
    examples: list[Example] = []
    told: dict[tuple[str, int], list[set[str]]] = defaultdict(list)
    labels = list(phrases()["class"])
    vague = 0
    while len(examples) < rows:
        facts = new_facts(draw, labels[len(examples) % len(labels)], words)
        # Tellings of one event run out first, so that without a limit every ninth of 10,000 texts would be vague.
        if facts["vague"] and vague >= VAGUE * rows:
            continue
        text = tell(facts)
        grams = _grams(text)
        # Texts about different events share too little to matter.
        before = told["vague" if facts["vague"] else facts["label"], facts["event"]]
        if all(_jaccard(grams, other) <= MOST_ALIKE for other in before):
            before.append(grams)
            vague += facts["vague"]
            examples.append(Example(text, facts["label"], facts["source"], facts=facts))
    draw.shuffle(examples)
    return examples


def _grams(text: str) -> set[str]:
    return {text[at : at + 4].lower() for at in range(len(text) - 3)}


def _jaccard(one: set[str], other: set[str]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def new_facts(draw: random.Random, label: str, words: int) -> dict[str, Any]:
    """What happened: indexes into the phrases, a number, and for long texts a date and further sentences."""
    book = phrases()
    source = draw.choice(list(SOURCES))
    day = date(2025, 1, 1) + timedelta(days=draw.randrange(540))
    if source == "hotline":
        day = day.replace(day=1 + day.day % 12)
    vague = draw.random() < VAGUE
    return {
        "label": label,
        "source": source,
        "vague": vague,
        "event": draw.randrange(len(book["vague"] if vague else book["class"][label])),
        "number": draw.randrange(13, 9800),
        "day": day,
        "who": draw.randrange(len(book["who"])),
        "places": {name: draw.randrange(len(book[name])) for name in PLACES[words]},
        "extra": draw.sample(range(len(book["extra"])), 4 if words == 60 else 0),
    }


def tell(facts: dict[str, Any], way: int = 0) -> str:
    """The facts in words: `way` 0 is the plain telling, 1 the same in other words and another order."""
    book = phrases()

    def said(entries: Sequence[str], index: int) -> str:
        return entries[index].split(" ~ ")[way]

    extra = [said(book["extra"], index) for index in facts["extra"]]
    events = book["vague"] if facts["vague"] else book["class"][facts["label"]]
    event = said(events, facts["event"]).format(n=facts["number"])
    who = said(book["who"], facts["who"]) + " " if extra else ""
    places = [said(book[name], index) for name, index in facts["places"].items()]
    first = " ".join([who + event, *places]) if way == 0 else ", ".join([*reversed(places), who + event])
    if extra:
        first += f" ({facts['day'].strftime(SOURCES[facts['source']])})"
    if way == 1:
        extra.reverse()
    return " ".join([first[:1].upper() + first[1:] + ".", *extra])


def foreign_texts(draw: random.Random, count: int) -> list[str]:
    """Sentences from somebody else's world, a kitchen, pairwise as unlike as those of the base."""
    book = phrases()["foreign"]
    texts: list[str] = []
    told: dict[str, list[set[str]]] = defaultdict(list)
    while len(texts) < count:
        parts = [draw.choice(book[name]) for name in ("who", "what", "how", "why")]
        text = " ".join(parts).format(n=draw.randrange(2, 90))
        text = text[:1].upper() + text[1:] + "."
        grams = _grams(text)
        if all(_jaccard(grams, other) <= MOST_ALIKE for other in told[parts[1]]):
            told[parts[1]].append(grams)
            texts.append(text)
    return texts
