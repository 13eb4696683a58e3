"""tunewright.yaml as a person wants to find it: every key with a comment that says what it does."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import BaseModel

from tunewright.config.model import Config

HEADER = """\
# yaml-language-server: $schema=.tunewright/schema.json
# What this project does, and the bars it must clear. Every setting: `tunewright config show --origin`.
"""


def commented_yaml(settings: Mapping[str, Any]) -> str:
    """`settings` as YAML, each key under the description that its setting has."""
    return HEADER + "\n".join(_lines(settings, Config, 0)) + "\n"


def _lines(settings: Mapping[str, Any], model: type[BaseModel] | None, depth: int) -> Iterator[str]:
    pad = "  " * depth
    for key, value in settings.items():
        field = model.model_fields.get(key) if model else None
        kind = field.annotation if field else None
        inner = kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
        if depth == 0 and inner is not None:
            yield ""
        if field is not None and field.description:
            yield f"{pad}# {field.description}"
        if isinstance(value, Mapping) and value:
            yield f"{pad}{_scalar(key)}:"
            yield from _lines(value, inner, depth + 1)
        else:
            yield f"{pad}{_scalar(key)}: {_scalar(value)}"


def _scalar(value: Any) -> str:
    """One value on one line, quoted where YAML would read it as something else."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**6)
    return text.removesuffix("...\n").strip(" \n")
