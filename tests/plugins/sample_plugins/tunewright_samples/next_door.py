"""One process beside this one."""

from pathlib import Path

from pydantic import Field

from tunewright.core.frozen import Frozen
from tunewright.stages.train.launch.commands import Command, python, torchrun


class Options(Frozen):
    """Where it is said to be."""

    door: str = Field("next door", description="Name of the place.")


def commands(folder: Path, options: Options) -> tuple[Command, ...]:
    """The command that starts it on what was handed over in `folder`."""
    return (Command(where=options.door, line=python(*torchrun(folder, 1, "--standalone"))),)
