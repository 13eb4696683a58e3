"""What is to be fitted and how, and the batches of its steps.

Only the recipes import this file, inside the function that trains.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch  # noqa: TID253

from tunewright.stages.train.data.batches import in_parts
from tunewright.stages.train.distributed.process_group import ALONE, ProcessGroup

Batch = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """What is to be fitted, and how.

    Attributes:
        model: the module; its parameters that require gradients are trained and kept.
        rows: the rows of step i, counted from 0, longest first.
        batch: the inputs of some rows at a step.
        loss: the mean loss of one batch, a scalar.
        size: what that mean is taken over: rows, or tokens.
        validate: validation loss and metric of the model as it is.
        metric: the metric's name.
        steps: optimizer steps in all.
        per_epoch: optimizer steps of one epoch; validation is at the end of each, or oftener.
        learning_rate: its peak.
        groups: optimizer groups, each with its `params`, and `lr` or `weight_decay` where they differ.
        schedule: name of the schedule, as transformers names them.
        warmup: share of the steps in which the learning rate rises.
        weight_decay: of matrices in groups that do not say otherwise.
        clip: largest norm of the gradient.
        patience: epochs without a better validation after which it ends; 0 never ends early.
        seed: random seed of what the Trainer draws.
        plan: digest of the plan.
        accumulation: parts a step is computed in, one after another, to need less memory.
        precision: number format of the products, as a run records it.
        decisions: how it is computed, for a run's environment.
        named: the user's own numbers of some rows, for messages.
        again: the module anew, as before the first step. With it, several processes divide the model among them (its
            best weights end in a new one); without, each has it whole.
        group: the processes that fit it together.
    """

    model: torch.nn.Module
    rows: Callable[[int], npt.NDArray[np.int64]]
    batch: Callable[[npt.NDArray[np.int64], int], Batch]
    loss: Callable[[Any, Batch], torch.Tensor]
    size: Callable[[Batch], int]
    validate: Callable[[Any], tuple[float, float]]
    metric: str
    steps: int
    per_epoch: int
    learning_rate: float
    groups: Callable[[], list[dict[str, Any]]]
    schedule: str
    warmup: float
    weight_decay: float
    clip: float
    patience: int
    seed: int
    plan: str
    accumulation: int = 1
    precision: str = ""
    decisions: Mapping[str, str] = field(default_factory=dict)
    named: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]] = lambda rows: rows
    again: Callable[[], torch.nn.Module] | None = None
    group: ProcessGroup = ALONE


@dataclass
class Steps(torch.utils.data.Dataset[list[int]]):
    """The steps of a run as a dataset of their numbers.

    The Trainer's loader would make batches between two steps, where a GPU waits for them.
    """

    job: Job
    parts: int

    def __len__(self) -> int:
        return self.job.steps

    def __getitem__(self, step: int) -> list[int]:
        return [step]

    def batch(self, step: int) -> list[Batch]:
        """The batch of a step, in parts of like length."""
        return [self.job.batch(rows, step) for rows in in_parts(self.job.rows(step), self.parts)]
