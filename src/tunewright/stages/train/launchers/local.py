"""Several processes on this machine, started by torchrun; one for each GPU where nobody says how many.

Processes on a CPU share its cores, so they are for trying out a configuration rather than for speed.
"""

from pathlib import Path

from pydantic import Field

from tunewright.core.errors import UserError
from tunewright.core.frozen import Frozen
from tunewright.stages.train.launch.commands import Command, python, torchrun

NEEDS = ("torch",)
EXTRA = "train"


class Options(Frozen):
    """How many processes."""

    processes: int = Field(0, ge=0, description="Processes; 0: one for each GPU.")


def commands(folder: Path, options: Options) -> tuple[Command, ...]:
    """The command that starts them on what was handed over in `folder`.

    Raises:
        UserError: E-LAUNCH-001 when their number is not given and there is no GPU to count.
    """
    processes = options.processes or _gpus()
    if not processes:
        raise UserError(
            "E-LAUNCH-001",
            "How many processes are to train is not said, and this machine has no GPU to count.",
            why="On a CPU they share its cores, so no number goes without saying.",
            fix="--on local --processes 2",
        )
    return (Command(where="this machine", line=python(*torchrun(folder, processes, "--standalone"))),)


def _gpus() -> int:
    """How many GPUs this machine has."""
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0
