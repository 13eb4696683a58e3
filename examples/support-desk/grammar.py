"""The small grammar of phrases.toml: choices in brackets, slots in angle brackets, filled by one random source."""

import random
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"<([a-z_]+)>")
#: A ticket speaks of one merchant, one card and so on; amounts and dates may differ within it.
BOUND = frozenset({"merchant", "payee", "payer", "card", "account", "device", "country", "currency", "relative"})


def load_phrases() -> dict[str, Any]:
    """The contents of phrases.toml."""
    with Path(__file__).with_name("phrases.toml").open("rb") as stream:
        return tomllib.load(stream)


class Filler:
    """Expands phrases for one ticket: bound slots keep their first value.

    Args:
        draw: the source of every choice.
        lists: slot name to its possible values.
        made: slot name to a function that makes a value.
    """

    def __init__(
        self, draw: random.Random, lists: Mapping[str, list[str]], made: Mapping[str, Callable[[], str]]
    ) -> None:
        self.draw = draw
        self.lists = lists
        self.made = made
        self.bound: dict[str, str] = {}

    def fill(self, phrase: str) -> str:
        """The phrase with every choice made, innermost first, and every slot filled."""
        while CHOICE.search(phrase):
            phrase = CHOICE.sub(lambda match: self.pick(match[1].split("|")), phrase)
        while SLOT.search(phrase):
            phrase = SLOT.sub(lambda match: self._slot(match[1]), phrase)
            while CHOICE.search(phrase):
                phrase = CHOICE.sub(lambda match: self.pick(match[1].split("|")), phrase)
        return re.sub(r" +([,.?!])", r"\1", re.sub(r"\s+", " ", phrase)).strip()

    def pick(self, options: list[str]) -> str:
        """One of the options, each as likely."""
        return options[int(self.draw.random() * len(options))]

    def chance(self, share: float) -> bool:
        """True in `share` of the calls."""
        return self.draw.random() < share

    def _slot(self, name: str) -> str:
        if name in self.bound:
            return self.bound[name]
        value = self.made[name]() if name in self.made else self.pick(self.lists[name])
        if name in BOUND:
            self.bound[name] = value = self.fill(value)
        return value


def sentence(text: str, end: str = ".") -> str:
    """The text with a capital first letter and a full stop, unless it ends in one already."""
    text = text[:1].upper() + text[1:]
    return text if text[-1] in ".?!," else text + end
