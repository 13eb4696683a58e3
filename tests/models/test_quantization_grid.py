"""Weights lie on one grid, twice rounded is once rounded, and compressed-tensors reads the same values."""

import pytest
import torch

from tunewright.models.quantization_grid import (
    Grid,
    OnGrid,
    activations_on_grid,
    config,
    dequantize,
    on_grid,
    pack,
    quantize,
    stored,
    unpack,
)

GRIDS = [Grid(bits=4, group=32), Grid(bits=4, group=128), Grid(bits=4, group=0), Grid(bits=8, group=0)]
IDS = ["int4 by 32", "int4 by 128", "int4 by row", "int8 by row"]


def matrix(seed: int = 0, rows: int = 48, columns: int = 256, scale: float = 0.05) -> torch.Tensor:
    """Normal weights with a few outliers, a row of zeros and a row too small for a normal bf16 scale."""
    made = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed)) * scale
    made[0, 3], made[1, 7], made[2] = 40 * scale, -40 * scale, 0
    made[3] *= 1e-38
    return made


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
def test_the_formula_is_the_one_that_is_written(grid) -> None:
    weight = matrix()
    codes, scales = quantize(weight, grid)
    low, high = grid.codes
    width = grid.group or weight.shape[1]
    for row, first in ((0, 0), (1, 0), (5, 0), (9, weight.shape[1] - width)):
        part = weight[row, first : first + width].double()
        scale = torch.tensor(max(float(part.max()) / high, float(part.min()) / low)).bfloat16()
        assert scales[row, first // width] == scale
        assert codes[row, first : first + width].tolist() == (part / scale.double()).round().int().tolist()
    assert scales.dtype == torch.bfloat16
    assert codes.dtype == torch.int8
    assert (scales > 0).all()


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
@pytest.mark.parametrize("seed", range(5))
def test_rounding_twice_is_rounding_once(grid, seed) -> None:
    weight = matrix(seed, scale=10.0 ** (seed - 3))
    codes, scales = quantize(weight, grid)
    again, scales_again = quantize(dequantize(codes, scales), grid)
    assert torch.equal(again, codes)
    assert torch.equal(scales_again[codes.any(1)], scales[codes.any(1)])


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
def test_no_weight_is_cut_off_and_none_is_more_than_half_a_step_away(grid) -> None:
    weight = matrix()
    codes, scales = quantize(weight, grid)
    steps = scales.float().repeat_interleave(grid.group or weight.shape[1], dim=1)
    # The scale is rounded to 8 significant bits, so that the largest code may be off by 2^-9 of itself besides.
    room = 0.5 + max(map(abs, grid.codes)) * 2.0**-9
    assert ((dequantize(codes, scales) - weight).abs() <= steps * room).all()


def test_a_step_is_finer_than_the_one_of_the_largest_absolute_value() -> None:
    weight = matrix()
    _, scales = quantize(weight, GRIDS[0])
    customary = weight.reshape(48, -1, 32).abs().amax(-1) / 7
    assert (scales.float() <= customary * (1 + 2.0**-8) + 1e-37).all()
    assert scales.float().mean() < 0.98 * customary.mean()


@pytest.mark.parametrize("columns", [8, 32, 256])
def test_packed_codes_come_back_and_lie_as_eight_in_a_word(columns) -> None:
    codes = torch.randint(-8, 8, (5, columns), dtype=torch.int8, generator=torch.Generator().manual_seed(0))
    packed = pack(codes)
    assert packed.dtype == torch.int32
    assert packed.shape == (5, columns // 8)
    assert torch.equal(unpack(packed), codes)
    word = int(packed[2, 0]) % 2**32
    assert [(word >> 4 * at & 15) - 8 for at in range(8)] == codes[2, :8].tolist()


@pytest.mark.parametrize(
    ("grid", "scheme"), [(GRIDS[0], "W4A16"), (GRIDS[1], "W4A16"), (Grid(bits=8, group=0, activations=True), "W8A8")]
)
def test_compressed_tensors_gives_the_same_codes_and_values(grid, scheme) -> None:
    pytest.importorskip("compressed_tensors")
    from compressed_tensors.compressors import IntQuantizationCompressor, PackedQuantizationCompressor
    from compressed_tensors.quantization import QuantizationConfig
    from compressed_tensors.quantization.lifecycle.forward import dequantize as theirs
    from compressed_tensors.quantization.lifecycle.forward import quantize as their_quantize

    weight = matrix()
    read = QuantizationConfig.model_validate(config(grid, ("lm_head",)))
    assert read.format == grid.format
    args = read.config_groups["group_0"].weights
    assert (args.num_bits, args.symmetric, args.dynamic) == (grid.bits, True, False)
    codes, scales = quantize(weight, grid)
    zero = torch.zeros_like(scales)
    assert torch.equal(their_quantize(weight, scales.float(), zero, args, dtype=torch.int8), codes)
    assert torch.equal(theirs(codes.float(), scales.float(), zero.float(), args), on_grid(weight, grid))
    compressor = PackedQuantizationCompressor if grid.bits == 4 else IntQuantizationCompressor
    kept = stored(weight, grid)
    their_kept = compressor.compress({"weight": weight, "weight_scale": scales}, read.config_groups["group_0"])
    assert set(kept) == set(their_kept)
    assert all(torch.equal(kept[name], their_kept[name]) for name in kept), scheme
    back = compressor.decompress(kept, read.config_groups["group_0"])["weight"]
    assert torch.equal(back, on_grid(weight, grid).bfloat16())


def test_activations_are_rounded_by_token_as_vllm_does() -> None:
    values = torch.tensor([[1.0, -127.0, 63.4], [0.0, 0.0, 0.0], [0.5, 0.25, -0.1]])
    rounded = activations_on_grid(values)
    assert rounded[0].tolist() == [1.0, -127.0, 63.0]
    assert rounded[1].tolist() == [0.0, 0.0, 0.0]
    assert torch.equal(rounded[2], torch.tensor([127.0, 64.0, -25.0]) * (torch.tensor(0.5) / 127))


def test_columns_that_do_not_fit_are_known() -> None:
    assert Grid(bits=4, group=32).fits(96)
    assert not Grid(bits=4, group=128).fits(96)
    assert not Grid(bits=4, group=0).fits(12)
    assert Grid(bits=8, group=0).fits(13)


def test_what_a_folder_says_of_its_grid_reads_back(tmp_path) -> None:
    assert OnGrid.kept(tmp_path) is None
    told = OnGrid(grid=GRIDS[0], layers=("a", "b"), ignored=("lm_head",), difference=0.0)
    told.keep(tmp_path)
    assert OnGrid.kept(tmp_path) == told
    assert "2 layers are saved on their grid (int4 weights, one scale for 32 columns)" in told.words
