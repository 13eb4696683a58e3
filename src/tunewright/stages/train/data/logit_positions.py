"""The logits of some tokens alone: a model's head reads those positions and no others.

Two thirds or fewer of a chat's tokens are trained, and of a small model the head is a large part: of the starter of 8 M
parameters more than a quarter. The choice is made by a hook on the head, so whatever a model does with its logits after
that, such as a cap, it still does. It is the choice of a thread, because the parts of a batch are computed side by
side.

Only the recipes import this file, inside the function that trains.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch  # noqa: TID253


class LogitPositions:
    """What positions of a batch the head of `model` reads, as each thread chooses for itself.

    Args:
        model: one with a head, see :func:`has_head`; its head is hooked as long as it lives.
    """

    def __init__(self, model: Any) -> None:
        self._chosen: dict[int, torch.Tensor] = {}
        model.get_output_embeddings().register_forward_pre_hook(self._choose)

    @contextmanager
    def only(self, positions: torch.Tensor) -> Iterator[None]:
        """Within this block this thread gets the logits of `positions` alone.

        Args:
            positions: a mask, shape ``(lines, longest)``; logits come as ``(positions, vocabulary)``.
        """
        thread = threading.get_ident()
        before = self._chosen.get(thread)
        self._chosen[thread] = positions
        try:
            yield
        finally:
            if before is None:
                del self._chosen[thread]
            else:
                self._chosen[thread] = before

    def _choose(self, head: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...] | None:
        """The head's inputs at the positions that this thread chose; None, which leaves them, where it chose none."""
        positions = self._chosen.get(threading.get_ident())
        if positions is None:
            return None
        (hidden,) = inputs
        return (hidden[positions],)


def has_head(model: Any) -> bool:
    """Whether the model's logits come from one layer that reads its last hidden states."""
    find = getattr(model, "get_output_embeddings", None)
    return find is not None and isinstance(find(), torch.nn.Linear)
