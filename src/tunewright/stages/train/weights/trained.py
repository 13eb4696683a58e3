"""The parameters of a model that are trained: as optimizer groups, and by name, as a checkpoint keeps them.

Only the recipes import this file, inside the function that trains.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch  # noqa: TID253


def decayed(model: torch.nn.Module, names: Callable[[str], bool] = lambda _: True) -> list[dict[str, Any]]:
    """Optimizer groups of the trained parameters whose name `names` accepts: matrices decay, vectors do not."""
    trained = [parameter for name, parameter in model.named_parameters() if parameter.requires_grad and names(name)]
    groups: list[dict[str, Any]] = [
        {"params": [parameter for parameter in trained if parameter.ndim > 1]},
        {"params": [parameter for parameter in trained if parameter.ndim <= 1], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def trained_of(model: torch.nn.Module) -> Mapping[str, torch.Tensor]:
    """The trained parameters by name; of a divided model, this process's part of them."""
    return {
        name: parameter.detach().contiguous() for name, parameter in model.named_parameters() if parameter.requires_grad
    }
