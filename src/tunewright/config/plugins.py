"""Options of plugins in the configuration, checked by the plugin's own ``Options`` before anything starts."""

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tunewright.core.errors import UserError, did_you_mean
from tunewright.core.plugins import PluginField
from tunewright.order import stages

Path_ = tuple[str, ...]


#: Every field of the configuration that names plugins, as the stages declare them.
FIELDS: tuple[PluginField, ...] = tuple(field for stage in stages() for field in stage.plugins)


def plugin_faults(merged: dict[str, Any]) -> Iterator[tuple[Path_, UserError]]:
    """Every unknown plugin and every wrong option, with its path in the file."""
    for field in FIELDS:
        section = merged.get(field.section)
        named = section.get(field.key) if isinstance(section, dict) else None
        if isinstance(named, str):
            named = {} if named in ("auto", "") else {named: {}}
        if isinstance(named, list):
            named = dict.fromkeys(named)
        if isinstance(named, dict):
            for name, options in named.items():
                yield from _faults(field, str(name), options)


def _faults(field: PluginField, name: str, options: Any) -> Iterator[tuple[Path_, UserError]]:
    path = (field.section, field.key, name)
    if name not in field.registry.names():
        what = f"There is no {field.registry.noun} named {name!r}."
        yield path, UserError("E-CFG-002", what, fix=did_you_mean(name, field.registry.names()))
        return
    if options is None or _is_switch(options):  # on with its defaults, or off
        return
    kind = field.registry.options(name)
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
