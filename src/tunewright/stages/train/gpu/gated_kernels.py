"""The Triton kernels of the gated block: one pass over what is bound by memory.

Imported only where there is a GPU.
"""

import torch  # noqa: TID253
import triton  # type: ignore[import-not-found,import-untyped,unused-ignore]
import triton.language as tl  # type: ignore[import-not-found,import-untyped,unused-ignore]

from tunewright.stages.train.gpu.fp8 import CODES, LARGEST, LEAST_SCALE
from tunewright.stages.train.gpu.gated import TILE, Codes, Kept

#: Rows and columns of a tile, tiles ahead that are fetched, and warps; forward and backward. A program goes through a
#: part of its rows and holds on the way what it sums up of each row. Measured on an H200 for 16,384 rows of 14,336 and
#: rank 16: .50 ms forward, .88 ms backward, the best of 14 each (the worst: 1.3 and 5.3). A tile's columns share a
#: scale where codes are written, and lie within one where they are read.
FORWARD = {"ROWS": 64, "COLUMNS": TILE, "STAGES": 2, "num_warps": 4}
BACKWARD = {"ROWS": 64, "COLUMNS": 64, "STAGES": 3, "num_warps": 4}
#: Programs that keep the GPU busy: few rows are gone through in more parts.
PROGRAMS = 1024


def gated(
    both: torch.Tensor,
    low: torch.Tensor,
    gate: torch.Tensor,
    up: torch.Tensor,
    last: torch.Tensor,
    *,
    with_top: bool,
    with_codes: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None, Codes | None]:
    """See :func:`tunewright.stages.train.gpu.gated.gated`."""
    count, (wide, rank) = both.shape[0], gate.shape
    middle = torch.empty(count, wide, device=both.device, dtype=both.dtype)
    narrow = torch.zeros(count, rank, device=both.device, dtype=torch.float32)
    top = torch.zeros(count, device=both.device, dtype=torch.float32) if with_top else None
    codes = _empty_codes(both) if with_codes else None
    _gated[_grid(count, FORWARD["ROWS"])](
        both,
        low,
        gate,
        up,
        last,
        middle,
        narrow,
        narrow if top is None else top,
        *((both, narrow) if codes is None else codes),
        count,
        wide,
        LARGEST,
        LEAST_SCALE,
        TOP=with_top,
        CODED=with_codes,
        RANK=rank,
        **FORWARD,
    )
    return middle, narrow.to(both.dtype), top, codes


def _empty_codes(both: torch.Tensor) -> Codes:
    count, twice = both.shape
    scales = 2 * triton.cdiv(twice // 2, TILE)
    return Codes(
        torch.empty(count, twice, device=both.device, dtype=CODES),
        torch.empty(count, scales, device=both.device, dtype=torch.float32),
    )


def gated_gradient(
    of_middle: torch.Tensor,
    of_narrow: torch.Tensor,
    kept: Kept,
    scales: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """See :func:`tunewright.stages.train.gpu.gated.gated_gradient`."""
    both, low, gate, up, last = kept
    count, wide = of_middle.shape
    rank = gate.shape[1]
    middle = torch.empty_like(of_middle)
    of_both = torch.empty(count, 2 * wide, device=middle.device, dtype=middle.dtype)
    of_low = torch.zeros(count, 2 * rank, device=middle.device, dtype=torch.float32)
    top = None if scales is None else torch.zeros(count, device=middle.device, dtype=torch.float32)
    _gated_gradient[_grid(count, BACKWARD["ROWS"])](
        of_middle,
        of_narrow.contiguous(),
        *(both if isinstance(both, Codes) else (both, of_low)),
        low,
        gate,
        up,
        last,
        of_both,
        middle,
        of_low,
        of_low if scales is None else scales,
        of_low if top is None else top,
        count,
        wide,
        TOP=scales is not None,
        CODED=isinstance(both, Codes),
        TILE=TILE,
        RANK=rank,
        **BACKWARD,
    )
    return of_both, middle, of_low.to(middle.dtype), top


def _grid(count: int, rows: int) -> tuple[int, int]:
    tiles = triton.cdiv(count, rows)
    return tiles, max(1, PROGRAMS // tiles)


# Triton reads annotations as types of its own, so these functions have none. Places inside a tile fit 32 bits; only
# where a tile begins may need 64.


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _low(low, start, rows, real, RANK: tl.constexpr):  # type: ignore[no-untyped-def]
    """The inner values of gate's and of up's adapter, each (rows, RANK)."""
    place = low + start * 2 * RANK + rows[:, None] * (2 * RANK) + tl.arange(0, RANK)[None, :]
    mask = real[:, None]
    return tl.load(place, mask=mask, other=0.0), tl.load(place + RANK, mask=mask, other=0.0)


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _second(values, columns, wide, RANK: tl.constexpr):  # type: ignore[no-untyped-def]
    """Rows `columns` of a matrix ``(wide, RANK)``, transposed: (RANK, columns)."""
    rank = tl.arange(0, RANK)[:, None]
    mask = (columns < wide)[None, :] & (rank >= 0)
    return tl.load(values + columns[None, :] * RANK + rank, mask=mask, other=0.0)


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _first(values, columns, wide, RANK: tl.constexpr):  # type: ignore[no-untyped-def]
    """Columns `columns` of a matrix ``(RANK, wide)``."""
    rank = tl.arange(0, RANK)[:, None]
    mask = (columns < wide)[None, :] & (rank >= 0)
    return tl.load(values + rank * wide + columns[None, :], mask=mask, other=0.0)


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _gated(  # type: ignore[no-untyped-def]
    both,
    low,
    gate,
    up,
    last,
    middle,
    narrow,
    tops,
    codes,
    marks,
    count,
    wide,
    LARGEST,
    LEAST,
    TOP: tl.constexpr,
    CODED: tl.constexpr,
    RANK: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    STAGES: tl.constexpr,
):
    start = tl.program_id(0).to(tl.int64) * ROWS
    rows = tl.arange(0, ROWS)
    real = start + rows < count
    both += start * 2 * wide
    codes += start * 2 * wide
    middle += start * wide
    tiles = tl.cdiv(wide, COLUMNS)
    marks += (start + rows) * 2 * tiles
    low_gate, low_up = _low(low, start, rows, real, RANK)
    inner = tl.zeros((ROWS, RANK), tl.float32)
    largest = tl.zeros((ROWS, COLUMNS), tl.float32)
    segment = tl.cdiv(tl.cdiv(wide, tl.num_programs(1)), COLUMNS) * COLUMNS
    begin = tl.program_id(1) * segment
    for at in tl.range(begin, tl.minimum(begin + segment, wide), COLUMNS, num_stages=STAGES):
        columns = at + tl.arange(0, COLUMNS)
        inside = real[:, None] & (columns < wide)[None, :]
        pair = rows[:, None] * (2 * wide) + columns[None, :]
        opened = tl.load(both + pair, mask=inside, other=0.0).to(tl.float32)
        raised = tl.load(both + pair + wide, mask=inside, other=0.0).to(tl.float32)
        opened = tl.dot(low_gate, _second(gate, columns, wide, RANK), opened)
        raised = tl.dot(low_up, _second(up, columns, wide, RANK), raised)
        if CODED:
            _keep(codes + pair, marks + at // COLUMNS, opened, inside, real, LARGEST, LEAST)
            _keep(codes + pair + wide, marks + tiles + at // COLUMNS, raised, inside, real, LARGEST, LEAST)
        value = (opened * tl.sigmoid(opened) * raised).to(middle.dtype.element_ty)
        tl.store(middle + rows[:, None] * wide + columns[None, :], value, mask=inside)
        inner = tl.dot(value, tl.trans(_first(last, columns, wide, RANK)), inner)
        if TOP:
            largest = tl.maximum(largest, tl.abs(value.to(tl.float32)))
    place = (start + rows)[:, None] * RANK + tl.arange(0, RANK)[None, :]
    tl.atomic_add(narrow + place, inner, mask=real[:, None], sem="relaxed")
    if TOP:
        tl.atomic_max(tops + start + rows, tl.max(largest, axis=1), mask=real, sem="relaxed")


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _keep(codes, marks, values, inside, real, LARGEST, LEAST):  # type: ignore[no-untyped-def]
    """Store a tile as codes, with a scale for each of its rows; what lies outside must be 0."""
    by = tl.maximum(tl.max(tl.abs(values), axis=1), LEAST * LARGEST) / LARGEST
    kept = tl.minimum(tl.maximum(values / by[:, None], -LARGEST), LARGEST)
    tl.store(codes, kept.to(codes.dtype.element_ty), mask=inside)
    tl.store(marks, by, mask=real)


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _scaled(values, scales, columns, wide):  # type: ignore[no-untyped-def]
    """Magnitudes of a tile, each column multiplied by its scale."""
    return tl.abs(values.to(tl.float32) * tl.load(scales + columns, mask=columns < wide, other=0.0)[None, :])


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _gated_gradient(  # type: ignore[no-untyped-def]
    of_middle,
    of_narrow,
    both,
    marks,
    low,
    gate,
    up,
    last,
    of_both,
    middle,
    of_low,
    scales,
    tops,
    count,
    wide,
    TOP: tl.constexpr,
    CODED: tl.constexpr,
    TILE: tl.constexpr,
    RANK: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    STAGES: tl.constexpr,
):
    kind = of_both.dtype.element_ty
    start = tl.program_id(0).to(tl.int64) * ROWS
    rows, rank = tl.arange(0, ROWS), tl.arange(0, RANK)
    real = start + rows < count
    both += start * 2 * wide
    of_both += start * 2 * wide
    middle += start * wide
    of_middle += start * wide
    tiles = tl.cdiv(wide, TILE)
    marks += (start + rows) * 2 * tiles
    low_gate, low_up = _low(low, start, rows, real, RANK)
    narrow = tl.load(of_narrow + (start + rows)[:, None] * RANK + rank[None, :], mask=real[:, None], other=0.0)
    inner_gate = tl.zeros((ROWS, RANK), tl.float32)
    inner_up = tl.zeros((ROWS, RANK), tl.float32)
    largest = tl.zeros((ROWS, COLUMNS), tl.float32)
    segment = tl.cdiv(tl.cdiv(wide, tl.num_programs(1)), COLUMNS) * COLUMNS
    begin = tl.program_id(1) * segment
    for at in tl.range(begin, tl.minimum(begin + segment, wide), COLUMNS, num_stages=STAGES):
        columns = at + tl.arange(0, COLUMNS)
        inside = real[:, None] & (columns < wide)[None, :]
        pair = rows[:, None] * (2 * wide) + columns[None, :]
        here = rows[:, None] * wide + columns[None, :]
        opened = tl.load(both + pair, mask=inside, other=0.0).to(tl.float32)
        raised = tl.load(both + pair + wide, mask=inside, other=0.0).to(tl.float32)
        slope = tl.load(of_middle + here, mask=inside, other=0.0).to(tl.float32)
        gates = _second(gate, columns, wide, RANK)
        ups = _second(up, columns, wide, RANK)
        if CODED:
            opened *= tl.load(marks + at // TILE, mask=real, other=0.0)[:, None]
            raised *= tl.load(marks + tiles + at // TILE, mask=real, other=0.0)[:, None]
        else:
            opened = tl.dot(low_gate, gates, opened)
            raised = tl.dot(low_up, ups, raised)
        slope = tl.dot(narrow, _first(last, columns, wide, RANK), slope)
        share = tl.sigmoid(opened)
        active = opened * share
        of_opened = (slope * raised * (share + active * (1 - share))).to(kind)
        of_raised = (slope * active).to(kind)
        tl.store(middle + here, (active * raised).to(kind), mask=inside)
        tl.store(of_both + pair, of_opened, mask=inside)
        tl.store(of_both + pair + wide, of_raised, mask=inside)
        inner_gate = tl.dot(of_opened, tl.trans(gates), inner_gate)
        inner_up = tl.dot(of_raised, tl.trans(ups), inner_up)
        if TOP:
            largest = tl.maximum(largest, _scaled(of_opened, scales, columns, wide))
            largest = tl.maximum(largest, _scaled(of_raised, scales + wide, columns, wide))
    place = of_low + (start + rows)[:, None] * (2 * RANK) + rank[None, :]
    tl.atomic_add(place, inner_gate, mask=real[:, None], sem="relaxed")
    tl.atomic_add(place + RANK, inner_up, mask=real[:, None], sem="relaxed")
    if TOP:
        tl.atomic_max(tops + start + rows, tl.max(largest, axis=1), mask=real, sem="relaxed")
