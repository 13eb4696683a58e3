"""The training method that a project chose, as planning needs to know it."""

from dataclasses import dataclass

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.models.files import ModelFiles
from tunewright.models.memory_estimate import Shape

#: The method that fits each task, where none is named: a classifier is an encoder with a head, an answer is written by
#: a decoder with an adapter.
METHOD_FOR_TASK: dict[Task, str] = {"classify": "encoder", "reply": "lora", "extract": "lora"}


@dataclass(frozen=True)
class ChosenMethod:
    """The method, its options and the model that it starts from.

    Attributes:
        name: the method, such as ``lora``.
        named: whether the project names it, rather than leaving it to the task.
        options: its options, complete.
        base: the pre-trained model that training starts from.
        bundled: whether that is the starter that stands in where none is named.
        epochs: passes over the training rows.
        batch: rows of one optimizer step.
        adapter_rank: rank of the adapters that it trains beside the base; None where it trains the base's own weights.
        gpu: whether it would be trained on a GPU of this machine.
        seconds_per_token: what this project's last run of it took for each token it trained on; None without a run.
    """

    name: str
    named: bool
    options: Frozen
    base: ModelFiles
    bundled: bool
    epochs: float
    batch: int
    adapter_rank: int | None
    gpu: bool
    seconds_per_token: float | None

    @property
    def adapter_parameters(self) -> int | None:
        """Parameters of the adapters; None where there are none, or the base's shape is not known."""
        shape = Shape.in_folder(self.base.folder) if self.adapter_rank is not None else None
        return shape.adapters(self.adapter_rank) if shape and self.adapter_rank is not None else None
