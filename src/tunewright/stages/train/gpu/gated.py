"""The gated feed-forward block of a frozen base and its three adapters as one function with its own gradient.

``down(silu(gate(x)) · up(x))`` holds two thirds of such a model's weights, and its middle is the widest thing computed.
Layer by layer, adapters of rank 16 read and write that middle a dozen times for a thousandth of the arithmetic. Here
gate and up are one product; the adapters' second matrices are multiplied in where the middle is read anyway; and of the
middle only that one product is kept for the gradient, as values or as 8-bit codes, or nothing.

Llama, Mistral, Qwen 2 and 3 and many others have this block; :func:`fuse` leaves others as they are. Only the recipes
import this file, inside the function that trains.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import torch  # noqa: TID253

from tunewright.stages.train.gpu.attention import FAMILIES
from tunewright.stages.train.gpu.fp8 import (
    FrozenWeight,
    Products,
    Ready,
    input_gradient,
    output,
    rounded,
    transposed_of,
)
from tunewright.stages.train.gpu.plain_lora import Nf4Weight, frozen_weight, is_plain, matrices

PARTS = ("gate_proj", "up_proj", "down_proj")

#: What of gate and up is kept for the gradient: their values, codes of them, or nothing; then they are computed again.
Keeps = Literal["values", "codes", "nothing"]
#: Columns that share a scale in :class:`Codes`.
TILE = 128


class GatedBlock(torch.nn.Module):
    """The frozen weights of the block.

    Args:
        inner: gate and up one above the other, ``(2 · middle, width)``.
        outer: down, ``(width, middle)``.
    """

    def __init__(self, inner: FrozenWeight | Nf4Weight, outer: FrozenWeight | Nf4Weight) -> None:
        super().__init__()
        self.inner, self.outer = inner, outer
        self.keeps: Keeps = "values"
        #: Rows whose middle is in memory at once; 0 takes all.
        self.piece = 0
        #: Whether nothing but a sum comes after it in its layer.
        self.ends_layer = False

    def forward(
        self,
        rows: torch.Tensor,
        first: torch.Tensor,
        gate: torch.Tensor,
        up: torch.Tensor,
        last: torch.Tensor,
        down: torch.Tensor,
    ) -> torch.Tensor:
        """The block's output ``(n, width)`` for `rows` ``(n, width)``.

        Args:
            rows: the block's input.
            first: first matrices of gate's and up's adapters, one above the other, ``(2 · rank, width)``.
            gate: gate's second matrix times its scale, ``(middle, rank)``.
            up: up's, likewise.
            last: down's first matrix, ``(rank, middle)``.
            down: down's second matrix times its scale, ``(width, rank)``.
        """
        out: torch.Tensor = _Gated.apply(rows, first, gate, up, last, down, self)  # type: ignore[no-untyped-call]
        return out

    def pieces(self, count: int) -> list[slice]:
        """The rows in turns."""
        size = self.piece or count
        return [slice(start, start + size) for start in range(0, count, size)]


class _Unread(threading.local):
    """Whether a layer is being computed again for its gradient, in this thread: what the layer gives is not read then.

    Where a block ends its layer, its last product, a quarter of the layer's work, serves nothing else.
    """

    now = False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Within this block."""
        self.now = True
        try:
            yield
        finally:
            self.now = False


unread = _Unread()


class _Gated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, *given: Any) -> torch.Tensor:
        first, gate, up, last, down, block = given
        inner = _ready(block.inner)
        outer = None if unread.now and block.ends_layer else _ready(block.outer)
        with_top = outer is not None and outer.products == "fp8"
        low = rows @ first.t()
        both = output(inner, rows) if block.keeps == "values" else None
        outs, narrows, coded = [], [], list[Codes]()
        for here in block.pieces(len(rows)):
            opened = output(inner, rows[here]) if both is None else both[here]
            middle, narrow, top, codes = gated(
                opened, low[here], gate, up, last, with_top=with_top, with_codes=block.keeps == "codes"
            )
            narrows.append(narrow)
            if codes is not None:
                coded.append(codes)
            if outer is None:
                outs.append(torch.empty_like(rows[here]))
            else:
                outs.append(output(outer, middle, top).addmm_(narrow, down.t()))
        ctx.block = block
        kept = [_joined(list(parts)) for parts in zip(*coded, strict=True)] if coded else [both, None]
        ctx.save_for_backward(rows, *kept, low, _joined(narrows), first, gate, up, last, down)
        return _joined(outs)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        rows, both, scale, low, narrow, first, gate, up, last, down = ctx.saved_tensors
        block, slopes = ctx.block, gradients[0].contiguous()
        inner, outer = _ready(block.inner), _ready(block.outer)
        wide, rank = gate.shape
        turned = transposed_of(inner), transposed_of(outer)
        of_first, of_gate, of_up, of_last, of_down = map(torch.zeros_like, (first, gate, up, last, down))
        of_rows: list[torch.Tensor] = []
        for here in block.pieces(len(rows)):
            opened = output(inner, rows[here]) if both is None else both[here]
            slope = slopes[here]
            of_narrow = slope @ down
            of_middle = input_gradient(outer, slope, turned[1])
            of_both, middle, of_low, top = gated_gradient(
                of_middle,
                of_narrow,
                (opened if scale is None else Codes(opened, scale[here]), low[here], gate, up, last),
                inner.scale,
            )
            of_rows.append(input_gradient(inner, of_both, turned[0], top).addmm_(of_low, first))
            of_first.addmm_(of_low.t(), rows[here])
            of_gate.addmm_(of_both[:, :wide].t(), low[here, :rank])
            of_up.addmm_(of_both[:, wide:].t(), low[here, rank:])
            of_last.addmm_(of_narrow.t(), middle)
            of_down.addmm_(slope.t(), narrow[here])
            del opened, of_middle, of_both, middle
        return _joined(of_rows), of_first, of_gate, of_up, of_last, of_down, None


def _ready(frozen: FrozenWeight | Nf4Weight) -> "FrozenWeight | Ready":
    return frozen.ready() if isinstance(frozen, Nf4Weight) else frozen


def _joined(parts: list[torch.Tensor]) -> torch.Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)


class Codes(NamedTuple):
    """Gate and up side by side, their adapters' parts added, in 8 bits.

    Attributes:
        codes: e4m3, ``(n, 2 · middle)``.
        scale: of each :data:`TILE` columns of gate, then of up, fp32 ``(n, 2 · tiles)``.
    """

    codes: torch.Tensor
    scale: torch.Tensor

    @classmethod
    def of(cls, opened: torch.Tensor, raised: torch.Tensor) -> "Codes":
        """Those of gate and up, each ``(n, middle)``."""
        parts = [rounded(tile) for part in (opened, raised) for tile in torch.split(part, TILE, dim=1)]
        return cls(*(torch.cat(pieces, dim=1) for pieces in zip(*parts, strict=True)))

    def values(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Gate and up, fp32."""
        wide, tiles = self.codes.shape[1] // 2, self.scale.shape[1] // 2
        each = self.scale.reshape(-1, 2, tiles).repeat_interleave(TILE, dim=2)[:, :, :wide]
        opened, raised = (self.codes.float().reshape(-1, 2, wide) * each).unbind(1)
        return opened, raised


def gated(
    both: torch.Tensor,
    low: torch.Tensor,
    gate: torch.Tensor,
    up: torch.Tensor,
    last: torch.Tensor,
    *,
    with_top: bool,
    with_codes: bool = False,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None, Codes | None]:
    """The middle ``(n, middle)``: silu of gate times up, each with its adapter's part; and what comes of it on the way.

    That is the inner values of down's adapter ``(n, rank)``, and where asked the largest magnitude in each row of the
    middle, fp32 ``(n,)``, and the codes of gate and up.

    Args:
        both: gate's and up's frozen products side by side, ``(n, 2 · middle)``.
        low: the adapters' inner values side by side, ``(n, 2 · rank)``.
        gate: gate's second matrix, ``(middle, rank)``.
        up: up's.
        last: first matrix of down's adapter, ``(rank, middle)``.
        with_top: whether the rows' largest magnitudes are wanted.
        with_codes: whether the codes are.
    """
    if both.device.type == "cuda":
        from tunewright.stages.train.gpu import gated_kernels

        return gated_kernels.gated(both, low, gate, up, last, with_top=with_top, with_codes=with_codes)
    opened, raised = _opened(both, low, gate, up)
    middle = (torch.nn.functional.silu(opened) * raised).to(both.dtype)
    top = middle.abs().amax(dim=1).float() if with_top else None
    return middle, middle @ last.t(), top, Codes.of(opened, raised) if with_codes else None


Kept = tuple[torch.Tensor | Codes, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


def gated_gradient(
    of_middle: torch.Tensor, of_narrow: torch.Tensor, kept: Kept, scales: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """Gradient of gate and up side by side, ``(n, 2 · middle)``; the middle again; and what comes of it on the way.

    That is the gradient of the adapters' inner values ``(n, 2 · rank)``, and with `scales` the largest magnitude in
    each row of the first once its columns are scaled, fp32 ``(n,)``.

    Args:
        of_middle: gradient of the middle through down's frozen weight.
        of_narrow: gradient of the inner values of down's adapter, ``(n, rank)``.
        kept: what :func:`gated` was given, or in place of the first the codes that it gave.
        scales: of gate's and up's columns, ``(2 · middle, 1)``.
    """
    if of_middle.device.type == "cuda":
        from tunewright.stages.train.gpu import gated_kernels

        return gated_kernels.gated_gradient(of_middle, of_narrow, kept, scales)
    both, low, gate, up, last = kept
    opened, raised = both.values() if isinstance(both, Codes) else _opened(both, low, gate, up)
    dtype = of_middle.dtype
    slope = of_middle.float() + of_narrow.float() @ last.float()
    share = torch.sigmoid(opened)
    active = opened * share
    of_opened = (slope * raised * (share + active * (1 - share))).to(dtype)
    of_raised = (slope * active).to(dtype)
    of_both = torch.cat([of_opened, of_raised], dim=1)
    of_low = torch.cat([of_opened @ gate, of_raised @ up], dim=1)
    top = None if scales is None else (of_both.float() * scales.t()).abs().amax(dim=1)
    return of_both, (active * raised).to(dtype), of_low, top


def _opened(
    both: torch.Tensor, low: torch.Tensor, gate: torch.Tensor, up: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    wide, rank = gate.shape
    opened = both[:, :wide].float() + low[:, :rank].float() @ gate.float().t()
    return opened, both[:, wide:].float() + low[:, rank:].float() @ up.float().t()


def fuse(model: Any, products: Products) -> int:
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


def _block(weights: list[Any], products: Products) -> GatedBlock:
    return GatedBlock(frozen_weight(weights[:2], products), frozen_weight(weights[2:], products))


class _Forward:
    """What takes the place of a block's forward."""

    def __init__(self, module: torch.nn.Module) -> None:
        self._module = module
        self._block: Any = module.block

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        gate, up, down = (matrices(getattr(self._module, name), values.dtype) for name in PARTS)
        rows = values.reshape(-1, values.shape[-1])
        first = torch.cat([gate[0], up[0]])
        out: torch.Tensor = self._block(rows, first, gate[1], up[1], *down)
        return out.reshape(values.shape)


def _is_gated(module: Any) -> bool:
    layers: list[Any] = [getattr(module, name, None) for name in PARTS]
    activation = getattr(module, "act_fn", None)
    silu = type(activation).__name__ in {"SiLU", "SiLUActivation"}
    return silu and all(is_plain(layer) and layer.base_layer.bias is None for layer in layers)
