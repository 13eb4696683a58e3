"""How often the words of everyday English are used: what makes a word of somebody's documents special, or not.

`english.txt` holds 20,000 words by their Zipf value times ten (van Heuven et al. 2014: log10 of uses per thousand
million, so 30 is once in a million words). It was counted with :func:`table_of` over 20 million words of books whose
copyright has lapsed; no sentence of them is in it, and slurs that they were not shy of were taken out by hand. Words
that came later (email, airline, website) are missing from such books, so every word of our own list of everyday words
counts as used ten times in a million at least, and its regular forms three times.

A package such as wordfreq has better counts, but weighs 57 MB, is under CC BY-SA and was ended by its author in 2024.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from tunewright.text.common_words import common_words

WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?")
SIZE = 20_000
#: A word of one author is his own; a word that is mostly written large is a name.
MIN_BOOKS, MIN_SMALL = 10, 0.3
#: Uses per million of an everyday word that the books lack, of its regular forms, and of a word that neither has.
EVERYDAY, FORM, UNKNOWN = 10.0, 3.0, 0.05


@cache
def uses_per_million() -> Mapping[str, float]:
    """Every known word in small letters and how often it is used in a million words."""
    return {**dict.fromkeys(common_words(), FORM), **_base()}


@cache
def word_shares() -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
    """Words that are surely words, the most used first, and the share of running text of each; the sum is 1."""
    uses = sorted(_base().items(), key=lambda entry: (-entry[1], entry[0]))
    shares = np.array([share for _, share in uses])
    return tuple(word for word, _ in uses), shares / shares.sum()


def _base() -> dict[str, float]:
    everyday = " ".join(_lines("tunewright.text", "common_words.txt"))
    rates = dict.fromkeys(everyday.lower().split(), EVERYDAY)
    for line in _lines("tunewright.text", "english.txt"):
        tens, *words = line.split()
        uses = 10 ** (int(tens) / 10 - 3)
        rates |= {word: max(uses, rates.get(word, 0.0)) for word in words}
    return rates


def _lines(package: str, name: str) -> list[str]:
    text = files(package).joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def drawn(lengths: npt.NDArray[np.int64], seed: int = 0) -> list[str]:
    """Texts of the given numbers of words, drawn one by one as often as English uses them: generic, and nobody's."""
    words, shares = word_shares()
    chosen = np.random.default_rng(seed).choice(len(words), size=int(lengths.sum()), p=shares)
    ends = np.cumsum(lengths)
    return [" ".join(words[at] for at in chosen[end - length : end]) for end, length in zip(ends, lengths, strict=True)]


def table_of(books: Iterable[str]) -> str:
    """The lines of ``english.txt`` counted over `books`."""
    written: Counter[str] = Counter()
    holding: Counter[str] = Counter()
    for book in books:
        words = Counter(WORD.findall(book.replace("’", "'")))
        written += words
        holding.update({word.lower() for word in words})
    total = sum(written.values())
    uses: Counter[str] = Counter()
    for word, count in written.items():
        uses[word.lower()] += count
    frequent = [
        (word, count)
        for word, count in uses.items()
        if holding[word] >= MIN_BOOKS and (written[word] >= MIN_SMALL * count or word.startswith("i'") or word == "i")
    ]
    frequent = sorted(frequent, key=lambda entry: (-entry[1], entry[0]))[:SIZE]
    bins: dict[int, list[str]] = {}
    for word, count in frequent:
        bins.setdefault(round(10 * math.log10(count / total * 1e9)), []).append(word)
    return "".join(f"{tens} {' '.join(sorted(bins[tens]))}\n" for tens in sorted(bins, reverse=True))
