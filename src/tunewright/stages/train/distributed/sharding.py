"""A model divided among processes by FSDP2: each holds a part of every weight, and gets a layer whole as it needs it.

What is kept of it, weights and optimizer, is kept whole, with the names and shapes of a run in one process: a
checkpoint can be gone on from by any number of processes.

Only the recipes import this file, inside the function that trains.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch  # noqa: TID253
import torch.distributed as dist  # noqa: TID253
from torch.distributed.device_mesh import init_device_mesh  # noqa: TID253
from torch.distributed.fsdp import FSDPModule, fully_shard  # noqa: TID253
from torch.distributed.tensor import DTensor, distribute_tensor  # noqa: TID253


def divide(model: Any, device: str, processes: int) -> None:
    """Divide `model` in place: each layer by itself, and what is outside of layers together.

    Gradients are added over the processes and not averaged, since each weighs its share already. Layers in few bits
    have been replaced by ones that can be cut (``weights/divisible.py``).
    """
    mesh = init_device_mesh(device, (processes,))
    for layer in _layers(model):
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)


def is_divided(model: Any) -> bool:
    """Whether :func:`divide` was done to `model`."""
    return isinstance(model, FSDPModule)


def whole(values: Any) -> Any:
    """A tensor whole: as it is, or gathered from all processes, which all have to ask."""
    return values.full_tensor() if isinstance(values, DTensor) else values


def put(target: Any, values: torch.Tensor) -> None:
    """Write whole `values` into a parameter; into a divided one, this process's part of them."""
    with torch.no_grad():
        target.copy_(_part_of(values, like=target))


def clip(model: Any, most: float) -> torch.Tensor:
    """Scale the gradients of a divided model down to a norm of at most `most`; the norm that they had, whole."""
    gradients = [one.grad.to_local() for one in model.parameters() if one.grad is not None]
    here = torch.nn.utils.get_total_norm(gradients)
    total = here.square()
    dist.all_reduce(total)
    norm = total.sqrt()
    if math.isfinite(float(norm)):
        torch.nn.utils.clip_grads_with_norm_([one for one in model.parameters() if one.grad is not None], most, norm)
    return norm


def optimizer_state(optimizer: Any, *, keep: bool) -> dict[str, Any]:
    """The optimizer's state with whole tensors in main memory; empty unless `keep`, but all processes have to ask."""
    state = optimizer.state_dict()
    kept: dict[Any, Any] = {}
    for at, entries in state["state"].items():
        gathered = {name: whole(value) for name, value in entries.items()}
        if keep:
            kept[at] = {name: value.cpu() if torch.is_tensor(value) else value for name, value in gathered.items()}
    return {**state, "state": kept} if keep else {}


def put_optimizer_state(optimizer: Any, state: Mapping[str, Any]) -> None:
    """Give an optimizer of divided parameters its part of a whole `state`."""
    parameters = [one for group in optimizer.param_groups for one in group["params"]]
    parts = {
        at: {
            name: _part_of(value, like=parameters[at])
            if torch.is_tensor(value) and value.shape == parameters[at].shape
            else value
            for name, value in entries.items()
        }
        for at, entries in state["state"].items()
    }
    optimizer.load_state_dict({**state, "state": parts})


def _part_of(values: torch.Tensor, like: Any) -> torch.Tensor:
    if not isinstance(like, DTensor):
        return values
    on = values.to(like.device)
    # Every process has the whole tensor already, so none is sent.
    return distribute_tensor(on, like.device_mesh, like.placements, src_data_rank=None)


def _layers(model: Any) -> Iterator[torch.nn.Module]:
    """The layers that transformers says are not to be torn apart, each once."""
    plain = model.get_base_model() if hasattr(model, "get_base_model") else model
    kinds = set(getattr(plain, "_no_split_modules", None) or ())
    for module in model.modules():
        if type(module).__name__ in kinds:
            yield module
