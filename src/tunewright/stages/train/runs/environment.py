"""What a run was made with: versions of what computed it, and the machine."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from tunewright.core import machine
from tunewright.core.version import __version__
from tunewright.stages.train.distributed.process_group import ALONE, ProcessGroup

PACKAGES = (
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "bitsandbytes",
    "torchao",
    "tokenizers",
    "safetensors",
    "numpy",
    "polars",
)


def environment(decisions: Mapping[str, str], group: ProcessGroup = ALONE) -> dict[str, str]:
    """Package versions, the machine, the processes of `group`, and what was decided, such as precision and threads."""
    import torch

    lines = {"tunewright": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            lines[package] = version(package)
        except PackageNotFoundError:
            lines[package] = "not installed"
    lines["system"] = f"{platform.system()} {platform.machine()}"
    lines["cpu"] = f"{machine.name()}, {machine.cores()} cores"
    if torch.cuda.is_available():
        lines["gpu"] = torch.cuda.get_device_name(0)
        lines["cuda"] = str(torch.version.cuda)
    if not group.is_alone:
        lines["processes"] = f"{group.size}, {group.local_size} of them on this machine"
    return {**lines, **decisions}
