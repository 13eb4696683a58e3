"""What a run was made with: versions of what computed it, and the machine."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from tunewright.core import machine
from tunewright.core.version import __version__
from tunewright.stages.train.distributed.process_group import team

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


def environment(decisions: Mapping[str, str]) -> dict[str, str]:
    """Package versions, the machine, and what was decided for it, such as precision and threads."""
    import torch

    found = {"tunewright": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    found["system"] = f"{platform.system()} {platform.machine()}"
    found["cpu"] = f"{machine.name()}, {machine.cores()} cores"
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name(0)
        found["cuda"] = str(torch.version.cuda)
    if not team().alone:
        found["processes"] = f"{team().size}, {team().here} of them on this machine"
    return {**found, **decisions}
