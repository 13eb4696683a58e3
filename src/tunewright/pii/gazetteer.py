"""Lists that the tagger knows names by: our own short ones, long ones of names in the United States, everyday words.

Ours (`gazetteer.yaml`) hold what is common in many countries and say much; the long ones (`listed_names.txt.xz`, of
Phileas, Apache License 2.0; its head says what was changed) hold 30,000 first names, 160,000 surnames and 19,000
cities, "Will" and "Market" among them, and say less: the tagger sees which list a word is in, and learns how much
to make of it. Everyday words tell both apart.
"""

import lzma
from functools import cache
from importlib.resources import files
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tunewright.core.frozen import Frozen
from tunewright.text.common_words import common_words


class Gazetteer(Frozen):
    """The lists; `more_first`, `more_last` and `more_place` are the long ones."""

    first: list[str]
    last: list[str]
    place: list[str]
    title: list[str]
    more_first: list[str]
    more_last: list[str]
    more_place: list[str]


def _text(name: str) -> str:
    return files("tunewright.pii").joinpath(name).read_text(encoding="utf-8")


@cache
def gazetteer() -> Gazetteer:
    """The lists as they are shipped."""
    import yaml

    lists = yaml.safe_load(_text("gazetteer.yaml"))
    places = [place.strip() for place in lists.pop("place").split(",")]
    return Gazetteer(place=places, **{name: words.split() for name, words in lists.items()}, **_more())


def _more() -> dict[str, list[str]]:
    packed = files("tunewright.pii").joinpath("listed_names.txt.xz").read_bytes()
    lines = [line for line in lzma.decompress(packed).decode("utf-8").splitlines() if not line.startswith("#")]
    heads = [i for i, line in enumerate(lines) if line.startswith("[")] + [len(lines)]
    return {f"more_{lines[a][1:-1]}": lines[a + 1 : b] for a, b in pairwise(heads)}


@cache
def known_words() -> tuple[str, ...]:
    """Every everyday word, sorted: the common ones, and the tagger's further ones (`tagger_words.txt`)."""
    lines = (line for line in _text("tagger_words.txt").splitlines() if not line.startswith("#"))
    return tuple(sorted({*common_words(), *(word for line in lines for word in line.split())}))


@cache
def hashed() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint8]]:
    """Every word of the lists in an open table: hashes and flags, each of shape ``(TABLE,)``."""
    from tunewright.kernels import tagging as kernel

    lists, known = gazetteer(), known_words()
    everyday = frozenset(known)
    # Of "Center Hill" neither word names a place, of "Cedar Rapids" one does; "Nice" is one, "New" of "New York" not.
    cities = {word for entry in lists.more_place for word in entry.lower().split() if word not in everyday}
    places = [w for name in lists.place for w in name.split() if w == name or w.lower() not in everyday]
    flagged = (
        (lists.first, kernel.FIRST),
        (lists.last, kernel.LAST),
        (places, kernel.PLACE),
        (lists.title, kernel.HONORIFIC),
        (known, kernel.COMMON),
        (lists.more_first, kernel.MORE_FIRST),
        (lists.more_last, kernel.MORE_LAST),
        (sorted(cities), kernel.MORE_PLACE),
    )
    words, flags = list[str](), list[int]()
    for entries, flag in flagged:
        own = [part for entry in entries for part in entry.split() if len(part) > 1 or flag == kernel.COMMON]
        words += own
        flags += [flag] * len(own)
    assert len(words) < kernel.TABLE // 2, "a crowded table is slow, and a full one has no end"
    encoded = [word.encode() for word in words]
    ends = np.cumsum([len(word) for word in encoded])
    data = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    return kernel.hash_table(data, np.concatenate([[0], ends]), np.array(flags, dtype=np.uint8))
