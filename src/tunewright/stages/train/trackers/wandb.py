"""Losses, validation figures and settings as a run of Weights & Biases, kept on this machine unless asked to send."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import Field

from tunewright.core.errors import UserError
from tunewright.core.frozen import Frozen

NEEDS = ("wandb",)
EXTRA = "wandb"
KEY = "WANDB_API_KEY"


class Options(Frozen):
    """Which project, and whether anything leaves this machine."""

    project: str = Field("tunewright", min_length=1, description="Name of the project there.")
    online: bool = Field(False, description=f"Send figures as they come; needs {KEY} in the environment.")


def track(
    run: str, home: Path, facts: Mapping[str, str], options: Options, *, done: int
) -> tuple[Callable[[int, Mapping[str, float]], None], Callable[[str], None]]:
    """Two functions: one takes the figures of a step, the other ends the mirror with the run's state.

    Args:
        run: the run's id, there as here.
        home: folder of all mirrors.
        facts: settings of the run.
        options: which project, and whether to send.
        done: steps that are there already.

    Raises:
        UserError: E-TRAIN-019 when it is to send and has no key.
    """
    if options.online and not os.environ.get(KEY):
        raise UserError(
            "E-TRAIN-019",
            f"train.trackers.wandb.online is on, and {KEY} is not set.",
            why="Without a key nothing can be sent.",
            fix=f"export {KEY}=…, or leave online out: `wandb sync` sends later what was kept here.",
        )
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # its own faults go to their server otherwise
    import wandb

    home.mkdir(parents=True, exist_ok=True)
    mirror = wandb.init(
        project=options.project,
        id=run[:64],
        resume="allow",
        dir=str(home),
        mode="online" if options.online else "offline",
        config=dict(facts),
        settings=wandb.Settings(
            silent=True, console="off", disable_git=True, disable_code=True, save_code=False, x_disable_stats=True
        ),
    )

    def log(step: int, figures: Mapping[str, float]) -> None:
        mirror.log(dict(figures), step=step)

    return log, lambda status: mirror.finish(exit_code=0 if status in ("succeeded", "paused") else 1)
