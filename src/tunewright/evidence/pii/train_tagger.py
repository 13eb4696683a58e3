"""Training of the tagger: our phrases, filled with invented values, and an averaged perceptron; same seed, same bytes.

    python -m tunewright.evidence.pii.train_tagger

writes ``tagger.npz`` beside this file. Of the sentences, one in nine is in small letters and one in fifteen in capitals.
"""

import random
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.files import publish
from tunewright.evidence.kernels.tagging import BUCKETS, tokenize, train
from tunewright.evidence.pii.gazetteer import common_words, gazetteer, hashed
from tunewright.evidence.pii.invented import Inventor
from tunewright.evidence.pii.tagger import TAGS, utf8

SENTENCES = 150_000
EPOCHS = 4
SEED = 20_260
#: Share of phrases that are everyday words in no order, so that form tells a name where no phrase does.
SALADS = 0.4
#: Slots that carry a tag.
TAG_OF = {"P": 1, "F": 1, "L": 1, "G": 2, "A": 3, "O": 4}
#: Weights smaller than this share of the largest are dropped: they are noise of single mistakes.
SMALLEST = 0.004


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
    publish(Path(str(files("tunewright.evidence.pii"))) / "tagger.npz", lambda path: _save(path, learned))


def _save(path: Path, learned: npt.NDArray[np.float64]) -> None:
    assert learned.shape == (BUCKETS, len(TAGS))
    scale = np.abs(learned).max() / 32_000
    whole = np.round(np.where(np.abs(learned) < SMALLEST * np.abs(learned).max(), 0, learned) / scale)
    with path.open("wb") as stream:
        np.savez_compressed(stream, weights=whole.astype(np.int16), scale=np.float32(scale))


def sentences(n: int, source: random.Random) -> tuple[list[str], list[list[tuple[int, int, int]]]]:
    """`n` texts of one to three phrases, and the spans in each: first character, last (excluded), tag."""
    lines = files("tunewright.evidence.pii").joinpath("tagger_phrases.txt").read_text(encoding="utf-8").splitlines()
    phrases = [line.replace("\\n", "\n") for line in lines if line and not line.startswith("#")]
    inventor = Inventor(gazetteer(), source)
    words = [word for word in common_words() if word.isalpha()]
    texts, spans = [], []
    for _ in range(n):
        text, marked = "", list[tuple[int, int, int]]()
        style = source.random()
        # In small letters nothing but the words before it, or our lists, tells an unknown word from a name.
        inventor.listed_only = style < 0.11
        for part in range(source.choice((1, 1, 1, 2, 3))):
            text += source.choice((" ", " ", "\n")) if part else ""
            phrase = salad(words, source) if source.random() < SALADS else source.choice(phrases)
            added, found = filled(phrase, inventor)
            marked += [(start + len(text), end + len(text), tag) for start, end, tag in found]
            text += added
        changed = text.lower() if style < 0.11 else text.upper() if style < 0.18 else text
        texts.append(changed if len(changed) == len(text) else text)
        spans.append(marked)
    return texts, spans


def salad(words: list[str], source: random.Random) -> str:
    """Everyday words in no order, some with capitals, and in most of them a name, place or organization."""
    said = source.choices(words, k=source.randint(3, 12))
    capitals = source.random() < 0.12
    said = [word.capitalize() if capitals or source.random() < 0.05 else word for word in said]
    said[0] = said[0].capitalize()
    what = source.random()
    if what < 0.6:
        where = source.randint(0, len(said))
        before = {True: "", False: source.choice(("in", "from", "to", "near")) + " "}
        if what < 0.38:
            joint = source.choice(("", "", "", "by ", "of ", "with ", "to ", "and ", "for "))
            slot = joint + source.choice(
                ("{P}", "{P}", "{L}", "{F}", "{P}, {P} and {P}", "{L} and {L}", "{F} and {F}", "{P}:", '"{F}"', "{P}'s")
            )
        elif what < 0.54:
            slot = before[source.random() < 0.3] + source.choice(("{G}", "{G}", "{G}, {G}", "{G} and {G}"))
        else:
            slot = source.choice(("", "at ", "for ")) + source.choice(("{O}", "{O}", "{O}'s"))
        said.insert(where, slot)
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
