"""What this CPU does fast, and the two ways we use it: oneDNN for fp32 products, one thread a batch.

PyTorch sends fp32 matrix products to MKL, which takes its AVX2 path on CPUs that are not Intel's. oneDNN's fp32
kernels use AVX-512 on any CPU: 220 against 105 GFLOP/s on one core of an AMD EPYC (Zen 5), in a MiniLM's shapes.
PyTorch offers oneDNN for fp32 through ``mkldnn.matmul.fp32_precision = "bf16"``: permission to round to bf16, of
which oneDNN makes use only where the CPU has AMX tiles. There we leave MKL alone; elsewhere a probe against
float64 proves that nothing was rounded before the route is taken.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from tunewright.core.machine import field, flags

#: Errors of fp32 products stay under 1e-6 of the result's scale at these sizes; bf16 rounding makes them 2e-3.
FP32_ERROR = 1e-5


@contextmanager
def fast_fp32() -> Iterator[None]:
    """Within this block fp32 matrix products take the fastest route that is still fp32."""
    if not _onednn_is_fp32_and_faster():
        yield
        return
    with _onednn_allowed():
        yield


@cache
def _onednn_is_fp32_and_faster() -> bool:
    import torch

    vendor = field("vendor_id")
    switch: Any = torch.backends.mkldnn
    if (
        not switch.is_available()
        or vendor in ("", "GenuineIntel")
        or "avx512f" not in flags()
        or any("amx" in flag for flag in flags())
    ):
        return False
    generator = torch.Generator().manual_seed(0)
    left = torch.randn(64, 384, generator=generator)
    right = torch.randn(384, 256, generator=generator)
    exact = left.double() @ right.double()
    with _onednn_allowed():
        error = ((left @ right).double() - exact).abs().max() / exact.abs().max()
    return float(error) < FP32_ERROR


@contextmanager
def _onednn_allowed() -> Iterator[None]:
    import torch

    switch: Any = torch.backends.mkldnn
    before = switch.matmul.fp32_precision
    switch.matmul.fp32_precision = "bf16"
    try:
        yield
    finally:
        switch.matmul.fp32_precision = before


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Within this block PyTorch uses `count` threads inside one operation."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def return_memory() -> None:
    """Give memory that is free again back to the system.

    glibc keeps what threads freed for themselves; batches of many sizes leave gigabytes of it in pieces. Other
    C libraries have no ``malloc_trim`` and need none.
    """
    import ctypes
    import gc

    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
