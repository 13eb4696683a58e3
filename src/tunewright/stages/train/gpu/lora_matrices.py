"""What of a PEFT layer is plain LoRA: a frozen weight, in floating point or in 4 bits, and the two matrices beside it.

Functions that compute several such layers at once (``fused_ffn.py``, ``fused_qkv.py``) take them apart with this. Only
the recipes import this file, inside the function that trains.
"""

from typing import Any, NamedTuple

import torch  # noqa: TID253

from tunewright.stages.train.gpu.fp8 import FrozenWeight, Ready, fits
from tunewright.stages.train.gpu.fp8_format import Products

#: The units multiply at least 16 columns at a time, so smaller ranks are filled up with zeros.
LEAST_RANK = 16


class LoraMatrices(NamedTuple):
    """The adapter of one layer.

    Attributes:
        lora_a: first matrix, ``(R, in)``.
        lora_b: second matrix times the adapter's scale, ``(out, R)``.
    """

    lora_a: torch.Tensor
    lora_b: torch.Tensor


def frozen_weight(weights: list[Any], products: Products) -> "FrozenWeight | Nf4Weight":
    """Frozen weights ``(out, in)`` one above the other as one; those in 4 bits stay so."""
    if hasattr(weights[0], "quant_state"):
        return Nf4Weight(weights)
    return FrozenWeight(weights[0] if len(weights) == 1 else torch.cat(weights), products)


class Nf4Weight(torch.nn.Module):
    """Frozen weights that bitsandbytes holds in 4 bits, one above the other, widened to 16 bits for each product.

    Args:
        parts: quantized weights, each ``(out, in)`` with its `quant_state`.
    """

    def __init__(self, parts: list[Any]) -> None:
        super().__init__()
        self.parts = parts

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """`rows` ``(m, in)`` times the weight, ``(m, out)``, which is widened anew for the gradient."""
        out: torch.Tensor = _Widened.apply(rows, self)  # type: ignore[no-untyped-call]
        return out

    def ready(self) -> Ready:
        """The weight as products take it now."""
        from bitsandbytes.functional import dequantize_4bit

        if self.parts[0].device.type != "cuda" or torch.compiler.is_compiling():
            return Ready(torch.cat([dequantize_4bit(part.data, part.quant_state) for part in self.parts]))
        # Straight into their places, which bitsandbytes knows only on a GPU, and the compiler not at all.
        states = [part.quant_state for part in self.parts]
        rows = [state.shape[0] for state in states]
        wide = torch.empty(sum(rows), states[0].shape[1], dtype=states[0].dtype, device=self.parts[0].device)
        for part, state, here in zip(self.parts, states, torch.split(wide, rows), strict=True):
            dequantize_4bit(part.data, state, out=here)
        return Ready(wide)


class _Widened(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, frozen: Nf4Weight) -> torch.Tensor:
        ctx.frozen = frozen
        return rows @ frozen.ready().weight.t()

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        return gradients[0] @ ctx.frozen.ready().weight, None


def lora_matrices(layer: Any, dtype: torch.dtype) -> LoraMatrices:
    """The matrices of a layer's only adapter, of at least the least rank, in `dtype`; of no scale while it is off."""
    (name,) = layer.active_adapters
    scale = 0.0 if layer.disable_adapters else layer.scaling[name]
    lora_a, lora_b = layer.lora_A[name].weight, layer.lora_B[name].weight * scale
    short = -lora_a.shape[0] % LEAST_RANK
    if short:
        lora_a = torch.nn.functional.pad(lora_a, (0, 0, 0, short))
        lora_b = torch.nn.functional.pad(lora_b, (0, short))
    return LoraMatrices(lora_a.to(dtype), lora_b.to(dtype))


def is_plain(layer: Any) -> bool:
    """Whether an adapted layer computes weight times input, plus its adapter's two products, and nothing else."""
    from peft.tuners.lora import LoraLayer

    if not isinstance(layer, LoraLayer) or len(layer.active_adapters) != 1:
        return False
    name, frozen = layer.active_adapters[0], layer.base_layer
    still = isinstance(layer.lora_dropout[name], torch.nn.Identity) and not layer.lora_bias[name]
    plain = still and name not in layer.lora_variant
    return plain and (_is_nf4(frozen) or (type(frozen) is torch.nn.Linear and fits(frozen)))


def _is_nf4(frozen: Any) -> bool:
    """Whether a layer holds its weight in NF4, with sizes that the units take."""
    state = getattr(getattr(frozen, "weight", None), "quant_state", None)
    return state is not None and state.quant_type == "nf4" and frozen.in_features % 16 == frozen.out_features % 16 == 0
