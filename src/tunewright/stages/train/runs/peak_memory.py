"""The most memory that a stretch of work took: on the GPU as PyTorch counts it, else the process as Linux counts it."""

from pathlib import Path

#: Writing 5 here sets the process's high-water mark back to what it holds now (proc(5)).
RESET = Path("/proc/self/clear_refs")
#: psutil tells no peak on Linux, and getrusage's cannot be set back and starts at that of the process before exec.
STATUS = Path("/proc/self/status")


def restart(device: str) -> bool:
    """Begin a new stretch; whether its peak can be told on this machine."""
    if device == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()
        return True
    try:
        RESET.write_text("5", encoding="ascii")
    except OSError:  # not Linux, or not allowed: the mark would be that of everything before
        return False
    return True


def peak_gb(device: str) -> float | None:
    """Gigabytes (10⁹ bytes) at the peak since :func:`restart`; None where nobody counts."""
    if device == "cuda":
        import torch

        return float(torch.cuda.max_memory_allocated()) / 1e9
    lines = STATUS.read_text(encoding="ascii").splitlines() if STATUS.exists() else []
    peak = next((line.split() for line in lines if line.startswith("VmHWM:")), None)
    return int(peak[1]) * 1024 / 1e9 if peak else None


def free_gb(device: str) -> float:
    """Gigabytes that are free now."""
    if device == "cuda":
        import torch

        return float(torch.cuda.mem_get_info()[0]) / 1e9
    import psutil

    return float(psutil.virtual_memory().available) / 1e9


def lacking(parameters: int, device: str) -> str:
    """Why a model of so many parameters cannot be tuned whole: weights, gradients and two moments in fp32, 16 bytes."""
    needed, free = 16 * parameters / 1e9, free_gb(device)
    if needed <= free:
        return ""
    return f"it needs about {needed:,.1f} GB beside the base, and {free:,.1f} GB are free"
