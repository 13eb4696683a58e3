"""The gated feed-forward block of a frozen base and its three adapters as one function with its own gradient.

``down(silu(gate(x)) · up(x))`` holds two thirds of such a model's weights, and its middle is the widest thing computed.
Layer by layer, adapters of rank 16 read and write that middle a dozen times for a thousandth of the arithmetic. Here
gate and up are one product; the adapters' second matrices are multiplied in where the middle is read anyway; and of the
middle only that one product is kept for the gradient, as values or as 8-bit codes, or nothing.

Shapes: T tokens of a batch in one line, D width of a hidden state, F width of the middle, R rank of the adapters. The
input is `x` ``(T, D)``, the middle `h` ``(T, F)``; each times its adapters' `lora_a` is `x_a` ``(T, 2R)``, gate's and
up's side by side, and `h_a` ``(T, R)``.

Llama, Mistral, Qwen 2 and 3 and many others have this block; :func:`fuse_ffn` leaves others as they are. Only the
recipes import this file, inside the function that trains.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch  # noqa: TID253

from tunewright.stages.train.gpu.attention import FAMILIES
from tunewright.stages.train.gpu.fp8 import FrozenWeight, Ready, input_gradient, output, transposed_of
from tunewright.stages.train.gpu.fp8_format import Products
from tunewright.stages.train.gpu.fused_ffn_types import Codes, FfnInner, Saved
from tunewright.stages.train.gpu.lora_matrices import Nf4Weight, frozen_weight, is_plain, lora_matrices

PARTS = ("gate_proj", "up_proj", "down_proj")


class Recomputing(threading.local):
    """Whether a layer is being computed again for its gradient, in this thread: what the layer gives is not read then.

    Where a block ends its layer, its last product, a quarter of the layer's work, serves nothing else.
    """

    now = False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Within this block it is."""
        self.now = True
        try:
            yield
        finally:
            self.now = False


class FusedFfn(torch.nn.Module):
    """The frozen weights of the block.

    Args:
        gate_up: gate and up one above the other, ``(2F, D)``.
        down: ``(D, F)``.
    """

    def __init__(self, gate_up: FrozenWeight | Nf4Weight, down: FrozenWeight | Nf4Weight) -> None:
        super().__init__()
        self.gate_up, self.down = gate_up, down
        self.saved: Saved = "values"
        #: Tokens whose middle is in memory at once; 0 takes all.
        self.piece = 0
        #: Whether nothing but a sum comes after it in its layer.
        self.ends_layer = False
        #: Told when its layer is computed again, by whoever lets it be.
        self.recomputing: Recomputing | None = None

    def forward(
        self,
        x: torch.Tensor,
        lora_a_gate_up: torch.Tensor,
        lora_b_gate: torch.Tensor,
        lora_b_up: torch.Tensor,
        lora_a_down: torch.Tensor,
        lora_b_down: torch.Tensor,
    ) -> torch.Tensor:
        """The block's output ``(T, D)`` for `x` ``(T, D)``.

        Args:
            x: the block's input.
            lora_a_gate_up: first matrices of gate's and up's adapters, one above the other, ``(2R, D)``.
            lora_b_gate: gate's second matrix times its scale, ``(F, R)``.
            lora_b_up: up's, likewise.
            lora_a_down: down's first matrix, ``(R, F)``.
            lora_b_down: down's second matrix times its scale, ``(D, R)``.
        """
        adapters = (lora_a_gate_up, lora_b_gate, lora_b_up, lora_a_down, lora_b_down)
        out: torch.Tensor = _FusedFfn.apply(x, *adapters, self)  # type: ignore[no-untyped-call]
        return out

    def pieces(self, tokens: int) -> list[slice]:
        """The tokens in turns."""
        size = self.piece or tokens
        return [slice(start, start + size) for start in range(0, tokens, size)]

    @property
    def output_is_read(self) -> bool:
        """Whether what it gives now is read by anything."""
        return not (self.ends_layer and self.recomputing is not None and self.recomputing.now)


class _FusedFfn(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, *adapters_and_block: Any) -> torch.Tensor:
        lora_a_gate_up, lora_b_gate, lora_b_up, lora_a_down, lora_b_down, block = adapters_and_block
        gate_up_weight = _ready(block.gate_up)
        down_weight = _ready(block.down) if block.output_is_read else None
        with_row_max = down_weight is not None and down_weight.products == "fp8"
        x_a = x @ lora_a_gate_up.t()
        gate_up = output(gate_up_weight, x) if block.saved == "values" else None
        outs, h_as, coded = [], [], list[Codes]()
        for here in block.pieces(len(x)):
            wide = output(gate_up_weight, x[here]) if gate_up is None else gate_up[here]
            h, h_a, row_max, codes = ffn_middle(
                FfnInner(wide, x_a[here], lora_b_gate, lora_b_up, lora_a_down),
                with_row_max=with_row_max,
                with_codes=block.saved == "codes",
            )
            h_as.append(h_a)
            if codes is not None:
                coded.append(codes)
            if down_weight is None:
                outs.append(torch.empty_like(x[here]))
            else:
                outs.append(output(down_weight, h, row_max).addmm_(h_a, lora_b_down.t()))
        ctx.block = block
        wide_saved = [_joined(list(parts)) for parts in zip(*coded, strict=True)] if coded else [gate_up, None]
        adapters = (lora_a_gate_up, lora_b_gate, lora_b_up, lora_a_down, lora_b_down)
        ctx.save_for_backward(x, *wide_saved, x_a, _joined(h_as), *adapters)
        return _joined(outs)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        x, gate_up, scale, x_a, h_a, *adapters = ctx.saved_tensors
        lora_a_gate_up, lora_b_gate, lora_b_up, lora_a_down, lora_b_down = adapters
        block, grad_out = ctx.block, gradients[0].contiguous()
        gate_up_weight, down_weight = _ready(block.gate_up), _ready(block.down)
        width, rank = lora_b_gate.shape
        gate_up_transposed, down_transposed = transposed_of(gate_up_weight), transposed_of(down_weight)
        grad_a_gate_up, grad_b_gate, grad_b_up, grad_a_down, grad_b_down = map(torch.zeros_like, adapters)
        grad_x: list[torch.Tensor] = []
        for here in block.pieces(len(x)):
            wide = output(gate_up_weight, x[here]) if gate_up is None else gate_up[here]
            grad_h_a = grad_out[here] @ lora_b_down
            grad_h = input_gradient(down_weight, grad_out[here], down_transposed)
            inner = wide if scale is None else Codes(wide, scale[here])
            grad_gate_up, h, grad_x_a, row_max = ffn_middle_gradient(
                grad_h,
                grad_h_a,
                FfnInner(inner, x_a[here], lora_b_gate, lora_b_up, lora_a_down),
                gate_up_weight.scale,
            )
            grad_x.append(
                input_gradient(gate_up_weight, grad_gate_up, gate_up_transposed, row_max).addmm_(
                    grad_x_a, lora_a_gate_up
                )
            )
            grad_a_gate_up.addmm_(grad_x_a.t(), x[here])
            grad_b_gate.addmm_(grad_gate_up[:, :width].t(), x_a[here, :rank])
            grad_b_up.addmm_(grad_gate_up[:, width:].t(), x_a[here, rank:])
            grad_a_down.addmm_(grad_h_a.t(), h)
            grad_b_down.addmm_(grad_out[here].t(), h_a[here])
            del wide, inner, grad_h, grad_gate_up, h
        return _joined(grad_x), grad_a_gate_up, grad_b_gate, grad_b_up, grad_a_down, grad_b_down, None


def _ready(frozen: FrozenWeight | Nf4Weight) -> "FrozenWeight | Ready":
    """The weight as products take it; one in NF4 is widened."""
    return frozen.ready() if isinstance(frozen, Nf4Weight) else frozen


def _joined(parts: list[torch.Tensor]) -> torch.Tensor:
    """All rows of `parts`, without a copy where there is one part."""
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def ffn_middle(
    inner: FfnInner, *, with_row_max: bool, with_codes: bool = False
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None, Codes | None]:
    """The middle `h` ``(T, F)``: silu of gate times up, each with its adapter's part; and what comes of it on the way.

    That is `h_a`, the inner values of down's adapter ``(T, R)``, and where asked the largest magnitude in each row of
    the middle, fp32 ``(T,)``, and the codes of gate and up.

    Args:
        inner: what it is computed from, `gate_up` as values.
        with_row_max: whether the rows' largest magnitudes are wanted.
        with_codes: whether the codes are.
    """
    if inner.x_a.device.type == "cuda":
        from tunewright.stages.train.gpu import fused_ffn_kernels

        return fused_ffn_kernels.ffn_middle(inner, with_row_max=with_row_max, with_codes=with_codes)
    gate, up = _gate_and_up(inner)
    h = (torch.nn.functional.silu(gate) * up).to(inner.x_a.dtype)
    row_max = h.abs().amax(dim=1).float() if with_row_max else None
    return h, h @ inner.lora_a_down.t(), row_max, Codes.of(gate, up) if with_codes else None


def ffn_middle_gradient(
    grad_h: torch.Tensor, grad_h_a: torch.Tensor, inner: FfnInner, scales: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """Gradient of gate and up side by side, ``(T, 2F)``; the middle again; and what comes of it on the way.

    That is the gradient of `x_a`, ``(T, 2R)``, and with `scales` the largest magnitude in each row of the first once
    its columns are scaled, fp32 ``(T,)``.

    Args:
        grad_h: gradient of the middle through down's frozen weight, ``(T, F)``.
        grad_h_a: gradient of the inner values of down's adapter, ``(T, R)``.
        inner: what :func:`ffn_middle` was given, or in place of `gate_up` the codes that it gave.
        scales: of gate's and up's columns, ``(2F, 1)``.
    """
    if grad_h.device.type == "cuda":
        from tunewright.stages.train.gpu import fused_ffn_kernels

        return fused_ffn_kernels.ffn_middle_gradient(grad_h, grad_h_a, inner, scales)
    gate, up = _gate_and_up(inner)
    dtype = grad_h.dtype
    grad_whole = grad_h.float() + grad_h_a.float() @ inner.lora_a_down.float()
    sigmoid = torch.sigmoid(gate)
    silu = gate * sigmoid
    grad_gate = (grad_whole * up * (sigmoid + silu * (1 - sigmoid))).to(dtype)
    grad_up = (grad_whole * silu).to(dtype)
    grad_gate_up = torch.cat([grad_gate, grad_up], dim=1)
    grad_x_a = torch.cat([grad_gate @ inner.lora_b_gate, grad_up @ inner.lora_b_up], dim=1)
    row_max = None if scales is None else (grad_gate_up.float() * scales.t()).abs().amax(dim=1)
    return grad_gate_up, (silu * up).to(dtype), grad_x_a, row_max


def _gate_and_up(inner: FfnInner) -> tuple[torch.Tensor, torch.Tensor]:
    """Gate and up with their adapters' parts, each ``(T, F)``, fp32 or wider."""
    if isinstance(inner.gate_up, Codes):
        return inner.gate_up.values()
    width, rank = inner.lora_b_gate.shape
    gate = inner.gate_up[:, :width].float() + inner.x_a[:, :rank].float() @ inner.lora_b_gate.float().t()
    return gate, inner.gate_up[:, width:].float() + inner.x_a[:, rank:].float() @ inner.lora_b_up.float().t()


def fuse_ffn(model: Any, products: Products) -> int:
    """Let every gated block of a PEFT model compute as one function; how many do.

    The frozen weights move into the block. What a block computes must be this function: plain LoRA on all three
    layers, silu between, no bias, no dropout, weights in floating point or in NF4; others are left alone.
    """
    known = model.get_base_model().config.model_type in FAMILIES
    changed = 0
    for module in model.modules():
        if _is_gated(module):
            layers = [getattr(module, name) for name in PARTS]
            module.block = _block([layer.base_layer.weight for layer in layers], products)
            module.block.ends_layer = known
            for layer in layers:
                layer.base_layer = torch.nn.Identity()
            module.forward = _Forward(module)
            changed += 1
    return changed


def _block(weights: list[Any], products: Products) -> FusedFfn:
    """The block of the weights of gate, up and down."""
    return FusedFfn(frozen_weight(weights[:2], products), frozen_weight(weights[2:], products))


class _Forward:
    """What takes the place of a block's forward."""

    def __init__(self, module: torch.nn.Module) -> None:
        self._module = module
        self._block: Any = module.block

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        gate, up, down = (lora_matrices(getattr(self._module, name), values.dtype) for name in PARTS)
        x = values.reshape(-1, values.shape[-1])
        lora_a_gate_up = torch.cat([gate.lora_a, up.lora_a])
        out: torch.Tensor = self._block(x, lora_a_gate_up, gate.lora_b, up.lora_b, down.lora_a, down.lora_b)
        return out.reshape(values.shape)


def _is_gated(module: Any) -> bool:
    """Whether `module` is a block that the function above computes."""
    layers: list[Any] = [getattr(module, name, None) for name in PARTS]
    activation = getattr(module, "act_fn", None)
    silu = type(activation).__name__ in {"SiLU", "SiLUActivation"}
    return silu and all(is_plain(layer) and layer.base_layer.bias is None for layer in layers)
