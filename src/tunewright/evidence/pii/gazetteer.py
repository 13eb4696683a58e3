"""Our short lists of first names, surnames, places and titles (`gazetteer.yaml`), and their hash table."""

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
def hashed() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint8]]:
    """Every word of the lists in an open table: hashes and flags, each of shape ``(TABLE,)``."""
    from tunewright.evidence.kernels.tagging import FIRST, HONORIFIC, LAST, PLACE, TABLE, hash_range

    keys, flags = np.zeros(TABLE, dtype=np.uint32), np.zeros(TABLE, dtype=np.uint8)
    lists = gazetteer()
    for words, flag in ((lists.first, FIRST), (lists.last, LAST), (lists.place, PLACE), (lists.title, HONORIFIC)):
        for word in (part for entry in words for part in entry.split() if len(part) > 1):
            data = np.frombuffer(word.encode(), dtype=np.uint8)
            value = int(hash_range(data, 0, len(data)))
            slot = value % TABLE
            while keys[slot] not in (0, value):
                slot = (slot + 1) % TABLE
            keys[slot] = value
            flags[slot] |= flag
    return keys, flags
