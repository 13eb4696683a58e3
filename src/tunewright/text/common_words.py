"""Everyday English words (`common_words.txt`) and their regular inflections."""

from functools import cache
from importlib.resources import files


@cache
def common_words() -> tuple[str, ...]:
    """Everyday words and their regular inflections, in small letters."""
    lines = files("tunewright.text").joinpath("common_words.txt").read_text(encoding="utf-8").splitlines()
    base = {word for line in lines if not line.startswith("#") for word in line.split()}
    forms = set(base)
    for word in (word for word in base if len(word) > 2 and word.isascii()):
        stem = word.removesuffix("e")
        y = word[:-1] if word.endswith("y") else None
        forms |= {word + "s", word + "es", stem + "ed", stem + "ing", stem + "er", word + "ly"}
        forms |= {word + word[-1] + "ed", word + word[-1] + "ing"} if len(word) < 6 else set()
        forms |= {y + "ies", y + "ied", y + "ily"} if y else set()
    return tuple(sorted(forms))
