"""The machine that this runs on: processor, cores and memory."""

from functools import cache
from pathlib import Path


@cache
def flags() -> frozenset[str]:
    """The CPU's feature flags in /proc/cpuinfo, which psutil does not tell; empty where there is none."""
    return frozenset(field("flags").split())


@cache
def machine() -> str:
    """Processor, cores and memory in one line, for reports."""
    import platform

    import psutil

    memory = psutil.virtual_memory().total / 2**30
    return f"{name()}, {cores()} cores, {memory:.0f} GiB, {platform.system()}"


@cache
def name() -> str:
    """The CPU's name, such as ``AMD EPYC``."""
    return field("model name") or "unknown CPU"


def field(key: str) -> str:
    """The first value of `key` in /proc/cpuinfo; empty where there is none."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return ""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")


def cores() -> int:
    """Cores this process may use."""
    import os

    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else (os.cpu_count() or 1)


#: Files that the driver of a GPU makes: NVIDIA's, Windows' below Linux, and AMD's.
GPU_DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")


@cache
def has_gpu() -> bool:
    """Whether PyTorch would compute on a GPU here; without a driver it is not even imported to be asked."""
    if not any(Path(driver).exists() for driver in GPU_DRIVERS):
        return False
    import torch

    return torch.cuda.is_available()
