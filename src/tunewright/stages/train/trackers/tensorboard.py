"""Losses and validation figures as TensorBoard event files, on this machine."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import Field

from tunewright.core.frozen import Frozen

NEEDS = ("torch", "tensorboard")
EXTRA = "tensorboard"


class Options(Frozen):
    """Where the files go."""

    folder: str = Field("", description="Log folder; empty is .tunewright/trackers/tensorboard in the project.")


def track(
    run: str, home: Path, facts: Mapping[str, str], options: Options, *, done: int
) -> tuple[Callable[[int, Mapping[str, float]], None], Callable[[str], None]]:
    """Two functions: one takes the figures of a step, the other ends the mirror with the run's state.

    Args:
        run: the run's id.
        home: folder of all mirrors.
        facts: settings of the run.
        options: where to.
        done: steps that are there already; what an earlier attempt wrote after them is hidden.
    """
    from torch.utils.tensorboard import SummaryWriter

    folder = (Path(options.folder).expanduser() if options.folder else home / "tensorboard") / run
    writer = SummaryWriter(str(folder), purge_step=done + 1 if done else None)
    writer.add_text("settings", "\n".join(f"    {name}: {value}" for name, value in facts.items()))

    def log(step: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            writer.add_scalar(name, value, step)

    return log, lambda _: writer.close()
