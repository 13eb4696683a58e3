"""Pieces of Markdown: tables, code, types in words, and parts of a page that are written by hand."""

import collections.abc
import re
import types
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

NOTE = "<!-- Written by `make docs` from the code; a test fails when it is stale. -->\n\n"
WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "anything"}
LISTS = (tuple, list, set, frozenset, collections.abc.Sequence)
TABLES = (dict, collections.abc.Mapping)
LIMITS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty without rows."""
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines, ""]) if lines else ""


def code(words: object) -> str:
    """`words` as code."""
    return f"`{words}`"


def type_words(kind: Any) -> str:
    """A type in the words of somebody who writes YAML."""
    origin, inside = get_origin(kind), get_args(kind)
    if kind in WORDS:
        return WORDS[kind]
    if origin is Literal:
        return ", ".join(code(value) for value in inside)
    if origin in (Union, types.UnionType):
        parts = [type_words(each) for each in inside if each is not type(None)]
        return " or ".join(dict.fromkeys(parts)) + (" or nothing" if type(None) in inside else "")
    if origin in TABLES or kind in TABLES:
        return "table"
    return _list_words(inside) if origin in LISTS or kind in LISTS else _class_words(kind)


def _list_words(inside: tuple[Any, ...]) -> str:
    items = [type_words(each) for each in inside if each is not ...]
    return f"list of {' and '.join(dict.fromkeys(items))}" if items else "list"


def _class_words(kind: Any) -> str:
    """A class by its values or its name."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(code(each.value) for each in kind)
    return "path" if getattr(kind, "__name__", "") == "Path" else code(getattr(kind, "__name__", kind))


def limits(metadata: Iterable[Any]) -> str:
    """Bounds that pydantic holds a value to, such as ``≥ 0, < 1``; empty where there are none."""
    bounds = [(sign, getattr(each, name)) for each in metadata for name, sign in LIMITS.items() if hasattr(each, name)]
    return ", ".join(f"{sign} {bound:,}" for sign, bound in bounds)


def field_type(field: Any) -> str:
    """Type and bounds of a pydantic field."""
    bounds = limits(field.metadata)
    return f"{type_words(field.annotation)} {bounds}" if bounds else type_words(field.annotation)


def default_words(field: Any) -> str:
    """The default of a pydantic field as YAML writes it; "required" where it has none."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ("", (), {}, []):
        return "–" if value in (None, "") else code("{}" if isinstance(value, collections.abc.Mapping) else "[]")
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, tuple | list | frozenset):
        items = sorted(value) if isinstance(value, frozenset) else value
        return code(f"[{', '.join(map(str, items))}]")
    if isinstance(value, collections.abc.Mapping):
        return code("{" + ", ".join(f'{key}: "{each}"' for key, each in value.items()) + "}")
    return code(value)


def anchors(page: str) -> set[str]:
    """The anchors of the headings of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
