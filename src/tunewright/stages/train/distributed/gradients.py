"""The gradients of one optimizer step whose rows are divided among processes.

Only the recipes import this file, inside the function that trains.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch.distributed as dist  # noqa: TID253

from tunewright.stages.train.distributed.process_group import ProcessGroup
from tunewright.stages.train.distributed.sharding import is_sharded


class PaddingBatch(dict[str, Any]):
    """A batch that is computed and counts for nothing, because the others have one more and wait for each other."""


def distributed_step(
    model: Any,
    batches: Sequence[dict[str, Any]],
    loss_of: Callable[[Any, dict[str, Any]], Any],
    size_of: Callable[[dict[str, Any]], int],
    group: ProcessGroup,
) -> Any:
    """The loss of one optimizer step, a scalar that is the same in all processes, its gradients left in `model`.

    Both are of the whole step: each batch weighs what its rows or tokens are of those of all processes. The gradients
    of a sharded model are added by FSDP2, part by part; those of a model that each process has whole, here.

    Args:
        model: the module.
        batches: this process's, as many as every other process has; a `PaddingBatch` weighs nothing.
        loss_of: the mean loss of one batch.
        size_of: what that mean is taken over: rows, or tokens.
        group: the processes.
    """
    sizes = [0 if isinstance(batch, PaddingBatch) else size_of(batch) for batch in batches]
    (total,) = group.all_reduce_sum(sum(sizes))
    loss = None
    for batch, size in zip(batches, sizes, strict=True):
        share = loss_of(model, batch) * (size / total)
        share.backward()
        loss = share.detach() if loss is None else loss + share.detach()
    assert loss is not None
    if not is_sharded(model):
        group.all_reduce_gradients([parameter.grad for parameter in model.parameters() if parameter.requires_grad])
    dist.all_reduce(loss)
    return loss
