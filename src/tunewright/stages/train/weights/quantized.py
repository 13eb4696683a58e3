"""A base loaded in 4 or 8 bits by bitsandbytes, and the float base with the same rounded weights.

Only the recipes import this file, inside the function that trains.
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch  # noqa: TID253

from tunewright.models.causal_lm import CausalLM
from tunewright.stages.train.gpu import attention

Bits = Literal[4, 8]
Precision = Literal["bf16", "fp32"]


def load_quantized(
    folder: Path, *, device: str, bits: Bits, max_tokens: int = 0, precision: Precision = "bf16"
) -> CausalLM:
    """The model in `folder` with its linear layers, the output's excepted, in 4 or 8 bits.

    4 bits are NF4 with the block scales quantized in their turn (Dettmers et al. 2023, arXiv 2305.14314);
    transformers' own default is FP4, which is coarser. 8 bits are LLM.int8 (Dettmers et al. 2022, arXiv 2208.07339):
    one scale a row, inputs rounded to 8 bits as well. Everything else is bf16 on a GPU that has it, fp32 elsewhere.

    The layers keep their weights as they were quantized: on a CPU with AVX-512 BF16 bitsandbytes 0.50 would repack
    them at the first forward without gradients, after which a dequantization is silently garbage.

    Args:
        folder: the model's files.
        device: where it goes.
        bits: of a weight.
        max_tokens: of a chat that it is trained on; 0 when it is not.
        precision: of what is not in few bits; bf16 stands for fp32 where the device has none.
    """
    dtype = compute_dtype(device, precision)
    loaded = CausalLM.load(
        folder,
        device=device,
        loading={
            "quantization_config": _config(bits, dtype),
            "dtype": dtype,
            "device_map": {"": device},
            **(attention.loading(folder, device, max_tokens) if max_tokens else {}),
        },
    )
    for _, layer in layers_in_bits(loaded.model):
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            layer.support_avx512bf16_for_cpu = False
            if device == "cpu" and not torch.allclose(dequantized(layer), _widened(layer), rtol=1e-4, atol=0):
                layer.forward = _Forward(layer)
                # Where there is a `W_q`, PEFT (DoRA's lengths) asks the layer itself for its weights.
                layer.W_q, layer.dequantize = layer.weight.data, partial(_widened, layer)
    return loaded


def load_dequantized(folder: Path, *, device: str, bits: Bits, precision: Precision = "bf16") -> Any:
    """The model in `folder` in fp32, its linear layers holding the values that :func:`load_quantized` rounds them to.

    Both are read anew from the files: whatever happened to a model that trained or answered is not in here.

    Args:
        folder: the model's files.
        device: where it goes.
        bits: of a weight.
        precision: as it was loaded for training; weights are rounded to that before they are to few bits.
    """
    rounded = load_quantized(folder, device=device, bits=bits, precision=precision).model
    whole = CausalLM.load(folder, device=device).model
    with torch.no_grad():
        for name, layer in layers_in_bits(rounded):
            whole.get_submodule(name).weight.copy_(dequantized(layer))
    return whole


def dequantized(layer: Any) -> torch.Tensor:
    """The weights that a quantized layer computes with, in fp32, shape ``(out, in)``.

    Raises:
        RuntimeError: the layer was repacked for a CPU, so that its weights cannot be read any more.
    """
    from bitsandbytes.functional import dequantize_4bit
    from bitsandbytes.nn import Linear4bit

    if isinstance(layer, Linear4bit):
        state = layer.weight.quant_state
        if getattr(state, "packing_format_for_cpu", False):
            raise RuntimeError("a 4-bit layer was repacked for the CPU; load it anew to read its weights")
        if isinstance(layer.forward, _Forward):
            return _widened(layer)
        wide: torch.Tensor = dequantize_4bit(layer.weight.data, state)
        return wide.float()
    scales = layer.weight.SCB if layer.weight.SCB is not None else layer.state.SCB
    codes: torch.Tensor = layer.weight.data
    steps: torch.Tensor = scales.float() / 127
    return codes.float() * steps.unsqueeze(1)


def compute_dtype(device: str, precision: Precision = "bf16") -> torch.dtype:
    """The number format of products with a quantized weight."""
    in_bf16 = precision == "bf16" and device == "cuda" and torch.cuda.is_bf16_supported()
    return torch.bfloat16 if in_bf16 else torch.float32


def _config(bits: Bits, dtype: torch.dtype) -> Any:
    from transformers import BitsAndBytesConfig

    if bits == 8:
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def _widened(layer: Any) -> torch.Tensor:
    return widened(layer.weight.data, layer.weight.quant_state)


def widened(packed: torch.Tensor, state: Any) -> torch.Tensor:
    """A 4-bit layer's weights from its codes and scales: what bitsandbytes' own kernels are to give, in fp32."""
    from bitsandbytes.functional import dequantize_blockwise

    packed = packed.reshape(-1)
    scales = dequantize_blockwise(state.absmax, state.state2) + state.offset if state.nested else state.absmax
    codes = torch.stack([packed >> 4, packed & 15], dim=1).reshape(-1).long()
    wide: torch.Tensor = state.code[codes] * scales.repeat_interleave(state.blocksize)[: len(codes)]
    return wide.reshape(state.shape)


class _Forward:
    """What takes the place of a 4-bit layer's forward on a CPU."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        read = partial(_widened, self._layer)
        out: torch.Tensor = Product.apply(values.to(self._layer.compute_dtype), read)  # type: ignore[no-untyped-call]
        return (out if self._layer.bias is None else out + self._layer.bias).to(values.dtype)


class Product(torch.autograd.Function):
    """Inputs times a frozen weight in few bits, which is read anew for the gradient and never kept wide."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, read: Callable[[], torch.Tensor]) -> torch.Tensor:
        """Inputs ``(…, in)`` times what `read` gives, ``(out, in)``."""
        ctx.read = read
        return torch.nn.functional.linear(values, read().to(values.dtype))

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        """The gradient of the inputs."""
        return gradients[0] @ ctx.read().to(gradients[0].dtype), None


def layers_in_bits(model: torch.nn.Module) -> Iterator[tuple[str, Any]]:
    """The quantized layers of `model` with their names; none where bitsandbytes was never loaded."""
    if "bitsandbytes" not in sys.modules:
        return
    from bitsandbytes.nn import Linear4bit, Linear8bitLt

    for name, layer in model.named_modules():
        if isinstance(layer, Linear4bit | Linear8bitLt):
            yield name, layer
