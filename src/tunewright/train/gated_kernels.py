"""The Triton kernels of the gated block and of rounding rows to fp8: one pass over what is bound by memory.

Imported only where there is a GPU.
"""

import torch  # noqa: TID253
import triton  # type: ignore[import-not-found,import-untyped,unused-ignore]
import triton.language as tl  # type: ignore[import-not-found,import-untyped,unused-ignore]

from tunewright.train.fp8 import CODES, LARGEST, LEAST_SCALE

#: Rows and columns of a tile, tiles ahead that are fetched, and warps; forward and backward. A program goes through a
#: part of its rows and holds on the way what it sums up of each row. Measured on an H200 for 16,384 rows of 14,336 and
#: rank 16: .50 ms forward, .88 ms backward, the best of 14 each (the worst: 1.3 and 5.3).
FORWARD = {"ROWS": 64, "COLUMNS": 128, "STAGES": 2, "num_warps": 4}
BACKWARD = {"ROWS": 64, "COLUMNS": 64, "STAGES": 3, "num_warps": 4}
#: Programs that keep the GPU busy: few rows are gone through in more parts.
PROGRAMS = 1024
#: Rows up to this width are held in registers between the two looks at them; wider ones are read twice, the second time
#: from the cache. Where the largest value is known there is one look: 16,384 rows of 28,672 take .34 ms instead of .60.
HELD, PIECE = 16384, 4096
#: Side of a tile that is transposed.
SQUARE = 128


def rounded_rows(
    rows: torch.Tensor, scales: torch.Tensor | None, top: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes ``(m, k)`` and row scales ``(m, 1)``; see :func:`tunewright.train.gated.rounded_rows`."""
    count, width = rows.shape
    codes = torch.empty(count, width, device=rows.device, dtype=CODES)
    scale = torch.empty(count, 1, device=rows.device, dtype=torch.float32)
    held = top is None and width <= HELD
    block = triton.next_power_of_2(width) if held else PIECE
    _round_rows[(count,)](
        rows,
        rows if scales is None else scales,
        rows if top is None else top,
        codes,
        scale,
        width,
        rows.stride(0),
        LARGEST,
        LEAST_SCALE,
        SCALED=scales is not None,
        KNOWN=top is not None,
        BLOCK=block,
        num_warps=min(8, max(4, block // 1024)) if held or top is not None else 16,
    )
    return codes, scale


def transposed(codes: torch.Tensor) -> torch.Tensor:
    """A transposed copy of fp8 codes; PyTorch's own takes ten times as long (.35 ms against .035 for 59 MB, H200)."""
    rows, columns = codes.shape
    out = torch.empty(columns, rows, device=codes.device, dtype=torch.uint8)
    tiles = triton.cdiv(rows, SQUARE), triton.cdiv(columns, SQUARE)
    _transpose[tiles](codes.view(torch.uint8), out, rows, columns, SQUARE=SQUARE, num_warps=8)
    return out.view(CODES)


def gated(
    both: torch.Tensor, low: torch.Tensor, gate: torch.Tensor, up: torch.Tensor, last: torch.Tensor, *, with_top: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """See :func:`tunewright.train.gated.gated`."""
    count, (wide, rank) = both.shape[0], gate.shape
    middle = torch.empty(count, wide, device=both.device, dtype=both.dtype)
    narrow = torch.zeros(count, rank, device=both.device, dtype=torch.float32)
    top = torch.zeros(count, device=both.device, dtype=torch.float32) if with_top else None
    _gated[_grid(count, FORWARD["ROWS"])](
        both,
        low,
        gate,
        up,
        last,
        middle,
        narrow,
        narrow if top is None else top,
        count,
        wide,
        TOP=with_top,
        RANK=rank,
        **FORWARD,
    )
    return middle, narrow.to(both.dtype), top


def gated_gradient(
    of_middle: torch.Tensor,
    of_narrow: torch.Tensor,
    kept: tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor],
    scales: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """See :func:`tunewright.train.gated.gated_gradient`."""
    both, low, gate, up, last = kept
    count, wide = of_middle.shape
    rank = gate.shape[1]
    of_both, middle = torch.empty_like(both), torch.empty_like(of_middle)
    of_low = torch.zeros(count, 2 * rank, device=both.device, dtype=torch.float32)
    top = None if scales is None else torch.zeros(count, device=both.device, dtype=torch.float32)
    _gated_gradient[_grid(count, BACKWARD["ROWS"])](
        of_middle,
        of_narrow.contiguous(),
        both,
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
        RANK=rank,
        **BACKWARD,
    )
    return of_both, middle, of_low.to(both.dtype), top


def _grid(count: int, rows: int) -> tuple[int, int]:
    tiles = triton.cdiv(count, rows)
    return tiles, max(1, PROGRAMS // tiles)


# Triton reads annotations as types of its own, so these functions have none. Places inside a tile fit 32 bits; only
# where a tile begins may need 64.


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _round_rows(  # type: ignore[no-untyped-def]
    rows,
    scales,
    tops,
    codes,
    scale,
    width,
    stride,
    LARGEST,
    LEAST,
    SCALED: tl.constexpr,
    KNOWN: tl.constexpr,
    BLOCK: tl.constexpr,
):
    row = tl.program_id(0).to(tl.int64)
    rows += row * stride
    codes += row * width
    place = tl.arange(0, BLOCK)
    values = _scaled(rows, scales, place, width, SCALED)
    if KNOWN:
        top = tl.load(tops + row)
    else:
        each = tl.abs(values)
        for start in range(BLOCK, width, BLOCK):
            each = tl.maximum(each, tl.abs(_scaled(rows, scales, start + place, width, SCALED)))
        top = tl.max(each, axis=0)
    by = tl.maximum(top, LEAST * LARGEST) / LARGEST
    _store(codes, values / by, place, width, LARGEST)
    for start in range(BLOCK, width, BLOCK):
        values = _scaled(rows, scales, start + place, width, SCALED)
        _store(codes, values / by, start + place, width, LARGEST)
    tl.store(scale + row, by)


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _scaled(rows, scales, place, width, SCALED: tl.constexpr):  # type: ignore[no-untyped-def]
    """Values of one row, each multiplied by its column's scale, fp32."""
    values = tl.load(rows + place, mask=place < width, other=0.0).to(tl.float32)
    if SCALED:
        values *= tl.load(scales + place, mask=place < width, other=0.0)
    return values


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _store(codes, values, place, width, LARGEST):  # type: ignore[no-untyped-def]
    kept = tl.minimum(tl.maximum(values, -LARGEST), LARGEST)  # division may end just beyond the largest code
    tl.store(codes + place, kept.to(codes.dtype.element_ty), mask=place < width)


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _transpose(codes, out, rows, columns, SQUARE: tl.constexpr):  # type: ignore[no-untyped-def]
    row = tl.program_id(0).to(tl.int64) * SQUARE + tl.arange(0, SQUARE)
    column = tl.program_id(1).to(tl.int64) * SQUARE + tl.arange(0, SQUARE)
    inside = (row < rows)[:, None] & (column < columns)[None, :]
    tile = tl.load(codes + row[:, None] * columns + column[None, :], mask=inside)
    tl.store(out + column[:, None] * rows + row[None, :], tl.trans(tile), mask=tl.trans(inside))


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
    count,
    wide,
    TOP: tl.constexpr,
    RANK: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    STAGES: tl.constexpr,
):
    start = tl.program_id(0).to(tl.int64) * ROWS
    rows = tl.arange(0, ROWS)
    real = start + rows < count
    both += start * 2 * wide
    middle += start * wide
    low_gate, low_up = _low(low, start, rows, real, RANK)
    inner = tl.zeros((ROWS, RANK), tl.float32)
    largest = tl.zeros((ROWS, COLUMNS), tl.float32)
    segment = tl.cdiv(tl.cdiv(wide, tl.num_programs(1)), COLUMNS) * COLUMNS
    begin = tl.program_id(1) * segment
    for at in tl.range(begin, tl.minimum(begin + segment, wide), COLUMNS, num_stages=STAGES):
        columns = at + tl.arange(0, COLUMNS)
        inside = real[:, None] & (columns < wide)[None, :]
        pair = both + rows[:, None] * (2 * wide) + columns[None, :]
        opened = tl.load(pair, mask=inside, other=0.0).to(tl.float32)
        raised = tl.load(pair + wide, mask=inside, other=0.0).to(tl.float32)
        opened = tl.dot(low_gate, _second(gate, columns, wide, RANK), opened)
        raised = tl.dot(low_up, _second(up, columns, wide, RANK), raised)
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
def _gated_gradient(  # type: ignore[no-untyped-def]
    of_middle,
    of_narrow,
    both,
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
            fit = columns < wide
            by_gate = tl.load(scales + columns, mask=fit, other=0.0)
            by_up = tl.load(scales + wide + columns, mask=fit, other=0.0)
            largest = tl.maximum(largest, tl.abs(of_opened.to(tl.float32) * by_gate[None, :]))
            largest = tl.maximum(largest, tl.abs(of_raised.to(tl.float32) * by_up[None, :]))
    place = of_low + (start + rows)[:, None] * (2 * RANK) + rank[None, :]
    tl.atomic_add(place, inner_gate, mask=real[:, None], sem="relaxed")
    tl.atomic_add(place + RANK, inner_up, mask=real[:, None], sem="relaxed")
    if TOP:
        tl.atomic_max(tops + start + rows, tl.max(largest, axis=1), mask=real, sem="relaxed")
