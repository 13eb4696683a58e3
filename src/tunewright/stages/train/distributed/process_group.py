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


class Helped(Exception):
    """The part of a process that is not the first is done; what is left to do, the first does alone."""


class Idle(dict[str, Any]):
    """A batch that is computed and counts for nothing, because the others have one more and wait for each other."""


@dataclass(frozen=True)
class Team:
    """The processes of a run, seen from one of them; a run in one process is a team of one.

    Attributes:
        rank: this process's number, from 0.
        size: how many there are.
        here: how many of them are on this machine.
        group: a gloo group for what they agree on; tensors of a model go through the default group.
    """

    rank: int = 0
    size: int = 1
    here: int = 1
    group: Any = None

    @property
    def first(self) -> bool:
        """Whether this process writes and speaks."""
        return self.rank == 0

    @property
    def alone(self) -> bool:
        """Whether there is no other process."""
        return self.size == 1

    def wait(self) -> None:
        """Go on when all are here."""
        if not self.alone:
            import torch.distributed as dist

            dist.barrier(group=self.group)

    def agreed(self, value: Value) -> Value:
        """The first process's `value`, in all of them."""
        if self.alone:
            return value
        import torch.distributed as dist

        told = [value if self.first else None]
        dist.broadcast_object_list(told, src=0, group=self.group)
        return told[0]  # type: ignore[return-value]

    def any(self, *flags: bool) -> tuple[bool, ...]:
        """Each flag, true when it is true in any process."""
        return flags if self.alone else tuple(bool(one) for one in self._reduced([float(one) for one in flags], "MAX"))

    def summed(self, *numbers: float) -> tuple[float, ...]:
        """Each number, added over all processes in float64."""
        return numbers if self.alone else tuple(self._reduced(numbers, "SUM"))

    def turns(self, items: Sequence[Value]) -> list[tuple[Value, bool]]:
        """This process's share of `items`, and whether each counts.

        All processes have equally many turns, because a divided model is computed by all at once; whoever has one
        item less repeats the first one, which does not count.
        """
        assert items
        mine = [(one, True) for one in items[self.rank :: self.size]]
        idle = -(-len(items) // self.size) - len(mine)
        return [*mine, *[(items[0], False)] * idle]

    def add_up(self, tensors: Sequence[Any]) -> None:
        """Add each tensor over all processes, in place."""
        if self.alone or not tensors:
            return
        import torch
        import torch.distributed as dist

        together = torch.cat([one.reshape(-1) for one in tensors])
        dist.all_reduce(together)
        start = 0
        for one in tensors:
            one.copy_(together[start : start + one.numel()].view_as(one))
            start += one.numel()

    def _reduced(self, numbers: Sequence[float], how: str) -> list[float]:
        import torch
        import torch.distributed as dist

        values = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(values, op=getattr(dist.ReduceOp, how), group=self.group)
        return values.tolist()


SOLO = Team()
_present = [SOLO]


def team() -> Team:
    """The processes that this one trains with."""
    return _present[-1]


@contextmanager
def joined() -> Iterator[Team]:
    """Within this block this process is one of the team that its environment names."""
    import torch
    import torch.distributed as dist

    ours = not dist.is_initialized()  # Ray Train has made one
    if ours:
        see_one_gpu()
        gpu = torch.cuda.is_available()
        dist.init_process_group("cpu:gloo,cuda:nccl" if gpu else "gloo", timeout=WAIT)
    one = Team(
        rank=dist.get_rank(),
        size=dist.get_world_size(),
        here=int(os.environ.get("LOCAL_WORLD_SIZE", "1")),
        group=dist.new_group(backend="gloo", timeout=WAIT),
    )
    hidden = {name: os.environ.pop(name) for name in HIDDEN if name in os.environ}
    _present.append(one)
    try:
        yield one
    finally:
        _present.pop()
        os.environ.update(hidden)
    if ours:  # not after an error: others that are still computing would be waited for
        dist.destroy_process_group()


def see_one_gpu() -> None:
    """Hide the others' GPUs: the Trainer, which believes to be alone, would take the first one of the machine."""
    visible, local = os.environ.get("CUDA_VISIBLE_DEVICES"), int(os.environ.get("LOCAL_RANK", "0"))
    names = None if visible is None else visible.split(",")
    if names is None or local < len(names):
        os.environ["CUDA_VISIBLE_DEVICES"] = names[local] if names else str(local)


def step(job: Any, model: Any, parts: Sequence[Any], counts: Sequence[bool], with_: Team) -> Any:
    """Gradients of one optimizer step whose rows are divided among processes, and its loss, the same in all of them.

    Both are of the whole step: each part weighs what its rows or tokens are of those of all processes. The gradients of
    a divided model are added by FSDP2, part by part; those of a model that each process has whole, here.

    Args:
        job: loss and size of a batch.
        model: the module.
        parts: this process's parts, as many as every other process has.
        counts: which of them count.
        with_: the processes.
    """
    import torch.distributed as dist

    from tunewright.stages.train.distributed.sharding import is_divided

    sizes = [job.size(part) if counted else 0 for part, counted in zip(parts, counts, strict=True)]
    (total,) = with_.summed(sum(sizes))
    loss = None
    for part, size in zip(parts, sizes, strict=True):
        share = job.loss(model, part) * (size / total)
        share.backward()
        loss = share.detach() if loss is None else loss + share.detach()
    assert loss is not None
    if not is_divided(model):
        trained = [one for one in model.parameters() if one.requires_grad]
        with_.add_up([one.grad for one in trained])
    dist.all_reduce(loss)
    return loss
