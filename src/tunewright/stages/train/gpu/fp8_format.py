"""The 8-bit floating-point format of products on a GPU, and which products may be in it.

Each operand is scaled row by row: a row's largest magnitude becomes 448, the largest that e4m3 holds (Micikevicius et
al. 2022, arXiv 2209.05433).

Only the recipes import this file, inside the function that trains.
"""

from typing import Literal

import torch  # noqa: TID253

CODES = torch.float8_e4m3fn
LARGEST = 448.0
#: The units take operands whose dimensions are multiples of 16; other layers stay as they are.
MULTIPLE = 16
#: An all-zero row has no scale; this one keeps it zero.
LEAST_SCALE = 1e-12

#: What is computed in fp8: nothing, the gradient of the input, or both products.
Products = Literal["bf16", "fp8-backward", "fp8"]


def rounded(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """`rows` ``(m, k)`` as e4m3 codes ``(m, k)``, and the scale of each row, fp32 ``(m, 1)``."""
    scale = rows.abs().amax(dim=-1, keepdim=True).float().clamp(min=LEAST_SCALE) / LARGEST
    # Division may end just beyond the largest code, which would turn into NaN.
    return (rows.float() / scale).clamp(-LARGEST, LARGEST).to(CODES), scale
