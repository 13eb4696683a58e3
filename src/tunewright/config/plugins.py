"""Options of plugins in the configuration, checked by the plugin's own ``Options`` before anything starts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tunewright.core.errors import UserError, did_you_mean
from tunewright.core.plugins import Shelf

Path_ = tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """Where the configuration names plugins of one shelf.

    Attributes:
        path: section and key.
        shelf: the plugins that may be named there.
        one: whether one is named (``method: encoder``), or a table of several.
    """

    path: Path_
    shelf: Shelf
    one: bool = False


METHODS = Shelf("tunewright.stages.train.methods", "method", "train")
SHELVES = (
    Place(("audit", "checks"), Shelf("tunewright.stages.audit.checks", "check", "check")),
    Place(("clean", "fixes"), Shelf("tunewright.stages.clean.fixes", "fix", "fix")),
    Place(("train", "method"), METHODS, one=True),
    Place(("train", "launch"), Shelf("tunewright.stages.train.launchers", "launcher", "commands"), one=True),
    Place(("train", "trackers"), Shelf("tunewright.stages.train.trackers", "tracker", "track")),
    Place(("evaluate", "baselines"), Shelf("tunewright.stages.evaluate.baselines", "baseline", "predict")),
    Place(("evaluate", "metrics"), Shelf("tunewright.stages.evaluate.metrics", "metric", "measure")),
)


def plugin_faults(merged: dict[str, Any]) -> Iterator[tuple[Path_, UserError]]:
    """Every unknown plugin and every wrong option, with its path in the file."""
    for place in SHELVES:
        section = merged.get(place.path[0])
        named = section.get(place.path[1]) if isinstance(section, dict) else None
        if isinstance(named, str):
            named = {} if named in ("auto", "") else {named: {}}
        if isinstance(named, list):
            named = dict.fromkeys(named)
        if isinstance(named, dict):
            for name, options in named.items():
                yield from _faults(place, str(name), options)


def _faults(place: Place, name: str, options: Any) -> Iterator[tuple[Path_, UserError]]:
    path = (*place.path, name)
    if name not in place.shelf.names():
        what = f"There is no {place.shelf.noun} named {name!r}."
        yield path, UserError("E-CFG-002", what, fix=did_you_mean(name, place.shelf.names()))
        return
    if options is None or _is_switch(options):  # on with its defaults, or off
        return
    kind = place.shelf.options(name)
    try:
        kind.model_validate(options)
    except ValidationError as error:
        for problem in error.errors():
            where = (*path, *(str(part) for part in problem["loc"]))
            yield where, _option_fault(problem, where, list(kind.model_fields))


def _is_switch(options: Any) -> bool:
    """Whether the section reads it as true or false."""
    try:
        TypeAdapter(bool).validate_python(options)
    except ValidationError:
        return False
    return True


def _option_fault(problem: Any, where: Path_, known: list[str]) -> UserError:
    dotted = ".".join(where)
    if problem["type"] == "extra_forbidden":
        return UserError("E-CFG-001", f'unknown "{dotted}".', fix=did_you_mean(where[-1], known))
    return wrong_value(dotted, problem)


def wrong_value(dotted: str, problem: Any) -> UserError:
    """The error for a value that pydantic refused at the key `dotted`."""
    what = problem["msg"].removeprefix("Value error, ")
    return UserError(
        "E-CFG-005",
        f'"{dotted}": {what} (got {problem["input"]!r}).',
        fix="Correct the value; `tunewright config schema` says what each key takes.",
    )
