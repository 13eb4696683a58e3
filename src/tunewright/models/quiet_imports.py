"""Libraries that transformers and PEFT import by themselves where they are installed: quiet, and fetching no code.

torchao and bitsandbytes are imported whatever the method, and say what they miss. On a CPU with AVX-512 BF16 the import
of bitsandbytes besides loads a kernel through the package ``kernels``, where that is installed: compiled code of
somebody's repository on the Hub, for repacked layers that are not used here.
"""

import importlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

#: Who tells of compiled parts that are not there, of enums, and at every 8-bit product that its input is cast.
TALKERS = (
    "torchao",
    "torch.utils._pytree",
    "bitsandbytes.backends.cpu.ops",
    "bitsandbytes.autograd._functions",
)


@contextmanager
def hushed() -> Iterator[None]:
    """Within this block those libraries do not chatter."""
    talkers = [logging.getLogger(name) for name in TALKERS]
    before = [talker.level for talker in talkers]
    for talker in talkers:
        talker.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for talker, level in zip(talkers, before, strict=True):
            talker.setLevel(level)


@contextmanager
def unassisted() -> Iterator[None]:
    """Within this block they do not chatter, and bitsandbytes is imported without fetching compiled code."""
    with hushed():
        _import_without_kernels("bitsandbytes")
        yield


def _import_without_kernels(name: str) -> None:
    if name in sys.modules or "kernels" in sys.modules or find_spec(name) is None:
        return
    sys.modules["kernels"] = None  # type: ignore[assignment]  # an import of it now fails
    try:
        importlib.import_module(name)
    finally:
        del sys.modules["kernels"]
