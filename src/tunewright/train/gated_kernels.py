"""The Triton kernels of the gated block and of rounding rows to fp8: one pass over what is bound by memory.

Imported only where there is a GPU.
"""

import torch  # noqa: TID253
import triton  # type: ignore[import-not-found,import-untyped,unused-ignore]
import triton.language as tl  # type: ignore[import-not-found,import-untyped,unused-ignore]

from tunewright.train.fp8 import CODES, LARGEST, LEAST_SCALE

#: Measured on an H200 for 16,384 rows of 14,336: .48 ms forward, 1.01 ms backward; 64 rows and 8 warps: .60, 1.40.
ROWS, COLUMNS, WARPS = 32, 128, 4
#: Rows up to this width are held in registers between the two looks at them; wider ones are read twice, the second time
#: from the cache (28,672 columns: .43 ms against .60).
HELD, PIECE = 16384, 4096


def rounded_rows(rows: torch.Tensor, scales: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes ``(m, k)`` and row scales ``(m, 1)``; see :func:`tunewright.train.gated.rounded_rows`."""
    count, width = rows.shape
    codes = torch.empty(count, width, device=rows.device, dtype=CODES)
    scale = torch.empty(count, 1, device=rows.device, dtype=torch.float32)
    held = width <= HELD
    block = triton.next_power_of_2(width) if held else PIECE
    _round_rows[(count,)](
        rows,
        rows if scales is None else scales,
        codes,
        scale,
        width,
        rows.stride(0),
        LARGEST,
        LEAST_SCALE,
        SCALED=scales is not None,
        BLOCK=block,
        num_warps=min(8, max(4, block // 1024)) if held else 16,
    )
    return codes, scale


def gated(both: torch.Tensor, low: torch.Tensor, gate: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
    """See :func:`tunewright.train.gated.gated`."""
    count, wide = both.shape[0], gate.shape[0]
    middle = torch.empty(count, wide, device=both.device, dtype=both.dtype)
    _gated[_tiles(count, wide)](
        both, low, gate, up, middle, count, wide, RANK=gate.shape[1], ROWS=ROWS, COLUMNS=COLUMNS, num_warps=WARPS
    )
    return middle


def gated_gradient(
    of_middle: torch.Tensor,
    of_narrow: torch.Tensor,
    last: torch.Tensor,
    both: torch.Tensor,
    low: torch.Tensor,
    gate: torch.Tensor,
    up: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """See :func:`tunewright.train.gated.gated_gradient`."""
    count, wide = of_middle.shape
    of_both = torch.empty_like(both)
    middle = torch.empty_like(of_middle)
    _gated_gradient[_tiles(count, wide)](
        of_middle,
        of_narrow.contiguous(),
        last,
        both,
        low,
        gate,
        up,
        of_both,
        middle,
        count,
        wide,
        RANK=gate.shape[1],
        ROWS=ROWS,
        COLUMNS=COLUMNS,
        num_warps=WARPS,
    )
    return of_both, middle


def _tiles(count: int, wide: int) -> tuple[int, int]:
    return triton.cdiv(wide, COLUMNS), triton.cdiv(count, ROWS)


# Triton reads annotations as types of its own, so these functions have none.


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _round_rows(  # type: ignore[no-untyped-def]
    rows, scales, codes, scale, width, stride, LARGEST, LEAST, SCALED: tl.constexpr, BLOCK: tl.constexpr
):
    row = tl.program_id(0).to(tl.int64)
    rows += row * stride
    codes += row * width
    place = tl.arange(0, BLOCK)
    values = _scaled(rows, scales, place, width, SCALED)
    top = tl.abs(values)
    for start in range(BLOCK, width, BLOCK):
        top = tl.maximum(top, tl.abs(_scaled(rows, scales, start + place, width, SCALED)))
    by = tl.maximum(tl.max(top, axis=0), LEAST * LARGEST) / LARGEST
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
def _opened(both, low, gate, up, rows, columns, inside, wide, RANK: tl.constexpr):  # type: ignore[no-untyped-def]
    """Gate and up of one tile, each with its adapter's part, fp32."""
    rank = tl.arange(0, RANK)
    here = rows[:, None] * (2 * wide) + columns[None, :]
    inner = rows[:, None] * (2 * RANK) + rank[None, :]
    matrix = columns[None, :] * RANK + rank[:, None]
    fit = (columns < wide)[None, :] & (rank >= 0)[:, None]
    opened = tl.load(both + here, mask=inside, other=0.0).to(tl.float32)
    raised = tl.load(both + here + wide, mask=inside, other=0.0).to(tl.float32)
    opened = tl.dot(tl.load(low + inner), tl.load(gate + matrix, mask=fit, other=0.0), opened)
    raised = tl.dot(tl.load(low + inner + RANK), tl.load(up + matrix, mask=fit, other=0.0), raised)
    return opened, raised


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _gated(  # type: ignore[no-untyped-def]
    both, low, gate, up, middle, count, wide, RANK: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr
):
    # Places inside a tile fit 32 bits; only where it begins may need 64.
    start = tl.program_id(1).to(tl.int64) * ROWS
    rows = tl.minimum(tl.arange(0, ROWS), (count - start - 1).to(tl.int32))  # a last tile does its last row again
    columns = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    inside = (rows >= 0)[:, None] & (columns < wide)[None, :]
    both += start * 2 * wide
    opened, raised = _opened(both, low + start * 2 * RANK, gate, up, rows, columns, inside, wide, RANK)
    value = opened * tl.sigmoid(opened) * raised
    here = rows[:, None] * wide + columns[None, :]
    tl.store(middle + start * wide + here, value.to(middle.dtype.element_ty), mask=inside)


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _gated_gradient(  # type: ignore[no-untyped-def]
    of_middle,
    of_narrow,
    last,
    both,
    low,
    gate,
    up,
    of_both,
    middle,
    count,
    wide,
    RANK: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    start = tl.program_id(1).to(tl.int64) * ROWS
    rows = tl.minimum(tl.arange(0, ROWS), (count - start - 1).to(tl.int32))
    columns = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    inside = (rows >= 0)[:, None] & (columns < wide)[None, :]
    both += start * 2 * wide
    of_both += start * 2 * wide
    rank = tl.arange(0, RANK)
    opened, raised = _opened(both, low + start * 2 * RANK, gate, up, rows, columns, inside, wide, RANK)
    here = rows[:, None] * wide + columns[None, :]
    slope = tl.load(of_middle + start * wide + here, mask=inside, other=0.0).to(tl.float32)
    narrow = tl.load(of_narrow + start * RANK + rows[:, None] * RANK + rank[None, :])
    matrix = tl.load(last + rank[:, None] * wide + columns[None, :], mask=(columns < wide)[None, :], other=0.0)
    slope = tl.dot(narrow, matrix, slope)
    share = tl.sigmoid(opened)
    active = opened * share
    kind = of_both.dtype.element_ty
    tl.store(middle + start * wide + here, (active * raised).to(kind), mask=inside)
    pair = rows[:, None] * (2 * wide) + columns[None, :]
    tl.store(of_both + pair, (slope * raised * (share + active * (1 - share))).to(kind), mask=inside)
    tl.store(of_both + pair + wide, (slope * active).to(kind), mask=inside)
