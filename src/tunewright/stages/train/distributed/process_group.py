"""Several processes that train one model together: who they are, and what they agree on.

They are started with RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT in their environment, as torchrun does
it, or inside a process group that Ray Train made. Every process walks through the same recipe on the same rows. The
first one alone writes and speaks; what depends on a clock, a file or a person is decided there and told to the others,
because processes that disagree on what comes next would wait for each other for ever.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

Value = TypeVar("Value")

#: While the group lasts these are hidden, or transformers' Trainer would make processes of its own kind out of us.
HIDDEN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
#: How long a process waits for the others: a checkpoint of a large model is written meanwhile.
WAIT = timedelta(minutes=30)


class NonLeaderDone(Exception):
    """The part of a process that is not the leader is done; what is left to do, the leader does alone."""


@dataclass(frozen=True)
class ProcessGroup:
    """The processes of a run, seen from one of them; a run in one process is a group of one.

    Attributes:
        rank: this process's number, from 0.
        size: how many there are.
        local_size: how many of them are on this machine.
        gloo: a gloo group for what they agree on; tensors of a model go through the default group.
    """

    rank: int = 0
    size: int = 1
    local_size: int = 1
    gloo: Any = None

    @property
    def is_leader(self) -> bool:
        """Whether this process writes and speaks."""
        return self.rank == 0

    @property
    def is_alone(self) -> bool:
        """Whether there is no other process."""
        return self.size == 1

    def barrier(self) -> None:
        """Go on when all are here."""
        if not self.is_alone:
            import torch.distributed as dist

            dist.barrier(group=self.gloo)

    def broadcast(self, value: Value) -> Value:
        """The leader's `value`, in all of them."""
        if self.is_alone:
            return value
        import torch.distributed as dist

        values = [value if self.is_leader else None]
        dist.broadcast_object_list(values, src=0, group=self.gloo)
        return values[0]  # type: ignore[return-value]

    def any_rank(self, *flags: bool) -> tuple[bool, ...]:
        """Each flag, true when it is true in any process."""
        if self.is_alone:
            return flags
        return tuple(bool(value) for value in self._all_reduced([float(flag) for flag in flags], "MAX"))

    def all_reduce_sum(self, *numbers: float) -> tuple[float, ...]:
        """Each number, added over all processes in float64."""
        return numbers if self.is_alone else tuple(self._all_reduced(numbers, "SUM"))

    def shard(self, items: Sequence[Value]) -> list[tuple[Value, bool]]:
        """This process's share of `items`, and whether each counts.

        All processes have equally many, because a sharded model is computed by all at once; whoever has one item less
        repeats the first one, which does not count.
        """
        assert items
        own = [(item, True) for item in items[self.rank :: self.size]]
        padding = -(-len(items) // self.size) - len(own)
        return [*own, *[(items[0], False)] * padding]

    def all_reduce_gradients(self, gradients: Sequence[Any]) -> None:
        """Add each tensor over all processes, in place; all of them in one message."""
        if self.is_alone or not gradients:
            return
        import torch
        import torch.distributed as dist

        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat)
        start = 0
        for gradient in gradients:
            gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
            start += gradient.numel()

    def _all_reduced(self, numbers: Sequence[float], operation: str) -> list[float]:
        """Each number over all processes, by the name of one of PyTorch's reductions, in float64."""
        import torch
        import torch.distributed as dist

        values = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(values, op=getattr(dist.ReduceOp, operation), group=self.gloo)
        return values.tolist()


#: The group of a run in one process.
ALONE = ProcessGroup()


@contextmanager
def init_process_group() -> Iterator[ProcessGroup]:
    """Within this block this process is one of the group that its environment names, which is what is yielded."""
    import torch
    import torch.distributed as dist

    ours = not dist.is_initialized()  # Ray Train has made one
    if ours:
        see_one_gpu()
        gpu = torch.cuda.is_available()
        dist.init_process_group("cpu:gloo,cuda:nccl" if gpu else "gloo", timeout=WAIT)
    group = ProcessGroup(
        rank=dist.get_rank(),
        size=dist.get_world_size(),
        local_size=int(os.environ.get("LOCAL_WORLD_SIZE", "1")),
        gloo=dist.new_group(backend="gloo", timeout=WAIT),
    )
    hidden = {name: os.environ.pop(name) for name in HIDDEN if name in os.environ}
    try:
        yield group
    finally:
        os.environ.update(hidden)
    if ours:  # not after an error: others that are still computing would be waited for
        dist.destroy_process_group()


def see_one_gpu() -> None:
    """Hide the others' GPUs: the Trainer, which believes to be alone, would take the first one of the machine."""
    visible, local = os.environ.get("CUDA_VISIBLE_DEVICES"), int(os.environ.get("LOCAL_RANK", "0"))
    names = None if visible is None else visible.split(",")
    if names is None or local < len(names):
        os.environ["CUDA_VISIBLE_DEVICES"] = names[local] if names else str(local)
