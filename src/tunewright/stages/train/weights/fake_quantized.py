"""Linear layers whose weights are read through the exporter's grid while they are trained.

The layers are torchao's; what they round with is ours, because torchao's own fake quantizers have other grids
(docs/decisions/021): scales that are not rounded as they are stored, activations with a zero point; and they keep the
last scale on the module, which the parts of a batch, computed side by side, would overwrite for each other.
Only the recipes import this file, inside the function that trains.
"""

from typing import Any

import torch  # noqa: TID253
from torchao.quantization.qat.fake_quantizer import FakeQuantizerBase  # noqa: TID253
from torchao.quantization.qat.linear import FakeQuantizedLinear  # noqa: TID253

from tunewright.core.errors import UserError
from tunewright.models.quantization_grid import Grid, activations_on_grid, on_grid


class WeightOnGrid(FakeQuantizerBase):  # type: ignore[misc]
    """A weight's nearest point of the grid; its gradient goes to the weight as it is."""

    def __init__(self, grid: Grid) -> None:
        super().__init__()
        self.config = grid

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """`weight` on the grid."""
        return _straight_through(weight, on_grid(weight, self.config))


class ActivationsOnGrid(FakeQuantizerBase):  # type: ignore[misc]
    """A layer's inputs in 8 bits, one scale a token; the gradient goes through as it is.

    Attributes:
        enabled: off, the inputs stay as they are.
    """

    def __init__(self, grid: Grid) -> None:
        super().__init__()
        self.config = grid
        self.enabled = True

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """`values` rounded."""
        if not self.enabled:
            return values
        return _straight_through(values, activations_on_grid(values))


def fake_quantize(model: Any, grid: Grid) -> tuple[str, ...]:
    """Make every linear layer of `model` but the output's compute on `grid`, in place; their names.

    Word vectors and the output layer keep their precision: what they cost is little in a large model, and rounding
    them hurts most. The weights that are trained stay the parameters that they were, under the same names.

    Raises:
        UserError: E-TRAIN-040 when a layer's columns cannot be cut into groups of that size.
    """
    output = model.get_output_embeddings()
    layers = {name: layer for name, layer in model.named_modules() if type(layer) is torch.nn.Linear}
    chosen = {name: layer for name, layer in layers.items() if layer is not output}
    _require_fit(chosen, grid)
    for name, layer in chosen.items():
        quantized = FakeQuantizedLinear.from_linear(layer)
        quantized.weight_fake_quantizer = WeightOnGrid(grid)
        if grid.activations:
            quantized.activation_fake_quantizer = ActivationsOnGrid(grid)
        model.set_submodule(name, quantized)
    return tuple(chosen)


def round_activations(model: Any, *, enabled: bool) -> None:
    """Turn the rounding of inputs on or off."""
    for part in model.modules():
        if isinstance(part, ActivationsOnGrid):
            part.enabled = enabled


def settle(model: Any, names: tuple[str, ...], grid: Grid) -> None:
    """Round the weights of the layers `names` for good, and make plain linear layers of them again, in place."""
    with torch.no_grad():
        for name in names:
            layer = model.get_submodule(name)
            layer.weight.copy_(on_grid(layer.weight, grid))
            model.set_submodule(name, layer.to_linear())


class _StraightThrough(torch.autograd.Function):
    """The rounded values forward, to the bit; the gradient of the values as they were backward.

    ``values + (rounded - values).detach()`` has the same gradient, but is not `rounded` to the last bit.
    """

    @staticmethod
    def forward(_: Any, values: torch.Tensor, rounded: torch.Tensor) -> torch.Tensor:
        return rounded.to(values.dtype)

    @staticmethod
    def backward(_: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        return gradients[0], None


def _straight_through(values: torch.Tensor, rounded: torch.Tensor) -> torch.Tensor:
    """`rounded`, with the gradient of `values`."""
    out: torch.Tensor = _StraightThrough.apply(values, rounded)  # type: ignore[no-untyped-call]
    return out


def _require_fit(layers: dict[str, Any], grid: Grid) -> None:
    """Raise E-TRAIN-040 unless the columns of all layers can be cut into the grid's groups."""
    wrong = {name: layer.in_features for name, layer in layers.items() if not grid.fits(layer.in_features)}
    if wrong:
        name, columns = next(iter(wrong.items()))
        raise UserError(
            "E-TRAIN-040",
            f"{len(wrong)} of {len(layers)} linear layers cannot be cut into groups of {grid.group} input columns; "
            f"{name} has {columns:,}.",
            why="A scale is shared by so many columns of a row, and none may be left over.",
            fix="Choose a group_size that divides them all, such as 32, or bits: 8.",
        )
