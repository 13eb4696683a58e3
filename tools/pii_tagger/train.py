"""Training of the tagger: our phrases, filled with invented values, and an averaged perceptron; same seed, same bytes.

    python -m tools.pii_tagger.train

writes ``tagger.npz`` into ``src/tunewright/pii``, in about two minutes on one core. Nobody else's sentences are read: the phrases are
ours (`phrases.txt`, or everyday words in no order), the values are drawn by `invented.py`.
"""

import random
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from tools.pii_tagger.invented import Inventor
from tunewright.core.files import publish
from tunewright.kernels.tagging import BUCKETS, tokenize, train
from tunewright.pii.gazetteer import gazetteer, hashed, known_words
from tunewright.pii.tagger import TAGS, utf8

SENTENCES = 900_000
EPOCHS = 3
SEED = 20_260
#: Share of phrases that are everyday words in no order, so that form tells a name where no phrase does.
SALADS = 0.3
#: Shares of sentences in small letters, in capitals, and in which only the names are in small letters.
SMALL, LARGE, CARELESS = 0.14, 0.06, 0.05
#: Share of words that no list holds and that are no names.
UNKNOWN = 0.03
#: Slots that carry a tag.
TAG_OF = {"P": 1, "F": 1, "L": 1, "G": 2, "A": 3, "O": 4}
#: Weights are kept in one byte each: smaller ones are noise of single mistakes, one in 10,000 is larger and clipped.
SMALLEST, LARGEST = 0.12, 30.0


def main() -> None:
    """Train on new sentences and keep the weights."""
    texts, spans = sentences(SENTENCES, random.Random(SEED))
    data, offsets = utf8(pl.Series(texts))
    firsts, table = tokenize(data, offsets)
    gold = np.zeros(len(table), dtype=np.int8)
    for index, marked in enumerate(spans):
        starts = table[firsts[index] : firsts[index + 1], 2]
        for start, end, tag in marked:
            gold[firsts[index] : firsts[index + 1]][(starts >= start) & (starts < end)] = tag
    order = np.concatenate([np.random.default_rng(SEED + n).permutation(len(texts)) for n in range(EPOCHS)])
    learned = train(data, offsets, firsts, table, gold, *hashed(), order, len(TAGS))
    publish(Path(str(files("tunewright.pii"))) / "tagger.npz", lambda path: _save(path, learned))


def _save(path: Path, learned: npt.NDArray[np.float64]) -> None:
    assert learned.shape == (BUCKETS, len(TAGS))
    step = LARGEST / 127
    kept = np.where(np.abs(learned) < SMALLEST, 0, learned)
    with path.open("wb") as stream:
        np.savez_compressed(stream, weights=np.clip(np.round(kept / step), -127, 127).astype(np.int8), step=step)


def sentences(n: int, source: random.Random) -> tuple[list[str], list[list[tuple[int, int, int]]]]:
    """`n` texts of one to three phrases, and the spans in each: first character, last (excluded), tag."""
    lines = Path(__file__).with_name("phrases.txt").read_text(encoding="utf-8").splitlines()
    phrases = [line.replace("\\n", "\n") for line in lines if line and not line.startswith("#")]
    inventor = Inventor(gazetteer(), source)
    words = [word for word in known_words() if word.isalpha()]
    texts, spans = [], []
    for _ in range(n):
        text, marked = "", list[tuple[int, int, int]]()
        style = source.random()
        # In small letters nothing but the words before it, or our lists, tells an unknown word from a name.
        inventor.listed_only = style < SMALL
        for part in range(source.choice((1, 1, 1, 2, 3))):
            text += source.choice((" ", " ", "\n")) if part else ""
            phrase = salad(words, inventor, source) if source.random() < SALADS else source.choice(phrases)
            added, found = filled(phrase, inventor)
            if SMALL + LARGE < style < SMALL + LARGE + CARELESS:
                added = _careless(added, found)
            marked += [(start + len(text), end + len(text), tag) for start, end, tag in found]
            text += added
        changed = text.lower() if style < SMALL else text.upper() if style < SMALL + LARGE else text
        texts.append(changed if len(changed) == len(text) else text)
        spans.append(marked)
    return texts, spans


def _careless(text: str, spans: list[tuple[int, int, int]]) -> str:
    """`text` with its values in small letters, as they are typed in a hurry."""
    for start, end, _ in spans:
        small = text[start:end].lower()
        text = text[:start] + small + text[end:] if len(small) == end - start else text
    return text


def salad(words: list[str], inventor: Inventor, source: random.Random) -> str:
    """Everyday words in no order, some with capitals, and in most of them a name, place or organization.

    One word in thirty is nobody's: a word that no list holds, so that being unknown does not make a name.
    """
    said = source.choices(words, k=source.randint(3, 12))
    said = [inventor.unknown() if source.random() < UNKNOWN else word for word in said]
    capitals = source.random() < 0.12
    said = [word.capitalize() if capitals or source.random() < 0.05 else word for word in said]
    said[0] = said[0].capitalize()
    what = source.random()
    if what < 0.6:
        where = source.randint(0, len(said))
        before = {True: "", False: source.choice(("in", "from", "to", "near")) + " "}
        if what < 0.34:
            joint = source.choice(("", "", "", "by ", "of ", "with ", "to ", "and ", "for "))
            slot = joint + source.choice(
                ("{P}", "{P}", "{L}", "{F}", "{P}, {P} and {P}", "{L} and {L}", "{F} and {F}", "{P}:", '"{F}"', "{P}'s")
            )
        elif what < 0.46:
            slot = before[source.random() < 0.3] + source.choice(("{G}", "{G}", "{G}, {G}", "{G} and {G}"))
        elif what < 0.54:
            slot = source.choice(("", "at ", "in ", "to ", "on ", "near ")) + "{A}"
        else:
            slot = source.choice(("", "at ", "for ")) + source.choice(("{O}", "{O}", "{O}'s"))
        said.insert(where, slot)
    elif what < 0.75:
        said.insert(
            source.randint(0, len(said)),
            source.choice(("{D}", "at {T}", "{T}", "{N}", "on {D}", "{N} {N}", "{K}", "{K}")),
        )
    return " ".join(said) + source.choice(("", ".", "?", "!", ".", ","))


def filled(phrase: str, inventor: Inventor) -> tuple[str, list[tuple[int, int, int]]]:
    """`phrase` with a value in each slot, and the spans of those that carry a tag."""
    text, spans = "", []
    for index, part in enumerate(phrase.replace("{", "\0").replace("}", "\0").split("\0")):
        value = inventor.value(part) if index % 2 else part
        if index % 2 and part in TAG_OF:
            spans.append((len(text), len(text) + len(value), TAG_OF[part]))
        text += value
    return text, spans


if __name__ == "__main__":
    main()
