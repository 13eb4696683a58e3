"""The retention suite that the package ships: general questions whose answers a tuned model should not have forgotten.

Four kinds: arithmetic, reading, rewriting, and common knowledge in plain words. Every item has one right answer in one
form, which most often is the form that the starter models were taught. What an item is about (its key: the numbers of a
sum, a fact, a passage) is on one side only, decided by a digest of the key: test items measure, replay rows are what a
mixture may be drawn from.

    python -m starter.retention          # writes both files into the package, the same bytes every time
"""
# ruff: noqa: E501 (sentences read better on one line)

import hashlib
import json
import lzma
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from starter.instructions import arithmetic, knowledge, reading, rewrite, words
from starter.instructions.draw import Draw
from starter.instructions.facts import Chat

SEED = "retention 1"
FOLDER = Path(__file__).parents[1] / "src" / "tunewright" / "models"
TEST, REPLAY = FOLDER / "retention_test.jsonl", FOLDER / "retention_replay.jsonl.xz"
#: Items of each kind; with 400 in all a share is known to about ±5 points.
TEST_ITEMS, REPLAY_ROWS = 100, 1500
#: Three in ten keys are for the test: there are only some 300 plain facts to share out.
TEST_SHARE = 0.3
NUMBER = re.compile(r"\d+")

#: Key, question, answer.
Item = tuple[str, str, str]

#: Plain facts beside those in ``knowledge.py``, for models that know more than the starters.
PLAIN = (
    "What color is snow?:White|What color is grass?:Green|What color is blood?:Red|What color is coal?:Black|"
    "Which animal gives us wool?:Sheep|Which animal barks?:Dog|Which animal says meow?:Cat|Which insect makes honey?:Bee|Which bird cannot fly and lives in Antarctica?:Penguin|"
    "What do cows drink?:Water|What is frozen water called?:Ice|What falls from clouds when it is cold?:Snow|Which planet do we live on?:Earth|Which star gives us daylight?:The sun|"
    "Which is the largest ocean?:Pacific|Which season is the warmest?:Summer|Which season follows winter?:Spring|Which season follows summer?:Autumn|Which month comes first in the year?:January|"
    "Which month comes last in the year?:December|How many sides does a triangle have?:3|How many sides does a square have?:4|How many wheels does a bicycle have?:2|How many wheels does a tricycle have?:3|"
    "How many fingers are on one hand?:5|How many letters are in the English alphabet?:26|How many continents are there?:7|How many strings does a violin have?:4|How many legs does a dog have?:4|"
    "How many wings does a bird have?:2|How many days are in a leap year?:366|How many zeros does one hundred have?:2|With what do we see?:Eyes|With what do we hear?:Ears|"
    "With what do we smell?:Nose|What pumps blood through the body?:Heart|What is a baby dog called?:Puppy|What is a baby cat called?:Kitten|What is a baby cow called?:Calf|"
    "What is a baby sheep called?:Lamb|Which metal is drawn to a magnet?:Iron|Which gas do we need to breathe?:Oxygen|Which tool drives nails?:Hammer|Which tool cuts paper?:Scissors|"
    "What do we use to tell the time?:Clock|Who flies an airplane?:Pilot|Who bakes bread?:Baker|Who teaches at a school?:Teacher|Who puts out fires?:Firefighter|"
    "Where do fish live?:Water|Where do we borrow books?:Library|What is the main language of Brazil?:Portuguese|What is the main language of Austria?:German|What is the main language of Mexico?:Spanish|"
    "What is the currency of Japan?:Yen|What is the currency of the United States?:Dollar|What is the currency of France?:Euro|What comes after nine?:Ten|What is half of ten?:Five"
)


def sums(draw: Draw) -> Item:
    """One operation; the answer is the bare number."""
    (_, ask), (_, said) = arithmetic.plain(draw)
    a, b = sorted(map(int, NUMBER.findall(ask)[:2]))
    return f"sum {a} {b}", ask, NUMBER.findall(said)[-1]


def worked(draw: Draw) -> Item:
    """A calculation in steps, a percentage, or an order of numbers; there is one way to write it."""
    task = draw.one((arithmetic.column, arithmetic.shopping, arithmetic.story, arithmetic.share, arithmetic.compare))
    ask, said = _pair(task(draw))
    return f"{task.__name__} {' '.join(NUMBER.findall(ask))}", ask, said


def passages(draw: Draw) -> Item:
    """A question on a passage, answered by a span of it, or a statement that holds in it or not."""
    if draw.chance(0.3):
        ask, said = _pair(reading.true_false(draw))
        return f"read {ask}", ask, said
    known = draw.one(reading.KINDS)(draw)
    told = draw.some(known, draw.between(2, 5))
    text, fact = reading.passage(draw, told), draw.one(told)
    ask = draw.one(reading.ASKS).replace("{passage}", text).replace("{question}", draw.one(fact.asks))
    return f"read {text}", ask, fact.span


def rewritten(draw: Draw) -> Item:
    """A text made right, polite, whole, or another form."""
    task = draw.one((rewrite.corrected, rewrite.polite, rewrite.filled, rewrite.sentence))
    ask, said = _pair(task(draw))
    return f"rewrite {said}", ask, said


def facts(draw: Draw) -> Item:
    """A plain fact in one of the ways to ask for it, its key the fact itself; answered in as few words as do."""
    key, asks, said = draw.one(_FACTS)
    return key, draw.fill(asks), said


def _facts() -> Iterator[Item]:
    for land, city in knowledge.CAPITALS.items():
        yield (
            f"capital {land}",
            f"[What is the capital of {land}?|Name the capital of {land}.|Capital of {land}?]",
            city,
        )
    for one, other in knowledge.OPPOSITES.items():
        asks = "[What is the opposite of {w}?|Give the opposite of {w}.|Opposite of {w}:]"
        yield f"opposite {one}", asks.replace("{w}", one), other
        yield f"opposite {one}", asks.replace("{w}", other), one
    for unit, whole, count in knowledge.UNITS:
        have = "does a spider have" if unit == "legs" else f"are in {whole}"
        yield f"unit {unit} {whole}", f"How many {unit} {have}?", str(count)
    for kind, names in (("day", words.WEEKDAY), ("month", words.MONTH)):
        for at, name in enumerate(names):
            yield f"order {name}", f"Which {kind} comes after {name}?", names[(at + 1) % len(names)]
            yield f"order {name}", f"Which {kind} comes before {name}?", names[at - 1]
    for word, means in knowledge.DEFINED.items():
        article = "an" if word[0] in "aeiou" else "a"
        yield f"word {word}", f"What is {article} {word}?", f"{article.capitalize()} {word} is {means}."
        yield f"word {word}", f"What do we call this: {means}?", f"{article.capitalize()} {word}."
    for word, many in knowledge.PLURALS.items():
        yield f"plural {word}", f"Write the plural of {word}.", many
    for one in PLAIN.split("|"):
        ask, _, said = one.rpartition(":")
        yield f"plain {ask}", ask, said


_FACTS = tuple(_facts())

KINDS: dict[str, tuple[Callable[[Draw], Item], ...]] = {
    "arithmetic": (sums, worked),
    "reading": (passages,),
    "rewriting": (rewritten,),
    "knowledge": (facts,),
}


def tested(key: str) -> bool:
    """Whether what an item is about belongs to the test; a function of the key alone."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) < TEST_SHARE * 2**32


def rows(*, test: bool) -> list[dict[str, str]]:
    """The items of one side, no question twice: ``kind, key, prompt, answer``."""
    wanted = TEST_ITEMS if test else REPLAY_ROWS
    made = []
    for kind, makers in KINDS.items():
        draw, seen, tries = Draw(f"{SEED} {kind} {test}"), set[str](), 0
        while len(seen) < wanted and tries < 20 * wanted:
            tries += 1
            key, prompt, answer = draw.one(makers)(draw)
            if tested(key) == test and prompt not in seen:
                seen.add(prompt)
                made.append({"kind": kind, "key": key, "prompt": prompt, "answer": answer})
    return made


def text(*, test: bool) -> str:
    """One side as JSON lines; keys are left out, since they only share the items out."""
    lines = ({name: value for name, value in row.items() if name != "key"} for row in rows(test=test))
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def write() -> None:
    """Both files, into the package."""
    TEST.write_text(text(test=True), encoding="utf-8")
    REPLAY.write_bytes(lzma.compress(text(test=False).encode(), preset=9 | lzma.PRESET_EXTREME))


def _pair(chat: Chat) -> tuple[str, str]:
    (_, ask), (_, said) = chat
    return ask, said


if __name__ == "__main__":
    write()
