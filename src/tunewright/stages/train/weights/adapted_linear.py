"""A frozen linear layer and its adapter as one function with its own gradient: fewer passes over memory on a CPU.

PEFT's layer scales what the adapter gives, adds it to the layer's own output, and undoes both in the backward pass:
four passes over the widest things computed, and a dozen nodes to record. Here the adapter's second product adds itself
to the layer's. The numbers are the same but for the order of the sums.

In bf16 autocast would convert the frozen weight anew in every pass; here the converted one is kept beside it.

Only the recipes import this file, inside the function that trains.
"""

from typing import Any

import torch  # noqa: TID253


class _Adapted(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, *layer: Any) -> torch.Tensor:
        lora_a, lora_b, weight, bias, scale = layer  # (R, in), (out, R), (out, in), (out,)
        rows = values.reshape(-1, values.shape[-1])
        x_a = rows @ lora_a.t()  # (T, R)
        out = rows @ weight.t() if bias is None else torch.addmm(bias, rows, weight.t())
        out.addmm_(x_a, lora_b.t(), alpha=scale)
        ctx.save_for_backward(rows, x_a, lora_a, lora_b, weight)
        ctx.scale, ctx.shape = scale, values.shape
        return out.view(*values.shape[:-1], len(weight))

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        rows, x_a, lora_a, lora_b, weight = ctx.saved_tensors
        grad_out = gradients[0].reshape(-1, len(weight))
        grad_x_a = grad_out @ lora_b
        grad_rows = None
        if ctx.needs_input_grad[0]:
            grad_rows = grad_out @ weight
            grad_rows = grad_rows.addmm_(grad_x_a, lora_a, alpha=ctx.scale).view(ctx.shape)
        grad_a = (grad_x_a.t() @ rows).mul_(ctx.scale)
        grad_b = (grad_out.t() @ x_a).mul_(ctx.scale)
        return grad_rows, grad_a, grad_b, None, None, None


class _Forward:
    """What takes the place of an adapted layer's forward while its adapter is beside it."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._beside = type(layer).forward
        (self._name,) = layer.active_adapters
        self._converted: tuple[torch.Tensor, torch.Tensor | None] | None = None

    def __call__(self, values: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        layer = self._layer
        if layer.disable_adapters or layer.merged or list(layer.active_adapters) != [self._name]:
            plain: torch.Tensor = self._beside(layer, values, *args, **kwargs)
            return plain
        lora_a, lora_b = layer.lora_A[self._name].weight, layer.lora_B[self._name].weight
        weight, bias = layer.base_layer.weight, layer.base_layer.bias
        if torch.is_autocast_enabled("cpu"):
            dtype = torch.get_autocast_dtype("cpu")
            values, lora_a, lora_b = values.to(dtype), lora_a.to(dtype), lora_b.to(dtype)
            weight, bias = self._in(dtype, weight, bias)
        scale = layer.scaling[self._name]
        inputs = (values, lora_a, lora_b, weight, bias, scale)
        out: torch.Tensor = _Adapted.apply(*inputs)  # type: ignore[no-untyped-call]
        return out

    def _in(
        self, dtype: torch.dtype, weight: torch.Tensor, bias: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The frozen weight and bias in `dtype`, converted once."""
        if self._converted is None:
            self._converted = weight.detach().to(dtype), None if bias is None else bias.detach().to(dtype)
        return self._converted


def fuse(model: Any) -> int:
    """Let every adapted linear layer of a PEFT model compute as one function; how many do.

    A layer must be plain LoRA on a frozen float layer, without dropout; others are left alone.
    """
    plain = [module for module in model.modules() if _is_plain(module)]
    for layer in plain:
        layer.forward = _Forward(layer)
    return len(plain)


def _is_plain(layer: Any) -> bool:
    """Whether the function above computes this layer."""
    from peft.tuners.lora import Linear

    if type(layer) is not Linear or type(layer.base_layer) is not torch.nn.Linear or len(layer.active_adapters) != 1:
        return False
    name = layer.active_adapters[0]
    still = isinstance(layer.lora_dropout[name], torch.nn.Identity) and not layer.lora_bias[name]
    frozen = not any(parameter.requires_grad for parameter in layer.base_layer.parameters())
    return name in layer.lora_A and name not in layer.lora_variant and still and frozen
