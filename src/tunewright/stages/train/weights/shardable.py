"""Layers in 4 or 8 bits whose weights FSDP2 can cut: the same codes and scales, as plain parameters.

bitsandbytes hangs what a weight means on the weight itself, and that is lost when FSDP2 puts its own tensor there. Here
codes are parameters, which are cut, and so are the scales of blocks; what is a thousandth of that stays whole. A weight
is read while its layer is gathered, in the forward and again in the backward pass.

Only the recipes import this file, inside the function that trains.
"""

import copy
from typing import Any

import torch  # noqa: TID253

from tunewright.stages.train.weights.quantized import Product, layers_in_bits, widened


def make_shardable(model: torch.nn.Module) -> None:
    """Put such a layer in the place of each quantized one of `model`."""
    for name, layer in list(layers_in_bits(model)):
        parent, _, own = name.rpartition(".")
        four = hasattr(layer.weight, "quant_state")
        setattr(model.get_submodule(parent), own, ShardableNf4(layer) if four else ShardableInt8(layer))


class ShardableNf4(torch.nn.Module):
    """A frozen linear layer in 4 bits.

    Args:
        layer: bitsandbytes' own, on its device.
    """

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self._state = copy.copy(layer.weight.quant_state)
        self.codes = torch.nn.Parameter(layer.weight.data.reshape(-1), requires_grad=False)
        self.scales = torch.nn.Parameter(self._state.absmax, requires_grad=False)
        self._state.absmax = None  # the parameter is the only one who holds it
        self.bias, self.dtype = layer.bias, layer.compute_dtype or torch.float32

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """`values` ``(…, in)`` times the weight, ``(…, out)``."""
        out: torch.Tensor = Product.apply(values.to(self.dtype), self.dequantize)  # type: ignore[no-untyped-call]
        return (out if self.bias is None else out + self.bias).to(values.dtype)

    def dequantize(self) -> torch.Tensor:
        """The weight, ``(out, in)``; PEFT (DoRA's lengths) asks for it by this name."""
        from bitsandbytes.functional import dequantize_4bit

        state = copy.copy(self._state)
        state.absmax = self.scales.data
        if self.codes.device.type != "cuda":
            return widened(self.codes.data, state)
        wide: torch.Tensor = dequantize_4bit(self.codes.data.reshape(-1, 1), state)
        return wide

    @property
    def W_q(self) -> torch.Tensor:  # noqa: N802
        """By this name PEFT knows a layer that is to be asked."""
        return self.codes


class ShardableInt8(torch.nn.Module):
    """A frozen linear layer in 8 bits, whose inputs are rounded too (LLM.int8).

    Args:
        layer: bitsandbytes' own, on its device.
    """

    scales: torch.Tensor

    def __init__(self, layer: Any) -> None:
        super().__init__()
        if layer.weight.CB is not None:
            layer.init_8bit_state()
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self._state = copy.copy(layer.state)
        self.codes = torch.nn.Parameter(self._state.CB, requires_grad=False)
        self.register_buffer("scales", self._state.SCB, persistent=False)
        self._state.CB = self._state.SCB = None
        self.bias = layer.bias
        self.train(layer.training)  # on a CPU inputs are rounded only where it is not being trained

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """`values` ``(…, in)`` times the weight, ``(…, out)``."""
        from bitsandbytes import matmul

        state = copy.copy(self._state)
        state.CB, state.SCB, state.is_training = self.codes, self.scales, self.training
        out: torch.Tensor = matmul(values, self.codes, bias=self.bias, state=state)
        return out

    def dequantize(self) -> torch.Tensor:
        """The weight, ``(out, in)``, in fp32; PEFT (DoRA's lengths) asks for it by this name."""
        return self.codes.data.float() * (self.scales.float() / 127).unsqueeze(1)

    @property
    def W_q(self) -> torch.Tensor:  # noqa: N802
        """By this name PEFT knows a layer that is to be asked."""
        return self.codes
