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

from tunewright.models.unwrap import without_adapters


def shard_model(model: Any, device: str, processes: int) -> None:
    """Shard `model` in place: each layer by itself, and what is outside of layers together.

    Gradients are added over the processes and not averaged, since each weighs its share already. Layers in few bits
    have been replaced by ones that can be cut (``weights/shardable.py``).
    """
    mesh = init_device_mesh(device, (processes,))
    for layer in _layers(model):
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)


def is_sharded(model: Any) -> bool:
    """Whether :func:`shard_model` was done to `model`."""
    return isinstance(model, FSDPModule)


def unsharded(values: Any) -> Any:
    """A tensor whole: as it is, or gathered from all processes, which all have to ask."""
    return values.full_tensor() if isinstance(values, DTensor) else values


def copy_shard(target: Any, values: torch.Tensor) -> None:
    """Write whole `values` into a parameter; into a divided one, this process's part of them."""
    with torch.no_grad():
        target.copy_(_shard_of(values, like=target))


def clip_grad_norm(model: Any, max_norm: float) -> torch.Tensor:
    """Scale the gradients of a divided model down to a norm of at most `max_norm`; the norm that they had, whole."""
    trained = [parameter for parameter in model.parameters() if parameter.grad is not None]
    total = torch.nn.utils.get_total_norm([parameter.grad.to_local() for parameter in trained]).square()
    dist.all_reduce(total)
    norm = total.sqrt()
    if math.isfinite(float(norm)):
        torch.nn.utils.clip_grads_with_norm_(trained, max_norm, norm)
    return norm


def optimizer_state(optimizer: Any, *, keep: bool) -> dict[str, Any]:
    """The optimizer's state with whole tensors in main memory; empty unless `keep`, but all processes have to ask."""
    state = optimizer.state_dict()
    moments: dict[Any, Any] = {}
    for index, entries in state["state"].items():
        gathered = {name: unsharded(value) for name, value in entries.items()}
        if keep:
            moments[index] = {name: _in_main_memory(value) for name, value in gathered.items()}
    return {**state, "state": moments} if keep else {}


def load_optimizer_state(optimizer: Any, state: Mapping[str, Any]) -> None:
    """Give an optimizer of divided parameters its part of a whole `state`."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    shards = {
        index: {
            name: _shard_of(value, like=parameters[index])
            if torch.is_tensor(value) and value.shape == parameters[index].shape
            else value
            for name, value in entries.items()
        }
        for index, entries in state["state"].items()
    }
    optimizer.load_state_dict({**state, "state": shards})


def _in_main_memory(value: Any) -> Any:
    """`value`, a tensor of which is copied to the CPU."""
    return value.cpu() if torch.is_tensor(value) else value


def _shard_of(values: torch.Tensor, like: Any) -> torch.Tensor:
    """This process's part of whole `values`, placed as the parameter `like` is; `values` where that one is whole."""
    if not isinstance(like, DTensor):
        return values
    # Every process has the whole tensor already, so none is sent.
    return distribute_tensor(values.to(like.device), like.device_mesh, like.placements, src_data_rank=None)


def _layers(model: Any) -> Iterator[torch.nn.Module]:
    """The layers that transformers says are not to be torn apart, each once."""
    plain = without_adapters(model)
    kinds = set(getattr(plain, "_no_split_modules", None) or ())
    for module in model.modules():
        if type(module).__name__ in kinds:
            yield module
