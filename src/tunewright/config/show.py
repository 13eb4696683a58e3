"""The settings in force, and where each came from."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tunewright.config.load import load
from tunewright.config.results import ConfigResult, SettingLine
from tunewright.core.frozen import Frozen


def show(folder: Path, *, sets: Sequence[str], origin: bool) -> ConfigResult:
    """Every setting of the project in `folder`, one line each."""
    loaded = load(folder.resolve(), sets=sets)
    lines = [
        SettingLine(key=".".join(path), value=value, origin=loaded.origin(path))
        for path, value in _leaves(loaded.config, ())
    ]
    return ConfigResult(settings=tuple(lines), show_origin=origin)


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Frozen):
        for name in type(value).model_fields:
            yield from _leaves(getattr(value, name), (*path, name))
    elif isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(item, (*path, str(name)))
    else:
        yield path, list(value) if isinstance(value, tuple) else value
