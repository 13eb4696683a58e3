"""The record of a run's settings: every key that was in force, its value, and where it came from.

A key that the user gave and that would have no effect is refused before anything is spent; so each key is used or
refused.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tunewright.core.candidate import Plan
from tunewright.core.engine_ref import engine_of
from tunewright.core.errors import UserError
from tunewright.core.files import publish_text
from tunewright.core.frozen import Frozen
from tunewright.core.renamed_options import METHODS, RENAMED, plan_options
from tunewright.stages.train.settings import BASE_SETTINGS, TrainSettings

FILE = "effective.json"
DEFAULT = "default"
#: Keys that say which model is tuned, with the engine that it answers by; other methods do not read them.
BASES = {setting: engine for engine, setting in BASE_SETTINGS.items()}

Path_ = tuple[str, ...]
Origin = Callable[[Path_], str]


class Effective(Frozen):
    """One setting of a run."""

    key: str
    value: Any
    origin: str


def resolve(plan: Plan, settings: TrainSettings, kind: str, origin: Origin) -> tuple[Effective, ...]:
    """Every setting that `plan` is trained with, the method's options in full.

    Args:
        plan: the method and its options.
        settings: the rest of the section.
        kind: what answers with what is trained, as it is stored.
        origin: where the value at a path came from.
    """
    lines = [(("seed",), plan.seed), (("train", "method"), plan.method)]
    renamed = RENAMED if plan.method in METHODS else {}
    typed = {renamed.get(word, word): word for word in settings.method_options}
    for name, value in plan_options(plan.method, plan.options).items():
        lines.append((("train", "method", plan.method, name), value))
    for name in TrainSettings.model_fields:
        if name != "method" and BASES.get(name, engine_of(kind)) == engine_of(kind):
            lines += _leaves(getattr(settings, name), ("train", name))
    return tuple(
        Effective(
            key=".".join(path),
            value=value,
            origin=_origin_of_option(path, typed, origin) if path[:2] == ("train", "method") else origin(path),
        )
        for path, value in lines
    )


def _origin_of_option(path: Path_, typed: Mapping[str, str], origin: Origin) -> str:
    """Where an option of the method came from, which the user may have called by another word, as in `typed`."""
    *above, name = path
    if len(path) > len(("train", "method", "lora")):
        return origin((*above, typed[name])) if name in typed else DEFAULT
    return origin(path)


def origin_in(origins: Mapping[str, str]) -> Origin:
    """Where a value came from, by its key in `origins` or the nearest key above it that is there."""

    def origin(path: Path_) -> str:
        above = (".".join(path[:end]) for end in range(len(path), 0, -1))
        return next((origins[key] for key in above if key in origins), DEFAULT)

    return origin


def write(work: Path, lines: tuple[Effective, ...]) -> None:
    """Write the record into a work folder."""
    publish_text(work / FILE, json.dumps([line.model_dump(mode="json") for line in lines], indent=1) + "\n")


def read(work: Path) -> tuple[Effective, ...]:
    """The record in a work folder; empty where there is none."""
    path = work / FILE
    if not path.exists():
        return ()
    return tuple(Effective.model_validate(line) for line in json.loads(path.read_text(encoding="utf-8")))


def require_used(settings: TrainSettings, method: Any, name: str, origin: Origin) -> None:
    """Stop when a key was given that the method does not read.

    Raises:
        UserError: E-TRAIN-020, naming where it was given.
    """
    idle: dict[Path_, str] = {
        ("train", key): f"the method {name} does not tune such a model"
        for key, engine in BASES.items()
        if engine != engine_of(method.KIND) and origin(("train", key)) != DEFAULT
    }
    if not settings.spike_size and origin(("train", "spike_patience")) != DEFAULT:
        idle["train", "spike_patience"] = "with spike_size 0 no loss is a spike"
    unused = getattr(method, "unused", None)
    if unused is not None:
        options = method.Options.model_validate(settings.method_options)
        idle |= {
            ("train", "method", name, key): why
            for key, why in unused(options).items()
            if key in settings.method_options
        }
    for path, why in idle.items():
        raise UserError(
            "E-TRAIN-020",
            f'{origin(path)}: "{".".join(path)}" would have no effect: {why}.',
            why="A setting that is read by nothing looks as if it had been obeyed.",
            fix="Leave it out, or change what makes it idle.",
        )


def _leaves(value: Any, path: Path_) -> Iterator[tuple[Path_, Any]]:
    """Each value below `value` that holds no others, with its path; tuples as lists."""
    if isinstance(value, Frozen):
        for name in type(value).model_fields:
            yield from _leaves(getattr(value, name), (*path, name))
    elif isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _leaves(item, (*path, str(name)))
    else:
        yield path, list(value) if isinstance(value, tuple) else value
