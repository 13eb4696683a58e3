"""Frozen linear layers whose products run in 8-bit floating point, under adapters that stay in bf16.

A frozen weight needs two products: the output, and the gradient of the input. Both can take fp8 operands (e4m3) on
GPUs of compute capability 8.9 and later, at about twice the rate of bf16. Each operand is scaled row by row: a row's
largest magnitude becomes 448, the largest that e4m3 holds (Micikevicius et al. 2022, arXiv 2209.05433).

The weight is rounded once, with a scale for each output. The gradient of the input is taken through the same rounded
weight: its scale is multiplied into the output's gradient before that is rounded, so one set of codes serves both
products, and the gradient is that of the function which was computed. The units want both operands with the summed
dimension last, so the second product reads a transposed copy of the codes; it is kept, or made anew in each backward
pass, which moves a byte a weight and saves a byte a weight.

Only the recipes import this file, inside the function that trains.
"""

from typing import Any, NamedTuple

import torch  # noqa: TID253

from tunewright.stages.train.gpu.fp8_format import MULTIPLE, Products, rounded


def product(
    left: torch.Tensor, left_scale: torch.Tensor, right: torch.Tensor, right_scale: torch.Tensor, dtype: torch.dtype
) -> torch.Tensor:
    """Codes ``(m, k)`` times codes ``(n, k)`` transposed, with scales ``(m, 1)`` and ``(n, 1)``: ``(m, n)``.

    A CPU has no such units; there it is the same product of the same codes, in fp32.
    """
    if left.device.type == "cuda":
        return torch._scaled_mm(
            left, right.t(), scale_a=left_scale, scale_b=right_scale.t(), out_dtype=dtype, use_fast_accum=True
        )
    return ((left.float() * left_scale) @ (right.float() * right_scale).t()).to(dtype)


class FrozenWeight(torch.nn.Module):
    """A weight that is not trained, and its two products.

    Args:
        weight: ``(out, in)``.
        products: which of the two are in fp8.
        keep_transposed: keep the transposed codes instead of making them in each backward pass.
    """

    weight: torch.Tensor | None
    codes: torch.Tensor | None
    scale: torch.Tensor | None
    transposed: torch.Tensor | None

    def __init__(self, weight: torch.Tensor, products: Products, *, keep_transposed: bool = True) -> None:
        super().__init__()
        self.products = products
        self.out_features, self.in_features = weight.shape
        codes = scale = transposed = None
        with torch.no_grad():
            if products != "bf16":
                codes, scale = rounded(weight.detach())
                if keep_transposed or products == "fp8-backward":
                    transposed = codes.t().contiguous()
        self.register_buffer("weight", None if products == "fp8" else weight.detach(), persistent=False)
        self.register_buffer("codes", codes if products == "fp8" else None, persistent=False)
        self.register_buffer("scale", scale, persistent=False)
        self.register_buffer("transposed", transposed, persistent=False)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """`rows` ``(m, in)`` times the weight, ``(m, out)``, with its gradient."""
        held = (self.products, self.weight, self.codes, self.scale, self.transposed)
        out: torch.Tensor = _Products.apply(rows, *held)  # type: ignore[no-untyped-call]
        return out

    def drop_transposed(self) -> None:
        """Give up the transposed codes where they can be made anew: a byte a weight less, a copy a step more."""
        if self.products == "fp8":
            self.transposed = None

    def rounded(self) -> torch.Tensor:
        """The weight that the fp8 products see, fp32 ``(out, in)``."""
        assert self.scale is not None
        codes = self.codes if self.codes is not None else self.transposed.t()  # type: ignore[union-attr]
        return codes.float() * self.scale

    def extra_repr(self) -> str:
        """Shown in the model's printout."""
        return f"{self.in_features} -> {self.out_features}, {self.products}"


class _Products(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        rows: torch.Tensor,
        products: Products,
        weight: torch.Tensor | None,
        codes: torch.Tensor | None,
        scale: torch.Tensor | None,
        transposed: torch.Tensor | None,
    ) -> torch.Tensor:
        ctx.save_for_backward(weight, codes, scale, transposed)
        ctx.products, ctx.dtype = products, rows.dtype
        if products != "fp8":
            assert weight is not None
            return rows.to(weight.dtype) @ weight.t()
        assert codes is not None and scale is not None
        return product(*rounded(rows), codes, scale, rows.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        weight, codes, scale, transposed = ctx.saved_tensors
        gradient = gradients[0]
        if ctx.products == "bf16":
            return (gradient @ weight).to(ctx.dtype), None, None, None, None, None
        if transposed is None:
            transposed = codes.t().contiguous()
        left = rounded(gradient * scale.t().to(gradient.dtype))
        return product(*left, transposed, ones_for(transposed), ctx.dtype), None, None, None, None, None


def ones_for(codes: torch.Tensor) -> torch.Tensor:
    """Scales of 1 for the rows of `codes`, fp32 ``(n, 1)``."""
    return torch.ones(codes.shape[0], 1, device=codes.device)


class Ready(NamedTuple):
    """A frozen weight widened to floating point, for one product; named as in :class:`FrozenWeight`."""

    weight: torch.Tensor
    products: Products = "bf16"
    codes: None = None
    scale: None = None
    transposed: None = None


def output(frozen: FrozenWeight | Ready, rows: torch.Tensor, row_max: torch.Tensor | None = None) -> torch.Tensor:
    """`rows` ``(m, in)`` times a frozen weight, ``(m, out)``, without a gradient.

    `row_max`, the largest magnitude of each row, fp32 ``(m,)``, spares a look at all of them.
    """
    if frozen.products != "fp8":
        assert frozen.weight is not None
        return rows @ frozen.weight.t()
    assert frozen.codes is not None and frozen.scale is not None
    return product(*rounded_rows(rows, None, row_max), frozen.codes, frozen.scale, rows.dtype)


def input_gradient(
    frozen: FrozenWeight | Ready,
    grad_out: torch.Tensor,
    transposed: torch.Tensor | None,
    row_max: torch.Tensor | None = None,
) -> torch.Tensor:
    """Gradient of the rows ``(m, in)`` from `grad_out`, that of the output ``(m, out)``.

    `transposed` is of :func:`transposed_of`; `row_max` as for :func:`rounded_rows`, of `grad_out` once it is scaled.
    """
    if transposed is None:
        assert frozen.weight is not None
        return grad_out @ frozen.weight
    return product(*rounded_rows(grad_out, frozen.scale, row_max), transposed, ones_for(transposed), grad_out.dtype)


def transposed_of(frozen: FrozenWeight | Ready) -> torch.Tensor | None:
    """The codes for the gradient of the input, kept or made anew; none where that is not in fp8."""
    if frozen.products == "bf16" or frozen.transposed is not None:
        return frozen.transposed
    assert frozen.codes is not None
    if frozen.codes.device.type == "cuda":
        from tunewright.stages.train.gpu import fp8_kernels

        return fp8_kernels.transposed(frozen.codes)
    return frozen.codes.t().contiguous()


def rounded_rows(
    rows: torch.Tensor, scales: torch.Tensor | None, row_max: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """:func:`rounded` of `rows`, each column multiplied by its scale of ``(columns, 1)`` first.

    `row_max`, the largest magnitude of each row after that, fp32 ``(rows,)``, spares a look at all of them.
    """
    if rows.device.type == "cuda":
        from tunewright.stages.train.gpu import fp8_kernels

        return fp8_kernels.rounded_rows(rows, scales, row_max)
    return rounded(rows if scales is None else rows * scales.t().to(rows.dtype))


class FrozenLinear(torch.nn.Module):
    """A linear layer around a :class:`FrozenWeight`, with the bias it had."""

    bias: torch.Tensor | None

    def __init__(self, linear: torch.nn.Linear, products: Products, *, keep_transposed: bool = True) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.frozen = FrozenWeight(linear.weight, products, keep_transposed=keep_transposed)
        self.register_buffer("bias", linear.bias.detach() if linear.bias is not None else None, persistent=False)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """The layer's output for ``(…, in_features)``."""
        out = self.frozen(values.reshape(-1, self.in_features))
        if self.bias is not None:
            out = out + self.bias
        shaped: torch.Tensor = out.reshape(*values.shape[:-1], self.out_features)
        return shaped


def fits(linear: torch.nn.Linear) -> bool:
    """Whether the units take this layer's dimensions."""
    return linear.in_features % MULTIPLE == 0 and linear.out_features % MULTIPLE == 0


def freeze_in_fp8(model: Any, products: Products, *, keep_transposed: bool = True) -> int:
    """Put fp8 products below every LoRA adapter of a PEFT model; how many layers have them now.

    Each adapted layer keeps its adapter; only the frozen layer inside changes, as with any quantized base.
    """
    from peft.tuners.lora import LoraLayer

    changed = 0
    for module in model.modules():
        if isinstance(module, LoraLayer) and type(module.base_layer) is torch.nn.Linear and fits(module.base_layer):
            module.base_layer = FrozenLinear(module.base_layer, products, keep_transposed=keep_transposed)
            changed += 1
    return changed
