"""The logits of some tokens alone: a model's head reads those places and no others.

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

_MARK = "_tunewright_places"
_lock = threading.Lock()
_chosen = threading.local()


@contextmanager
def only(model: Any, places: torch.Tensor) -> Iterator[None]:
    """Within this block `model` gives the logits of `places` ``(lines, longest)``, a mask, as ``(places, vocabulary)``.

    It must have a head, see :func:`has_head`.
    """
    _listen(model.get_output_embeddings())
    before = getattr(_chosen, "places", None)
    _chosen.places = places
    try:
        yield
    finally:
        _chosen.places = before


def has_head(model: Any) -> bool:
    """Whether the model's logits come from one layer that reads its last hidden states."""
    find = getattr(model, "get_output_embeddings", None)
    return find is not None and isinstance(find(), torch.nn.Linear)


def _listen(head: torch.nn.Module) -> None:
    with _lock:
        if not hasattr(head, _MARK):
            setattr(head, _MARK, head.register_forward_pre_hook(_choose))


def _choose(head: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...] | None:
    places = getattr(_chosen, "places", None)
    if places is None:
        return None
    (hidden,) = given
    return (hidden[places],)
