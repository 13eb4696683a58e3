"""The batches that a causal model trains on: which chats each step has, and how they lie in its lines.

Only the recipes import this file, inside the function that trains.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.models.chat import Chat
from tunewright.stages.train.data.batches import Batches, in_parts
from tunewright.stages.train.data.chats import Chats
from tunewright.stages.train.data.decoder import Batch, flat, packed, padded, with_noise
from tunewright.stages.train.data.packing import (
    ENDLESS,
    FULL,
    Batching,
    decide_batching,
    filled,
    utilization,
)
from tunewright.stages.train.distributed.process_group import ProcessGroup
from tunewright.stages.train.gpu.acceleration import autocast
from tunewright.stages.train.machine import Machine
from tunewright.stages.train.options import ChatOptions

#: Steps of the first epoch over which utilization is counted.
MEASURED_STEPS = 1000


class AnswerBatches:
    """The batches of a run.

    Args:
        rows: the training rows.
        options: of the method.
        longest: most tokens of a chat, and of a line of packed chats.
        seed: random seed of their order, and of the noise.
        batching: ``packed`` or ``padded``.
        flat_lines: whether packed chats lie in one line, for attention that is told where each begins.
        noise: NEFTune's alpha, and the width of the word vectors; alpha 0 adds none.
    """

    def __init__(
        self,
        rows: Chats,
        options: ChatOptions,
        *,
        longest: int,
        seed: int,
        batching: Batching,
        flat_lines: bool,
        noise: tuple[float, int],
    ) -> None:
        self._rows, self._longest, self._seed = rows, longest, seed
        self._size, self._flat_lines, self._noise = options.batch, flat_lines, noise
        self._packed = batching == "packed"
        self.steps = Batches(rows.lengths, size=options.batch, epochs=options.epochs, seed=seed, alike=not self._packed)

    def batch(self, chosen: npt.NDArray[np.int64], step: int) -> Batch:
        """The batch of the rows `chosen`, shape ``(n,)``, as they are fed in `step`."""
        chats, weights = [self._rows.chats[row] for row in chosen], self._rows.weights[chosen]
        if not self._packed or (self._flat_lines and filled(self._rows.lengths[chosen]) >= FULL):
            batch = padded(chats, weights)
        elif self._flat_lines:
            batch = flat(chats, weights, self._longest, self._size)
        else:
            batch = packed(chats, weights, self._longest)
        alpha, width = self._noise
        return with_noise(batch, alpha, width, (self._seed, step, *chosen.tolist())) if alpha else batch

    def largest_part(self, parts: int) -> npt.NDArray[np.int64]:
        """The rows of the largest part that a step in so many `parts` could have."""
        longest_first = np.argsort(-self._rows.lengths, kind="stable")
        return in_parts(longest_first[: self._size], parts)[0]

    def utilization(self, parts: int) -> float:
        """Share of the computed tokens that are a chat's, over the first steps, each in so many `parts`."""
        capacity = None if not self._packed else ENDLESS if self._flat_lines else self._longest
        steps = range(min(self.steps.per_epoch, MEASURED_STEPS))
        return utilization(
            self._rows.lengths,
            (self.steps.rows(step) for step in steps),
            lambda rows: in_parts(rows, parts),
            capacity,
        )


def choose_batching(
    model: Any,
    rows: Chats,
    options: ChatOptions,
    *,
    longest: int,
    machine: Machine,
    flat_lines: bool,
    group: ProcessGroup,
) -> tuple[Batching, str]:
    """Whether chats are packed for `model`, and why, in words that follow a colon; the same in all processes.

    Attention that is told where each chat begins is another kernel in another number format, so whether it keeps chats
    apart is looked at in the format that training computes in. The mask that transformers makes is the same in all, and
    is looked at in that of the weights, which is finer.

    Args:
        model: what is trained.
        rows: the training rows.
        options: of the method.
        longest: most tokens of a chat.
        machine: how it is computed.
        flat_lines: whether packed chats lie in one line, for attention that is told where each begins.
        group: the processes.
    """

    def lay(chats: Sequence[Chat], weights: npt.NDArray[np.float32]) -> Batch:
        return flat(chats, weights, longest, options.batch)

    with autocast(machine) if flat_lines else nullcontext():
        decision = decide_batching(
            model, rows.chats, options.packing, longest, machine.device, lay=lay if flat_lines else None
        )
    return group.broadcast(decision)
