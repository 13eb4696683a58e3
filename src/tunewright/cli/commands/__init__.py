"""The verbs: a file for each stage and each topic, in the order of the help text.

A file defines ``COMMANDS``, a tuple of :class:`~tunewright.cli.command.Command`. It imports neither results nor stages
before its verb is called, so that `tunewright --help` is printed at once.
"""

from collections.abc import Iterable, Sequence
from importlib import import_module
from pkgutil import iter_modules

from tunewright.cli.command import Command

#: The files in the order of the help text. Those of stages that are not named here follow the stage before them.
ORDER = (
    "init",
    "run",
    "audit",
    "clean",
    "split",
    "plan",
    "train",
    "sweep",
    "evaluate",
    "release",
    "report",
    "predict",
    "project",
    "config",
    "review",
    "runs",
)


def commands(stages: Sequence[Command] = ()) -> list[Command]:
    """Every verb, in the order of the help text.

    Args:
        stages: a verb for each stage, in the order of the work; it counts only for a stage without a file here.
    """
    generic = {stage.name: stage for stage in stages}
    own = _files()
    places = arranged({*own, *generic}, [stage.name for stage in stages])
    return [verb for place in places for verb in (_commands_of(place) if place in own else (generic[place],))]


def arranged(names: Iterable[str], stages: Sequence[str]) -> list[str]:
    """`names` in the order of the help text: known ones, each new stage behind the one before it, then the others."""
    order = list(ORDER)
    for before, stage in zip(["", *stages], stages, strict=False):
        if stage not in order:
            order.insert(order.index(before) + 1 if before in order else len(order), stage)
    return sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name))


def _files() -> set[str]:
    return {module.name for module in iter_modules(__path__)}


def _commands_of(file: str) -> tuple[Command, ...]:
    verbs: tuple[Command, ...] = import_module(f"{__name__}.{file}").COMMANDS
    return verbs
