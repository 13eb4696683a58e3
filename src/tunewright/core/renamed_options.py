"""Options of training that have another word than before: the old one is still understood, and is what a plan stores.

A plan's digest is part of the key of each step after it, and a run compares what it was begun with. Both are made of
the words under which the options were first stored, so that a project that was planned or half trained before the words
changed goes on as if they had not.
"""

from collections.abc import Mapping
from typing import Any

#: The methods whose options they are; a method of another package may call something else so.
METHODS = frozenset({"lora", "qlora", "full", "qat"})
#: The word of now, by the word of before.
RENAMED = {"divide": "fsdp", "memory": "activation_checkpointing"}
#: Values of renamed options that have another word too, likewise.
RENAMED_VALUES = {"activation_checkpointing": {"keep": "none", "keep-fp8": "fp8", "recompute": "full"}}


def current_words(options: Mapping[str, Any]) -> dict[str, Any]:
    """`options` under the words of now.

    Raises:
        ValueError: an option is there under both words.
    """
    current: dict[str, Any] = {}
    for word, value in options.items():
        name = RENAMED.get(word, word)
        if name != word and name in options:
            raise ValueError(f"{word} is the old word for {name}; leave out {word}")
        values = RENAMED_VALUES.get(name, {}) if name != word else {}
        current[name] = values.get(value, value) if isinstance(value, str) else value
    return current


def stored_words(options: Mapping[str, Any]) -> dict[str, Any]:
    """`options` under the words by which they are stored; undone by :func:`current_words`."""
    words = {name: word for word, name in RENAMED.items()}
    stored: dict[str, Any] = {}
    for name, value in options.items():
        values = {new: old for old, new in RENAMED_VALUES.get(name, {}).items()}
        stored[words.get(name, name)] = values.get(value, value) if isinstance(value, str) else value
    return stored


def plan_options(method: str, stored: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a plan of `method` stored, under the words of now."""
    return current_words(stored) if method in METHODS else dict(stored)


def old_words(options: Mapping[str, Any]) -> dict[str, str]:
    """What `options` are to be called now, as ``fsdp: on``, by what was written, as ``divide: on``."""
    new: dict[str, str] = {}
    for word, value in options.items():
        if word in RENAMED:
            ((name, now),) = current_words({word: value}).items()
            new[f"{word}: {value}"] = f"{name}: {now}"
    return new
