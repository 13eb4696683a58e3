"""The verbs: a file for each stage and each topic, in the order of the help text.

A file defines ``COMMANDS``, a tuple of :class:`~tunewright.cli.command.Command`. It imports neither results nor stages
before its verb is called, so that `tunewright --help` is printed at once.
"""

from collections.abc import Iterable, Sequence
from importlib import import_module
from pkgutil import iter_modules

from tunewright.cli.command import Command
from tunewright.cli.generic import step_command
from tunewright.order import STEPS

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


#: Steps that the verb of the next one walks through.
WITHOUT_VERB = {"intake"}


def commands() -> list[Command]:
    """Every verb, in the order of the help text; a step of a run that has no file here has a generic one."""
    own = _files()
    generic = {name: step_command(name) for name in STEPS if name not in own | WITHOUT_VERB}
    verbs: list[Command] = []
    for name in arranged({*own, *generic}, STEPS):
        verbs.extend((generic[name],) if name in generic else _commands_of(name))
    return verbs


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
