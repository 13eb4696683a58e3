"""Our short lists of names, places and titles (`gazetteer.yaml`) and of everyday words, and their hash table."""

from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from tunewright.core.frozen import Frozen


class Gazetteer(Frozen):
    """The lists."""

    first: list[str]
    last: list[str]
    place: list[str]
    title: list[str]


@cache
def gazetteer() -> Gazetteer:
    """The lists as they are shipped."""
    import yaml

    text = files("tunewright.evidence.pii").joinpath("gazetteer.yaml").read_text(encoding="utf-8")
    lists = yaml.safe_load(text)
    places = [place.strip() for place in lists.pop("place").split(",")]
    return Gazetteer(place=places, **{name: words.split() for name, words in lists.items()})


@cache
def common_words() -> tuple[str, ...]:
    """Everyday words and their regular inflections, in small letters."""
    text = files("tunewright.evidence.pii").joinpath("common_words.txt").read_text(encoding="utf-8")
    base = {word for line in text.splitlines() if not line.startswith("#") for word in line.split()}
    forms = set(base)
    for word in (word for word in base if len(word) > 2 and word.isascii()):
        stem = word.removesuffix("e")
        y = word[:-1] if word.endswith("y") else None
        forms |= {word + "s", word + "es", stem + "ed", stem + "ing", stem + "er", word + "ly"}
        forms |= {word + word[-1] + "ed", word + word[-1] + "ing"} if len(word) < 6 else set()
        forms |= {y + "ies", y + "ied", y + "ily"} if y else set()
    return tuple(sorted(forms))


@cache
def hashed() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint8]]:
    """Every word of the lists in an open table: hashes and flags, each of shape ``(TABLE,)``."""
    from tunewright.evidence.kernels.tagging import COMMON, FIRST, HONORIFIC, LAST, PLACE, TABLE, hash_range

    keys, flags = np.zeros(TABLE, dtype=np.uint32), np.zeros(TABLE, dtype=np.uint8)
    lists, taken = gazetteer(), 0
    for words, flag in (
        (lists.first, FIRST),
        (lists.last, LAST),
        (lists.place, PLACE),
        (lists.title, HONORIFIC),
        (common_words(), COMMON),
    ):
        for word in (part for entry in words for part in entry.split() if len(part) > 1 or flag == COMMON):
            data = np.frombuffer(word.encode(), dtype=np.uint8)
            value = int(hash_range(data, 0, len(data)))
            slot = value % TABLE
            assert taken < TABLE // 2, "a crowded table is slow, and a full one has no end"
            while keys[slot] not in (0, value):
                slot = (slot + 1) % TABLE
            taken += keys[slot] == 0
            keys[slot] = value
            flags[slot] |= flag
    return keys, flags
