"""Muon for the matrices and Adam for the rest, on fp32 masters of bf16 weights.

Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon) steps along the momentum made orthogonal by five
Newton-Schulz iterations; matrices of one shape go through them together. Updates are scaled by 0.2 √(longer side), the
size of Adam's, so both take one learning rate (Liu et al. 2025, arXiv 2502.16982, § 2.2). ``pretrain --compare`` trains
both at two rates each and goes on with the best; the figures are in the results.
"""
# ruff: noqa: TID253 (this file is imported only where a model is trained)

from collections import defaultdict
from typing import Any

import torch
from torch import Tensor

#: Coefficients of the quintic iteration, as published with Muon.
QUINTIC = (3.4445, -4.7750, 2.0315)
MOMENTUM = 0.95
BETAS = (0.9, 0.95)
EPSILON = 1e-10
WEIGHT_DECAY = 0.1
MOST_NORM = 1.0


def orthogonal(matrices: Tensor, steps: int = 5) -> Tensor:
    """`(n, rows, columns)` with the singular values of each moved to about 1."""
    a, b, c = QUINTIC
    x = matrices.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        square = x @ x.mT
        x = a * x + (b * square + c * (square @ square)) @ x
    return x.mT if tall else x


class Optimizer:
    """Keeps fp32 masters, steps them, and writes them back into the model's own weights."""

    def __init__(self, model: Any, *, muon: bool = True) -> None:
        matrices: dict[tuple[int, ...], list[Any]] = defaultdict(list)
        self.others: list[Any] = []
        for name, weight in model.named_parameters():
            if muon and weight.ndim == 2 and ".layers." in name:
                matrices[tuple(weight.shape)].append(weight)
            else:
                self.others.append(weight)
        self.groups = list(matrices.values())
        self.masters = [torch.stack([w.detach().float() for w in group]) for group in self.groups]
        self.momenta = [torch.zeros_like(master) for master in self.masters]
        self.other_masters = [w.detach().float().clone() for w in self.others]
        self.first = [torch.zeros_like(w) for w in self.other_masters]
        self.second = [torch.zeros_like(w) for w in self.other_masters]
        self.steps = 0

    @torch.no_grad()
    def step(self, rate: float) -> Tensor:
        """One step with learning rate `rate` from the weights' gradients, which are then dropped; their norm."""
        self.steps += 1
        grads = [torch.stack([w.grad for w in group]).float() for group in self.groups]
        others = [w.grad.float() for w in self.others]
        norm = torch.stack(torch._foreach_norm([*grads, *others])).norm()
        scale = (MOST_NORM / (norm + 1e-6)).clamp(max=1.0)
        for group, master, momentum, grad in zip(self.groups, self.masters, self.momenta, grads, strict=True):
            momentum.lerp_(grad * scale, 1 - MOMENTUM)
            ahead = (grad * scale).lerp_(momentum, MOMENTUM)
            size = 0.2 * max(master.shape[-2:]) ** 0.5
            master.mul_(1 - rate * WEIGHT_DECAY).add_(orthogonal(ahead), alpha=-rate * size)
            torch._foreach_copy_(group, list(master.unbind(0)))
        self._adam([grad * scale for grad in others], rate)
        for weight in (*self.others, *(w for group in self.groups for w in group)):
            weight.grad = None
        return norm

    def _adam(self, grads: list[Tensor], rate: float) -> None:
        fast, slow = BETAS
        torch._foreach_lerp_(self.first, grads, 1 - fast)
        torch._foreach_mul_(self.second, slow)
        torch._foreach_addcmul_(self.second, grads, grads, 1 - slow)
        for master, first, second in zip(self.other_masters, self.first, self.second, strict=True):
            if master.ndim == 2 and self.groups == []:
                master.mul_(1 - rate * WEIGHT_DECAY)
            mean = first / (1 - fast**self.steps)
            spread = (second / (1 - slow**self.steps)).sqrt() + EPSILON
            master.addcdiv_(mean, spread, value=-rate)
        torch._foreach_copy_(self.others, self.other_masters)
