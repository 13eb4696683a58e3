"""How this machine computes a run: device, number format and threads, decided once and written down first.

A resumed run must compute as it began, or its weights would differ in the last bits; so the decision is a file in
the work folder before the first step is taken.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from tunewright.core.files import publish_text
from tunewright.core.frozen import Frozen
from tunewright.core.machine import cores, flags
from tunewright.models import cpu
from tunewright.stages.train.distributed.process_group import ALONE, ProcessGroup

FILE = "machine.json"
#: bf16 must win by more than timing noise before it is worth its rounding.
WORTH = 1.15


class Machine(Frozen):
    """How a run is computed.

    Attributes:
        device: ``cpu`` or ``cuda``.
        precision: ``bf16`` is autocast around fp32 weights.
        threads: threads inside one operation.
        why: the reason for the precision, in words.
    """

    device: Literal["cpu", "cuda"]
    precision: Literal["fp32", "bf16"]
    threads: int
    why: str

    @property
    def decisions(self) -> dict[str, str]:
        """This, as lines of a run's environment."""
        return {
            "device": self.device,
            "precision": f"{self.precision}: {self.why}",
            "threads": str(self.threads),
        }


def decide(work: Path, group: ProcessGroup = ALONE) -> Machine:
    """The decision kept in `work`, made now when there is none; processes of `group` on a machine share its threads."""
    path = work / FILE
    if group.is_leader and not path.exists():
        publish_text(path, _decided().model_dump_json(indent=2) + "\n")
    group.barrier()
    machine = Machine.model_validate(json.loads(path.read_text(encoding="utf-8")))
    return machine.model_copy(update={"threads": max(machine.threads // group.local_size, 1)})


@contextmanager
def computing(machine: Machine) -> Iterator[None]:
    """Within this block PyTorch computes as decided: on a CPU with deterministic algorithms, on a GPU with the fastest.

    The last bits of a run on a GPU are not promised: its attention and its adapters' gradients are summed in an order
    that changes, and making it fixed would also fill every new tensor first.
    """
    with _on_gpu() if machine.device == "cuda" else _on_cpu(machine):
        yield


@contextmanager
def _on_cpu(machine: Machine) -> Iterator[None]:
    """Deterministic algorithms where there are any, on the machine's threads."""
    import torch

    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with cpu.threads(machine.threads), cpu.fast_fp32():
            yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])


@contextmanager
def _on_gpu() -> Iterator[None]:
    """The attention of cuDNN first, where it can: on an H200 it runs at 460 TFLOP/s forward and 415 backward."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    first = [SDPBackend.CUDNN_ATTENTION, SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
    # Around the backward pass too, where layers are computed again and must find the very same kernels.
    with sdpa_kernel(first, set_priority=True):
        yield


def _decided() -> Machine:
    """How this machine computes a run; on a CPU with AMX after measuring."""
    import torch

    if torch.cuda.is_available():
        bf16 = torch.cuda.is_bf16_supported()
        why = "the GPU has bf16 units" if bf16 else "the GPU has no bf16 units"
        return Machine(device="cuda", precision="bf16" if bf16 else "fp32", threads=cores(), why=why)
    if "amx_bf16" not in flags():
        return Machine(device="cpu", precision="fp32", threads=cores(), why="this CPU has no AMX tiles")
    with cpu.threads(cores()):
        gain = _bf16_gain(torch)
    precision: Literal["fp32", "bf16"] = "bf16" if gain >= WORTH else "fp32"
    return Machine(
        device="cpu",
        precision=precision,
        threads=cores(),
        why=f"bf16 measured {gain:.2f} × as fast, {WORTH} asked for",
    )


def _bf16_gain(torch: Any) -> float:
    """How many times faster a layer's products are in bf16, forward and backward; best of several each."""
    layer = torch.nn.Sequential(torch.nn.Linear(384, 1536), torch.nn.GELU(), torch.nn.Linear(1536, 384))
    rows = torch.randn(512, 384)

    def seconds(enabled: bool) -> float:
        best = float("inf")
        for _ in range(8):
            started = time.perf_counter()
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
                loss = layer(rows).float().square().mean()
            loss.backward()
            best = min(best, time.perf_counter() - started)
        return best

    return seconds(enabled=False) / seconds(enabled=True)
