"""Random choices with a seed, and a small grammar: ``[a|b]`` takes one of several, ``{name}`` a fact or a word list."""

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from starter.instructions import words

T = TypeVar("T")
#: A parsed template: text, ("slot", name) or ("one", alternatives).
Parts = tuple[Any, ...]


class Draw(random.Random):
    """A seeded stream of choices."""

    def one(self, items: Sequence[T]) -> T:
        """One of `items`."""
        return items[int(self.random() * len(items))]

    def chance(self, share: float) -> bool:
        """True in `share` of the calls."""
        return self.random() < share

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends possible."""
        return low + int(self.random() * (high - low + 1))

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """`count` different ones of `items`, in random order."""
        return self.sample(items, min(count, len(items)))

    def fill(self, template: str, facts: Mapping[str, str] | None = None) -> str:
        """`template` with each alternative chosen and each slot filled.

        Raises:
            KeyError: a slot that is neither a fact nor a word list.
        """
        return self._said(_parsed(template), facts or {})

    def _said(self, parts: Parts, facts: Mapping[str, str]) -> str:
        said = []
        for part in parts:
            if isinstance(part, str):
                said.append(part)
            elif part[0] == "one":
                said.append(self._said(self.one(part[1]), facts))
            elif part[1] in facts:
                said.append(facts[part[1]])
            else:
                said.append(self._said(_parsed(self.one(words.LISTS[part[1]])), facts))
        return "".join(said)


@lru_cache(maxsize=50_000)
def _parsed(template: str) -> Parts:
    parts, end = _sequence(template, 0, "")
    if end != len(template):
        raise ValueError(f"unbalanced brackets in {template!r}")
    return parts


def _sequence(template: str, at: int, stops: str) -> tuple[Parts, int]:
    parts: list[Any] = []
    plain = at
    while at < len(template) and template[at] not in stops:
        if template[at] in "[{":
            if plain < at:
                parts.append(template[plain:at])
            if template[at] == "{":
                close = template.index("}", at)
                parts.append(("slot", template[at + 1 : close]))
                at = close + 1
            else:
                options = []
                while template[at] != "]":
                    option, at = _sequence(template, at + 1, "|]")
                    options.append(option)
                parts.append(("one", tuple(options)))
                at += 1
            plain = at
        else:
            at += 1
    if plain < at:
        parts.append(template[plain:at])
    return tuple(parts), at


def upper_first(text: str) -> str:
    """`text` with its first letter large."""
    return text[:1].upper() + text[1:]
