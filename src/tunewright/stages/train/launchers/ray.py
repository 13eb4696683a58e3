"""Processes on a Ray cluster, started by Ray Train: that of RAY_ADDRESS, or one of this machine alone.

Every node needs the project folder on the same path (a shared file system) and Tunewright installed. Ray's own
statistics to its makers are off.
"""

import os
from pathlib import Path

from pydantic import Field

from tunewright.core.frozen import Frozen
from tunewright.stages.train.launch.commands import Command, python

NEEDS = ("ray",)
EXTRA = "ray"

#: No statistics to Ray's makers; and each process sees its own GPU alone, as under torchrun.
ENVIRONMENT = ("RAY_USAGE_STATS_ENABLED=0", "TRAIN_ENABLE_SHARE_CUDA_VISIBLE_DEVICES=0")


class Options(Frozen):
    """How many processes."""

    processes: int = Field(0, ge=0, description="Processes; 0: one for each GPU of the cluster.")


def commands(folder: Path, options: Options) -> tuple[Command, ...]:
    """The command of the driver, which asks the cluster for the processes and waits for them."""
    arguments = ("-m", "tunewright.stages.train.launch.ray_driver", str(folder), str(options.processes))
    where = os.environ.get("RAY_ADDRESS", "")
    return (
        Command(
            where=f"the Ray cluster at {where}" if where else "a Ray cluster of this machine",
            line=python(*arguments, environment=ENVIRONMENT),
        ),
    )
