"""Query, key and value of an attention layer, frozen weights and adapters, as one product.

All three read the same hidden states. Apart, each reads them again, for its adapter and for its adapter's gradient, and
what the three give back is summed from six parts. As one, the hidden states are read once and rounded once, and there
is one sum. What is computed is the same but for rounding: a gradient in fp8 has one scale a row for all three.

Shapes: T tokens of a batch in one line, D width of a hidden state, R rank of the adapters; Q, K and V are the widths of
query, key and value.

The compiler sees through it. Only the recipes import this file, inside the function that trains.
"""

import functools
from typing import Any

import torch  # noqa: TID253

from tunewright.stages.train.gpu.attention import FAMILIES
from tunewright.stages.train.gpu.fp8_format import Products
from tunewright.stages.train.gpu.lora_matrices import LoraMatrices, frozen_weight, is_plain, lora_matrices

PARTS = ("q_proj", "k_proj", "v_proj")


class FusedQkv(torch.nn.Module):
    """The frozen weights of the three, one above the other, and their biases.

    Args:
        layers: the adapted layers, in the order of :data:`PARTS`.
        products: which products are in fp8.
    """

    bias: torch.Tensor | None

    def __init__(self, layers: list[Any], products: Products) -> None:
        super().__init__()
        bases = [layer.base_layer for layer in layers]
        self.widths = [base.out_features for base in bases]
        self.frozen = frozen_weight([base.weight for base in bases], products)
        biases = [base.bias.detach() for base in bases if base.bias is not None]
        self.register_buffer("bias", torch.cat(biases) if biases else None, persistent=False)
        #: Key and value, from when query was asked for until they are.
        self.waiting: list[torch.Tensor] = []

    def forward(self, values: torch.Tensor, adapters: list[LoraMatrices]) -> list[torch.Tensor]:
        """What the three layers give for ``(…, D)``: ``(…, Q)``, ``(…, K)`` and ``(…, V)``.

        Args:
            values: hidden states.
            adapters: of each layer.
        """
        x = values.reshape(-1, values.shape[-1])
        qkv = self.frozen(x)
        if self.bias is not None:
            qkv = qkv + self.bias
        x_a = x @ torch.cat([adapter.lora_a for adapter in adapters]).t()  # (T, 3R)
        # One pass over what is wide; that two thirds of this matrix are zeros costs less than two more passes.
        lora_b = torch.block_diag(*(adapter.lora_b for adapter in adapters))  # type: ignore[no-untyped-call]
        # Summed in fp32, or the compiler would make an addmm of it, which copies `qkv` first.
        qkv = (qkv.float() + x_a @ lora_b.t()).to(x_a.dtype)
        *others, value = (part.reshape(*values.shape[:-1], -1) for part in torch.split(qkv, self.widths, dim=1))
        # Value is kept for the gradient as it is; a view of it would keep all three.
        return [*others, value.contiguous()]


class _Query:
    """The forward of query: it computes all three."""

    fused: FusedQkv
    fused_layers: list[Any]

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        adapters = [lora_matrices(layer, values.dtype) for layer in self.fused_layers]
        qkv: list[torch.Tensor] = self.fused(values, adapters)
        self.fused.waiting = qkv[1:]
        return qkv[0]


class _Next:
    """The forward of key and of value, which transformers asks for in this order."""

    fused: FusedQkv

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        key_or_value, *self.fused.waiting = self.fused.waiting
        return key_or_value


@functools.cache
def _with(forward: Any, layer: Any) -> Any:
    """The class `layer` with the forward of another one.

    The compiler compiles once for all layers of a model only where what they compute is a method of their class.
    """
    return type(f"{layer.__name__}{forward.__name__}", (forward, layer), {})


def fuse_qkv(model: Any, products: Products) -> int:
    """Let query, key and value of every attention layer of a PEFT model compute as one; how many layers do.

    The frozen weights move into a :class:`FusedQkv`. All three layers must be plain LoRA, and the model of a family
    whose attention is known to ask for query, key and value of the same hidden states; others are left alone.
    """
    if model.get_base_model().config.model_type not in FAMILIES:
        return 0
    changed = 0
    for module in model.modules():
        layers: list[Any] = [getattr(module, name, None) for name in PARTS]
        if not all(map(is_plain, layers)) or len({layer.base_layer.bias is None for layer in layers}) > 1:
            continue
        fused = FusedQkv(layers, products)
        for layer in layers:
            layer.base_layer = torch.nn.Identity()
            layer.__class__ = _with(_Query if layer is layers[0] else _Next, type(layer))  # type: ignore[arg-type]
            layer.fused = fused
        layers[0].fused_layers = layers
        changed += 1
    return changed
