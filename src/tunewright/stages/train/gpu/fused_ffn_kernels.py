"""The Triton kernels of the fused feed-forward block: one pass over what is bound by memory.

T is the tokens of a batch in one line, F the width of the middle, R the rank of the adapters; see ``fused_ffn.py``.

Imported only where there is a GPU.
"""

import torch  # noqa: TID253
import triton  # type: ignore[import-not-found,import-untyped,unused-ignore]
import triton.language as tl  # type: ignore[import-not-found,import-untyped,unused-ignore]

from tunewright.stages.train.gpu.fp8_format import CODES, LARGEST, LEAST_SCALE
from tunewright.stages.train.gpu.fused_ffn_types import TILE, Codes, FfnInner

#: Rows and columns of a tile, tiles ahead that are fetched, and warps; forward and backward. A program goes through a
#: part of its rows and holds on the way what it sums up of each row. Measured on an H200 for 16,384 rows of 14,336 and
#: rank 16: .50 ms forward, .88 ms backward, the best of 14 each (the worst: 1.3 and 5.3). A tile's columns share a
#: scale where codes are written, and lie within one where they are read.
FORWARD = {"ROWS": 64, "COLUMNS": TILE, "STAGES": 2, "num_warps": 4}
BACKWARD = {"ROWS": 64, "COLUMNS": 64, "STAGES": 3, "num_warps": 4}
#: Programs that keep the GPU busy: few rows are gone through in more parts.
PROGRAMS = 1024


def ffn_middle(
    inner: FfnInner, *, with_row_max: bool, with_codes: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None, Codes | None]:
    """See :func:`tunewright.stages.train.gpu.fused_ffn.ffn_middle`."""
    gate_up, x_a, lora_b_gate, lora_b_up, lora_a_down = inner
    assert isinstance(gate_up, torch.Tensor), "the middle is computed from values"
    tokens, (width, rank) = gate_up.shape[0], lora_b_gate.shape
    h = torch.empty(tokens, width, device=gate_up.device, dtype=gate_up.dtype)
    h_a = torch.zeros(tokens, rank, device=gate_up.device, dtype=torch.float32)
    row_max = torch.zeros(tokens, device=gate_up.device, dtype=torch.float32) if with_row_max else None
    codes = _empty_codes(gate_up) if with_codes else None
    _middle[_grid(tokens, FORWARD["ROWS"])](
        gate_up,
        x_a,
        lora_b_gate,
        lora_b_up,
        lora_a_down,
        h,
        h_a,
        h_a if row_max is None else row_max,
        *((gate_up, h_a) if codes is None else codes),
        tokens,
        width,
        LARGEST,
        LEAST_SCALE,
        WITH_ROW_MAX=with_row_max,
        WITH_CODES=with_codes,
        RANK=rank,
        **FORWARD,
    )
    return h, h_a.to(gate_up.dtype), row_max, codes


def _empty_codes(gate_up: torch.Tensor) -> Codes:
    """Room for the codes of `gate_up`, ``(T, 2F)``."""
    tokens, twice = gate_up.shape
    scales = 2 * triton.cdiv(twice // 2, TILE)
    return Codes(
        torch.empty(tokens, twice, device=gate_up.device, dtype=CODES),
        torch.empty(tokens, scales, device=gate_up.device, dtype=torch.float32),
    )


def ffn_middle_gradient(
    grad_h: torch.Tensor, grad_h_a: torch.Tensor, inner: FfnInner, scales: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """See :func:`tunewright.stages.train.gpu.fused_ffn.ffn_middle_gradient`."""
    gate_up, x_a, lora_b_gate, lora_b_up, lora_a_down = inner
    tokens, width = grad_h.shape
    rank = lora_b_gate.shape[1]
    h = torch.empty_like(grad_h)
    grad_gate_up = torch.empty(tokens, 2 * width, device=h.device, dtype=h.dtype)
    grad_x_a = torch.zeros(tokens, 2 * rank, device=h.device, dtype=torch.float32)
    row_max = None if scales is None else torch.zeros(tokens, device=h.device, dtype=torch.float32)
    _middle_gradient[_grid(tokens, BACKWARD["ROWS"])](
        grad_h,
        grad_h_a.contiguous(),
        *(gate_up if isinstance(gate_up, Codes) else (gate_up, grad_x_a)),
        x_a,
        lora_b_gate,
        lora_b_up,
        lora_a_down,
        grad_gate_up,
        h,
        grad_x_a,
        grad_x_a if scales is None else scales,
        grad_x_a if row_max is None else row_max,
        tokens,
        width,
        WITH_ROW_MAX=scales is not None,
        FROM_CODES=isinstance(gate_up, Codes),
        TILE=TILE,
        RANK=rank,
        **BACKWARD,
    )
    return grad_gate_up, h, grad_x_a.to(h.dtype), row_max


def _grid(tokens: int, rows: int) -> tuple[int, int]:
    """Programs by tiles of `rows` tokens, and by parts of a row."""
    tiles = triton.cdiv(tokens, rows)
    return tiles, max(1, PROGRAMS // tiles)


# Triton reads annotations as types of its own, so these functions have none. Places inside a tile fit 32 bits; only
# where a tile begins may need 64.


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _load_x_a(x_a, start, rows, real, RANK: tl.constexpr):  # type: ignore[no-untyped-def]
    """The input times gate's and up's `lora_a`, each (rows, RANK)."""
    place = x_a + start * 2 * RANK + rows[:, None] * (2 * RANK) + tl.arange(0, RANK)[None, :]
    mask = real[:, None]
    return tl.load(place, mask=mask, other=0.0), tl.load(place + RANK, mask=mask, other=0.0)


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _load_lora_b(values, columns, width, RANK: tl.constexpr):  # type: ignore[no-untyped-def]
    """Rows `columns` of a matrix ``(width, RANK)``, transposed: (RANK, columns)."""
    rank = tl.arange(0, RANK)[:, None]
    mask = (columns < width)[None, :] & (rank >= 0)
    return tl.load(values + columns[None, :] * RANK + rank, mask=mask, other=0.0)


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _load_lora_a(values, columns, width, RANK: tl.constexpr):  # type: ignore[no-untyped-def]
    """Columns `columns` of a matrix ``(RANK, width)``."""
    rank = tl.arange(0, RANK)[:, None]
    mask = (columns < width)[None, :] & (rank >= 0)
    return tl.load(values + rank * width + columns[None, :], mask=mask, other=0.0)


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _middle(  # type: ignore[no-untyped-def]
    gate_up,
    x_a,
    lora_b_gate,
    lora_b_up,
    lora_a_down,
    h,
    h_a,
    row_max,
    codes,
    code_scales,
    tokens,
    width,
    LARGEST,
    LEAST,
    WITH_ROW_MAX: tl.constexpr,
    WITH_CODES: tl.constexpr,
    RANK: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    STAGES: tl.constexpr,
):
    start = tl.program_id(0).to(tl.int64) * ROWS
    rows = tl.arange(0, ROWS)
    real = start + rows < tokens
    gate_up += start * 2 * width
    codes += start * 2 * width
    h += start * width
    tiles = tl.cdiv(width, COLUMNS)
    code_scales += (start + rows) * 2 * tiles
    x_a_gate, x_a_up = _load_x_a(x_a, start, rows, real, RANK)
    sum_h_a = tl.zeros((ROWS, RANK), tl.float32)
    largest = tl.zeros((ROWS, COLUMNS), tl.float32)
    segment = tl.cdiv(tl.cdiv(width, tl.num_programs(1)), COLUMNS) * COLUMNS
    begin = tl.program_id(1) * segment
    for at in tl.range(begin, tl.minimum(begin + segment, width), COLUMNS, num_stages=STAGES):
        columns = at + tl.arange(0, COLUMNS)
        inside = real[:, None] & (columns < width)[None, :]
        pair = rows[:, None] * (2 * width) + columns[None, :]
        gate_values = tl.load(gate_up + pair, mask=inside, other=0.0).to(tl.float32)
        up_values = tl.load(gate_up + pair + width, mask=inside, other=0.0).to(tl.float32)
        gate_values = tl.dot(x_a_gate, _load_lora_b(lora_b_gate, columns, width, RANK), gate_values)
        up_values = tl.dot(x_a_up, _load_lora_b(lora_b_up, columns, width, RANK), up_values)
        if WITH_CODES:
            _store_codes(codes + pair, code_scales + at // COLUMNS, gate_values, inside, real, LARGEST, LEAST)
            up_scales = code_scales + tiles + at // COLUMNS
            _store_codes(codes + pair + width, up_scales, up_values, inside, real, LARGEST, LEAST)
        value = (gate_values * tl.sigmoid(gate_values) * up_values).to(h.dtype.element_ty)
        tl.store(h + rows[:, None] * width + columns[None, :], value, mask=inside)
        sum_h_a = tl.dot(value, tl.trans(_load_lora_a(lora_a_down, columns, width, RANK)), sum_h_a)
        if WITH_ROW_MAX:
            largest = tl.maximum(largest, tl.abs(value.to(tl.float32)))
    place = (start + rows)[:, None] * RANK + tl.arange(0, RANK)[None, :]
    tl.atomic_add(h_a + place, sum_h_a, mask=real[:, None], sem="relaxed")
    if WITH_ROW_MAX:
        tl.atomic_max(row_max + start + rows, tl.max(largest, axis=1), mask=real, sem="relaxed")


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _store_codes(codes, code_scales, values, inside, real, LARGEST, LEAST):  # type: ignore[no-untyped-def]
    """Store a tile as codes, with a scale for each of its rows; what lies outside must be 0."""
    by = tl.maximum(tl.max(tl.abs(values), axis=1), LEAST * LARGEST) / LARGEST
    code = tl.minimum(tl.maximum(values / by[:, None], -LARGEST), LARGEST)
    tl.store(codes, code.to(codes.dtype.element_ty), mask=inside)
    tl.store(code_scales, by, mask=real)


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _scaled_size(values, scales, columns, width):  # type: ignore[no-untyped-def]
    """Magnitudes of a tile, each column multiplied by its scale."""
    return tl.abs(values.to(tl.float32) * tl.load(scales + columns, mask=columns < width, other=0.0)[None, :])


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _middle_gradient(  # type: ignore[no-untyped-def]
    grad_h,
    grad_h_a,
    gate_up,
    code_scales,
    x_a,
    lora_b_gate,
    lora_b_up,
    lora_a_down,
    grad_gate_up,
    h,
    grad_x_a,
    scales,
    row_max,
    tokens,
    width,
    WITH_ROW_MAX: tl.constexpr,
    FROM_CODES: tl.constexpr,
    TILE: tl.constexpr,
    RANK: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    STAGES: tl.constexpr,
):
    kind = grad_gate_up.dtype.element_ty
    start = tl.program_id(0).to(tl.int64) * ROWS
    rows, rank = tl.arange(0, ROWS), tl.arange(0, RANK)
    real = start + rows < tokens
    gate_up += start * 2 * width
    grad_gate_up += start * 2 * width
    h += start * width
    grad_h += start * width
    tiles = tl.cdiv(width, TILE)
    code_scales += (start + rows) * 2 * tiles
    x_a_gate, x_a_up = _load_x_a(x_a, start, rows, real, RANK)
    grad_h_a_rows = tl.load(grad_h_a + (start + rows)[:, None] * RANK + rank[None, :], mask=real[:, None], other=0.0)
    sum_gate = tl.zeros((ROWS, RANK), tl.float32)
    sum_up = tl.zeros((ROWS, RANK), tl.float32)
    largest = tl.zeros((ROWS, COLUMNS), tl.float32)
    segment = tl.cdiv(tl.cdiv(width, tl.num_programs(1)), COLUMNS) * COLUMNS
    begin = tl.program_id(1) * segment
    for at in tl.range(begin, tl.minimum(begin + segment, width), COLUMNS, num_stages=STAGES):
        columns = at + tl.arange(0, COLUMNS)
        inside = real[:, None] & (columns < width)[None, :]
        pair = rows[:, None] * (2 * width) + columns[None, :]
        here = rows[:, None] * width + columns[None, :]
        gate_values = tl.load(gate_up + pair, mask=inside, other=0.0).to(tl.float32)
        up_values = tl.load(gate_up + pair + width, mask=inside, other=0.0).to(tl.float32)
        grad_whole = tl.load(grad_h + here, mask=inside, other=0.0).to(tl.float32)
        b_gate = _load_lora_b(lora_b_gate, columns, width, RANK)
        b_up = _load_lora_b(lora_b_up, columns, width, RANK)
        if FROM_CODES:
            gate_values *= tl.load(code_scales + at // TILE, mask=real, other=0.0)[:, None]
            up_values *= tl.load(code_scales + tiles + at // TILE, mask=real, other=0.0)[:, None]
        else:
            gate_values = tl.dot(x_a_gate, b_gate, gate_values)
            up_values = tl.dot(x_a_up, b_up, up_values)
        grad_whole = tl.dot(grad_h_a_rows, _load_lora_a(lora_a_down, columns, width, RANK), grad_whole)
        sigmoid = tl.sigmoid(gate_values)
        silu = gate_values * sigmoid
        grad_gate = (grad_whole * up_values * (sigmoid + silu * (1 - sigmoid))).to(kind)
        grad_up = (grad_whole * silu).to(kind)
        tl.store(h + here, (silu * up_values).to(kind), mask=inside)
        tl.store(grad_gate_up + pair, grad_gate, mask=inside)
        tl.store(grad_gate_up + pair + width, grad_up, mask=inside)
        sum_gate = tl.dot(grad_gate, tl.trans(b_gate), sum_gate)
        sum_up = tl.dot(grad_up, tl.trans(b_up), sum_up)
        if WITH_ROW_MAX:
            largest = tl.maximum(largest, _scaled_size(grad_gate, scales, columns, width))
            largest = tl.maximum(largest, _scaled_size(grad_up, scales + width, columns, width))
    place = grad_x_a + (start + rows)[:, None] * (2 * RANK) + rank[None, :]
    tl.atomic_add(place, sum_gate, mask=real[:, None], sem="relaxed")
    tl.atomic_add(place + RANK, sum_up, mask=real[:, None], sem="relaxed")
    if WITH_ROW_MAX:
        tl.atomic_max(row_max + start + rows, tl.max(largest, axis=1), mask=real, sem="relaxed")
