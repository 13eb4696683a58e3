"""The one grid that weights are rounded to in 4 or 8 bits: trained on, stored, and served without a second rounding.

Symmetric, zero point 0. Rows of a weight matrix are cut into groups of consecutive input columns (8 bits: one group a
row), each with one positive scale, the smallest at which none of its weights is cut off: ``max(max / 7, -min / 8)`` in
4 bits, ``max(max / 127, -min / 128)`` in 8. It is rounded to bf16 before the weights are, because that is how it is
stored. Codes are ``round(weight / scale)``, halves to even.

So the grid is a function of the weights alone, and rounding twice is rounding once: the largest weight of a group is
7 or -8 steps, exactly, and gives the same scale again. A code times a scale has at most 15 significant bits, so the
rounded weights are exact in fp32. Both fail with the customary ``max |weight| / 7.5`` (docs/decisions/021).

Codes and scales are laid out as compressed-tensors stores them: ``pack-quantized`` in 4 bits, ``int-quantized`` or
``naive-quantized`` in 8.
"""

from pathlib import Path
from typing import Any, Literal

import torch  # noqa: TID253

from tunewright.core.files import publish_text
from tunewright.core.frozen import Frozen

#: Beside the weights of a model that lie on a grid.
FILE = "quantization.json"
#: Codes of 4 bits in one int32, the first column in the lowest bits.
PACKED = 8
#: Number format of scales on disk.
SCALE = torch.bfloat16


class Grid(Frozen):
    """How finely weights are rounded.

    Attributes:
        bits: of a code.
        group: input columns that share a scale; 0: all of a row.
        activations: whether inputs are rounded as well, to 8 bits with one scale a token, when the model runs.
    """

    bits: Literal[4, 8]
    group: Literal[0, 32, 64, 128]
    activations: bool = False

    @property
    def codes(self) -> tuple[int, int]:
        """The smallest and the largest code."""
        return -(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1

    @property
    def format(self) -> str:
        """The layout's name in compressed-tensors."""
        if self.bits == 4:
            return "pack-quantized"
        return "int-quantized" if self.activations else "naive-quantized"

    @property
    def words(self) -> str:
        """This, in a few words."""
        shared = f"one scale for {self.group} columns" if self.group else "one scale a row"
        return f"int{self.bits} weights, {shared}" + (", int8 activations by token" if self.activations else "")

    def fits(self, columns: int) -> bool:
        """Whether a matrix of so many input columns can be cut into groups and packed."""
        return columns % (self.group or 1) == 0 and (self.bits == 8 or columns % PACKED == 0)


class OnGrid(Frozen):
    """That the weights of a model folder lie on a grid, and what was measured of it.

    Attributes:
        grid: which.
        layers: the linear layers whose weights lie on it.
        ignored: the linear layers that were left as they are.
        difference: largest difference of any logit between the trained model and the folder's, over the largest logit.
        kl_activations: divergence, in nats a token, of the folder's model, whose inputs transformers does not round,
            from the trained one, whose inputs were rounded; 0 where they were not.
    """

    grid: Grid
    layers: tuple[str, ...]
    ignored: tuple[str, ...]
    difference: float
    kl_activations: float = 0.0

    @property
    def words(self) -> str:
        """This, in a sentence or two."""
        inputs = (
            f" Inputs were rounded in training and are not in transformers, {self.kl_activations:.1e} nats a token."
            if self.grid.activations
            else ""
        )
        return (
            f"{len(self.layers)} layers are saved on their grid ({self.grid.words}); the saved model's logits differ "
            f"from the trained one's by at most {self.difference:.1e} of their scale.{inputs}"
        )

    def keep(self, folder: Path) -> None:
        """Write this into a model folder."""
        publish_text(folder / FILE, self.model_dump_json(indent=2) + "\n")

    @classmethod
    def kept(cls, folder: Path) -> "OnGrid | None":
        """What a model folder says of its grid; None where it says nothing."""
        path = folder / FILE
        return cls.model_validate_json(path.read_text(encoding="utf-8")) if path.exists() else None


def scales_of(weight: torch.Tensor, grid: Grid) -> torch.Tensor:
    """The scale of each group, bf16, shape ``(out, groups)``."""
    low, high = grid.codes
    parts = _grouped(weight.detach().float(), grid)
    widest = torch.maximum(parts.amax(-1) / high, parts.amin(-1) / low)
    # A group of zeros has any scale; a positive one lets it be divided by.
    return widest.clamp(min=torch.finfo(SCALE).tiny).to(SCALE)


def quantize(weight: torch.Tensor, grid: Grid) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes, int8 ``(out, in)``, and scales, bf16 ``(out, groups)``, of a weight matrix."""
    scales = scales_of(weight, grid)
    steps = _grouped(weight.detach().float(), grid) / scales.float().unsqueeze(-1)
    codes = steps.round().clamp(*grid.codes).to(torch.int8)
    return codes.reshape(weight.shape), scales


def dequantize(codes: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """The weights that `codes` stand for, exact, in fp32, shape ``(out, in)``."""
    parts = codes.float().reshape(*scales.shape, -1)
    return (parts * scales.float().unsqueeze(-1)).reshape(codes.shape)


def on_grid(weight: torch.Tensor, grid: Grid) -> torch.Tensor:
    """The point of the grid next to `weight`, in fp32."""
    return dequantize(*quantize(weight, grid))


def activations_on_grid(values: torch.Tensor) -> torch.Tensor:
    """Each token's values rounded to 8 bits, scale ``max |value| / 127``: what vLLM's dynamic int8 kernels compute."""
    whole = values.detach().float()
    scales = (whole.abs().amax(-1, keepdim=True) / 127).clamp(min=torch.finfo(torch.float32).tiny)
    return ((whole / scales).round().clamp(-128, 127) * scales).to(values.dtype)


def pack(codes: torch.Tensor) -> torch.Tensor:
    """4-bit codes, eight in an int32, shape ``(out, in / 8)``: code + 8, the first column in the lowest bits."""
    nibbles = (codes.to(torch.int64) + 8).reshape(codes.shape[0], -1, PACKED)
    words = (nibbles << torch.arange(0, 32, 4, device=codes.device)).sum(-1)
    return torch.where(words >= 2**31, words - 2**32, words).to(torch.int32)


def unpack(packed: torch.Tensor) -> torch.Tensor:
    """The codes that :func:`pack` packed, int8 ``(out, in)``."""
    nibbles = (packed.to(torch.int64).unsqueeze(-1) >> torch.arange(0, 32, 4, device=packed.device)) & 15
    return (nibbles - 8).to(torch.int8).reshape(packed.shape[0], -1)


def stored(weight: torch.Tensor, grid: Grid) -> dict[str, torch.Tensor]:
    """A weight matrix as compressed-tensors stores it, by the suffix of the tensor's name."""
    codes, scales = quantize(weight, grid)
    if grid.bits == 8:
        return {"weight": codes, "weight_scale": scales}
    return {"weight_packed": pack(codes), "weight_scale": scales, "weight_shape": torch.tensor(weight.shape)}


def config(grid: Grid, ignored: tuple[str, ...]) -> dict[str, Any]:
    """``quantization_config`` of a ``config.json`` whose linear layers, but for `ignored`, are stored on `grid`."""
    weights: dict[str, Any] = {"num_bits": grid.bits, "type": "int", "symmetric": True, "dynamic": False}
    weights |= {"strategy": "group", "group_size": grid.group} if grid.group else {"strategy": "channel"}
    inputs = {"num_bits": 8, "type": "int", "symmetric": True, "dynamic": True, "strategy": "token"}
    scheme = {"targets": ["Linear"], "weights": weights, "input_activations": inputs if grid.activations else None}
    return {
        "quant_method": "compressed-tensors",
        "quantization_status": "compressed",
        "format": grid.format,
        "config_groups": {"group_0": scheme},
        "ignore": list(ignored),
        "kv_cache_scheme": None,
    }


def _grouped(weight: torch.Tensor, grid: Grid) -> torch.Tensor:
    """`weight` cut into groups, shape ``(out, groups, columns)``."""
    return weight.reshape(weight.shape[0], -1, grid.group or weight.shape[1])
