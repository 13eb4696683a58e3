"""The gated feed-forward block of a frozen base and its three adapters as one function with its own gradient.

``down(silu(gate(x)) · up(x))`` holds two thirds of such a model's weights, and its middle is the widest thing computed.
Layer by layer, adapters of rank 16 read and write that middle a dozen times for a thousandth of the arithmetic. Here
gate and up are one product; the adapters' second matrices are multiplied in where the middle is read anyway; and of the
middle only that one product is kept for the gradient, or nothing.

Llama, Mistral, Qwen 2 and 3 and many others have this block; :func:`fuse` leaves others as they are. Only the recipes
import this file, inside the function that trains.
"""

from typing import Any, NamedTuple

import torch  # noqa: TID253

from tunewright.train.fp8 import FrozenWeight, Products, fits, ones_for, product, rounded

#: The units multiply at least 16 columns at a time, so smaller ranks are filled up with zeros.
LEAST_RANK = 16
PARTS = ("gate_proj", "up_proj", "down_proj")


class Nf4Weight(torch.nn.Module):
    """Frozen weights that bitsandbytes holds in 4 bits, one above the other, widened to 16 bits for each product.

    Args:
        parts: quantized weights, each ``(out, in)`` with its `quant_state`.
    """

    def __init__(self, parts: list[Any]) -> None:
        super().__init__()
        self.parts = parts

    def ready(self) -> "Ready":
        """The weight as products take it now."""
        from bitsandbytes.functional import dequantize_4bit

        wide = [dequantize_4bit(part.data, part.quant_state) for part in self.parts]
        return Ready("bf16", wide[0] if len(wide) == 1 else torch.cat(wide))


class Ready(NamedTuple):
    """A frozen weight as products take it: in floating point, or as codes; see :class:`FrozenWeight`."""

    products: Products
    weight: torch.Tensor | None
    codes: torch.Tensor | None = None
    scale: torch.Tensor | None = None
    transposed: torch.Tensor | None = None


class GatedBlock(torch.nn.Module):
    """The frozen weights of the block.

    Args:
        inner: gate and up one above the other, ``(2 · middle, width)``.
        outer: down, ``(width, middle)``.
    """

    def __init__(self, inner: FrozenWeight | Nf4Weight, outer: FrozenWeight | Nf4Weight) -> None:
        super().__init__()
        self.inner, self.outer = inner, outer
        #: Compute gate and up again in the backward pass instead of keeping them.
        self.recompute = False
        #: Rows whose middle is in memory at once; 0 takes all.
        self.piece = 0

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


class _Gated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, *given: Any) -> torch.Tensor:
        first, gate, up, last, down, block = given
        inner, outer = _ready(block.inner), _ready(block.outer)
        low = rows @ first.t()
        both = None if block.recompute else _output(inner, rows)
        outs, narrows = [], []
        for here in block.pieces(len(rows)):
            opened = _output(inner, rows[here]) if both is None else both[here]
            middle = gated(opened, low[here], gate, up)
            narrows.append(middle @ last.t())
            outs.append(_output(outer, middle).addmm_(narrows[-1], down.t()))
        ctx.block = block
        ctx.save_for_backward(rows, both, low, _joined(narrows), first, gate, up, last, down)
        return _joined(outs)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        rows, both, low, narrow, first, gate, up, last, down = ctx.saved_tensors
        block, slopes = ctx.block, gradients[0].contiguous()
        inner, outer = _ready(block.inner), _ready(block.outer)
        rank, wide = gate.shape[1], gate.shape[0]
        of_rows: list[torch.Tensor] = []
        totals: tuple[torch.Tensor, ...] = ()
        for here in block.pieces(len(rows)):
            opened = _output(inner, rows[here]) if both is None else both[here]
            slope = slopes[here]
            of_narrow = slope @ down
            of_both, middle = gated_gradient(
                _input_gradient(outer, slope), of_narrow, last, opened, low[here], gate, up
            )
            of_low = torch.empty_like(low[here])
            torch.mm(of_both[:, :wide], gate, out=of_low[:, :rank])
            torch.mm(of_both[:, wide:], up, out=of_low[:, rank:])
            of_rows.append(_input_gradient(inner, of_both).addmm_(of_low, first))
            found = (
                of_low.t() @ rows[here],
                of_both[:, :wide].t() @ low[here, :rank],
                of_both[:, wide:].t() @ low[here, rank:],
                of_narrow.t() @ middle,
                slope.t() @ narrow[here],
            )
            totals = tuple(map(torch.add, totals, found)) if totals else found
            del opened, of_both, middle
        return _joined(of_rows), *totals, None


def _ready(frozen: FrozenWeight | Nf4Weight) -> "FrozenWeight | Ready":
    return frozen.ready() if isinstance(frozen, Nf4Weight) else frozen


def _joined(parts: list[torch.Tensor]) -> torch.Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _output(frozen: FrozenWeight | Ready, rows: torch.Tensor) -> torch.Tensor:
    if frozen.products != "fp8":
        assert frozen.weight is not None
        return rows @ frozen.weight.t()
    assert frozen.codes is not None and frozen.scale is not None
    return product(*rounded_rows(rows, None), frozen.codes, frozen.scale, rows.dtype)


def _input_gradient(frozen: FrozenWeight | Ready, slope: torch.Tensor) -> torch.Tensor:
    if frozen.products == "bf16":
        assert frozen.weight is not None
        return slope @ frozen.weight
    transposed = frozen.transposed if frozen.transposed is not None else frozen.codes.t().contiguous()  # type: ignore[union-attr]
    return product(*rounded_rows(slope, frozen.scale), transposed, ones_for(transposed), slope.dtype)


def rounded_rows(rows: torch.Tensor, scales: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
    """:func:`fp8.rounded` of `rows`, each column multiplied by its scale of ``(columns, 1)`` first."""
    if rows.device.type == "cuda":
        from tunewright.train import gated_kernels

        return gated_kernels.rounded_rows(rows, scales)
    return rounded(rows if scales is None else rows * scales.t().to(rows.dtype))


def gated(both: torch.Tensor, low: torch.Tensor, gate: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
    """The middle, ``(n, middle)``: silu of gate times up, each with its adapter's part.

    Args:
        both: gate's and up's frozen products side by side, ``(n, 2 · middle)``.
        low: the adapters' inner values side by side, ``(n, 2 · rank)``.
        gate: gate's second matrix, ``(middle, rank)``.
        up: up's.
    """
    if both.device.type == "cuda":
        from tunewright.train import gated_kernels

        return gated_kernels.gated(both, low, gate, up)
    opened, raised = _opened(both, low, gate, up)
    return (torch.nn.functional.silu(opened) * raised).to(both.dtype)


def gated_gradient(
    of_middle: torch.Tensor,
    of_narrow: torch.Tensor,
    last: torch.Tensor,
    both: torch.Tensor,
    low: torch.Tensor,
    gate: torch.Tensor,
    up: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Gradient of gate and up side by side, ``(n, 2 · middle)``, and the middle again, ``(n, middle)``.

    Args:
        of_middle: gradient of the middle through down's frozen weight.
        of_narrow: gradient of the inner values of down's adapter, ``(n, rank)``; with
        last: its first matrix, ``(rank, middle)``, it gives the rest of the middle's gradient.
        both: as for :func:`gated`.
        low: likewise.
        gate: likewise.
        up: likewise.
    """
    if both.device.type == "cuda":
        from tunewright.train import gated_kernels

        return gated_kernels.gated_gradient(of_middle, of_narrow, last, both, low, gate, up)
    opened, raised = _opened(both, low, gate, up)
    slope = of_middle.float() + of_narrow.float() @ last.float()
    share = torch.sigmoid(opened)
    active = opened * share
    of_gate = slope * raised * (share + active * (1 - share))
    return torch.cat([of_gate, slope * active], dim=1).to(both.dtype), (active * raised).to(both.dtype)


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
    changed = 0
    for module in model.modules():
        if _is_gated(module):
            layers = [getattr(module, name) for name in PARTS]
            module.block = _block([layer.base_layer.weight for layer in layers], products)
            for layer in layers:
                layer.base_layer = torch.nn.Identity()
            module.forward = _Forward(module)
            changed += 1
    return changed


def _block(weights: list[Any], products: Products) -> GatedBlock:
    gate, up, down = weights
    if hasattr(gate, "quant_state"):
        return GatedBlock(Nf4Weight([gate, up]), Nf4Weight([down]))
    return GatedBlock(FrozenWeight(torch.cat([gate, up]), products), FrozenWeight(down, products))


class _Forward:
    """What takes the place of a block's forward."""

    def __init__(self, module: torch.nn.Module) -> None:
        self._module = module
        self._block: Any = module.block

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        gate, up, down = (_matrices(getattr(self._module, name), values.dtype) for name in PARTS)
        rows = values.reshape(-1, values.shape[-1])
        first = torch.cat([gate[0], up[0]])
        out: torch.Tensor = self._block(rows, first, gate[1], up[1], *down)
        return out.reshape(values.shape)


def _matrices(layer: Any, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """An adapter's first matrix, and its second times its scale, of at least the least rank, in `dtype`."""
    (name,) = layer.active_adapters
    scale = 0.0 if layer.disable_adapters else layer.scaling[name]
    first, second = layer.lora_A[name].weight, layer.lora_B[name].weight * scale
    short = -first.shape[0] % LEAST_RANK
    if short:
        first = torch.nn.functional.pad(first, (0, 0, 0, short))
        second = torch.nn.functional.pad(second, (0, short))
    return first.to(dtype), second.to(dtype)


def _is_gated(module: Any) -> bool:
    layers = [getattr(module, name, None) for name in PARTS]
    activation = getattr(module, "act_fn", None)
    return type(activation).__name__ in {"SiLU", "SiLUActivation"} and all(map(_is_plain, layers))


def _is_plain(layer: Any) -> bool:
    """Whether an adapted layer computes weight times input, plus its adapter's two products, and nothing else."""
    from peft.tuners.lora import LoraLayer

    if not isinstance(layer, LoraLayer) or len(layer.active_adapters) != 1:
        return False
    name, frozen = layer.active_adapters[0], layer.base_layer
    still = isinstance(layer.lora_dropout[name], torch.nn.Identity) and not layer.lora_bias[name]
    plain = still and name not in layer.lora_variant and getattr(frozen, "bias", None) is None
    return plain and (_is_nf4(frozen) or (type(frozen) is torch.nn.Linear and fits(frozen)))


def _is_nf4(frozen: Any) -> bool:
    state = getattr(getattr(frozen, "weight", None), "quant_state", None)
    return state is not None and state.quant_type == "nf4" and frozen.in_features % 16 == frozen.out_features % 16 == 0
