"""What a run has seen of itself: losses since the last validation, the curve, and the best step so far.

It is part of every checkpoint, so that a resumed run writes the same curve to the last bit.
"""

import json
from pathlib import Path
from typing import Any

from tunewright.core.candidate import CurvePoint
from tunewright.stages.train.runs.spike_detector import SpikeDetector

FILE = "history.json"


class History:
    """The record of one run.

    Args:
        per_epoch: steps of one epoch.
        spikes: follows the losses.
    """

    def __init__(self, per_epoch: int, spikes: SpikeDetector) -> None:
        self._per_epoch = per_epoch
        self.spikes = spikes
        self._losses: list[Any] = []
        self.curve: list[CurvePoint] = []
        self.best_step = 0
        self.stale = 0
        #: Why a person ended it; empty while nobody did.
        self.stopped = ""
        #: Of the last step's gradient, a tensor or a number.
        self.norm: Any = 0.0

    def add_loss(self, loss: Any) -> None:
        """The loss of one step, a tensor or a number; read only when needed, so that a GPU is not waited for."""
        self._losses.append(loss)

    @property
    def loss(self) -> Any:
        """The loss of the last step as it was seen."""
        return self._losses[-1]

    def add_validation(self, step: int, loss: float, metric: float) -> bool:
        """Add a point to the curve; whether it is the best: a higher metric, or the same at a lower loss."""
        best = next((point for point in self.curve if point.step == self.best_step), None)
        losses = [float(value) for value in self._losses]
        self._losses = []
        self.curve.append(
            CurvePoint(
                step=step,
                epoch=step / self._per_epoch,
                train_loss=sum(losses) / len(losses) if losses else None,
                validation_loss=loss,
                validation_metric=metric,
            )
        )
        better = best is None or (metric, -loss) > (best.validation_metric or 0.0, -(best.validation_loss or 0.0))
        self.best_step, self.stale = (step, 0) if better else (self.best_step, self.stale + 1)
        return better

    def write(self, folder: Path) -> None:
        """Keep it in a checkpoint."""
        state = {
            "losses": [float(value) for value in self._losses],
            "curve": [point.model_dump(mode="json") for point in self.curve],
            "best_step": self.best_step,
            "stale": self.stale,
            "stopped": self.stopped,
            "watchdog": self.spikes.state(),
        }
        (folder / FILE).write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")

    def read(self, folder: Path) -> None:
        """Take over what a checkpoint holds."""
        state = json.loads((folder / FILE).read_text(encoding="utf-8"))
        self._losses = list(state["losses"])
        self.curve = [CurvePoint.model_validate(point) for point in state["curve"]]
        self.best_step, self.stale, self.stopped = state["best_step"], state["stale"], state["stopped"]
        self.spikes.load_state(state["watchdog"])

    @staticmethod
    def best_in(folder: Path) -> int:
        """The best step as a checkpoint knows it."""
        best: int = json.loads((folder / FILE).read_text(encoding="utf-8"))["best_step"]
        return best
