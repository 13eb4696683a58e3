"""What the fused feed-forward block saves for its gradient, and in which form its kernels take it.

T is the tokens of a batch in one line, F the width of the middle, R the rank of the adapters.

Only the recipes import this file, inside the function that trains.
"""

from typing import Literal, NamedTuple

import torch  # noqa: TID253

from tunewright.stages.train.gpu.fp8_format import rounded

#: What of gate and up is saved for the gradient: their values, codes of them, or nothing; then they are computed again.
Saved = Literal["values", "codes", "nothing"]
#: Columns that share a scale in :class:`Codes`.
TILE = 128


class Codes(NamedTuple):
    """Gate and up side by side, their adapters' parts added, in 8 bits.

    Attributes:
        codes: e4m3, ``(T, 2F)``.
        scale: of each :data:`TILE` columns of gate, then of up, fp32 ``(T, 2 · tiles)``.
    """

    codes: torch.Tensor
    scale: torch.Tensor

    @classmethod
    def of(cls, gate: torch.Tensor, up: torch.Tensor) -> "Codes":
        """Those of gate and up, each ``(T, F)``."""
        parts = [rounded(tile) for part in (gate, up) for tile in torch.split(part, TILE, dim=1)]
        return cls(*(torch.cat(pieces, dim=1) for pieces in zip(*parts, strict=True)))

    def values(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Gate and up, each ``(T, F)``, fp32."""
        width, tiles = self.codes.shape[1] // 2, self.scale.shape[1] // 2
        each = self.scale.reshape(-1, 2, tiles).repeat_interleave(TILE, dim=2)[:, :, :width]
        gate, up = (self.codes.float().reshape(-1, 2, width) * each).unbind(1)
        return gate, up


class FfnInner(NamedTuple):
    """What the middle of the block is computed from, and its gradient again.

    Attributes:
        gate_up: gate's and up's frozen products side by side, ``(T, 2F)``; or, for the gradient alone, codes of gate
            and up with their adapters' parts added.
        x_a: the block's input times gate's and up's `lora_a`, side by side, ``(T, 2R)``.
        lora_b_gate: gate's second matrix times its scale, ``(F, R)``.
        lora_b_up: up's, likewise.
        lora_a_down: first matrix of down's adapter, ``(R, F)``.
    """

    gate_up: torch.Tensor | Codes
    x_a: torch.Tensor
    lora_b_gate: torch.Tensor
    lora_b_up: torch.Tensor
    lora_a_down: torch.Tensor
