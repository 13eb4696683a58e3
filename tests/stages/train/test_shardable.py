"""Layers in few bits whose weights can be cut compute what bitsandbytes' own do."""

import copy
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from tests.stages.train.tiny import write_llama

pytest.importorskip("bitsandbytes")

from tunewright.stages.train.distributed.sharding import shard_model
from tunewright.stages.train.gpu import acceleration
from tunewright.stages.train.machine import Machine
from tunewright.stages.train.methods import lora
from tunewright.stages.train.weights.quantized import dequantized, layers_in_bits, load_quantized
from tunewright.stages.train.weights.shardable import ShardableInt8, ShardableNf4, make_shardable


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_llama(tmp_path_factory.mktemp("base") / "llama")


def outcome(layer, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    values = values.clone().requires_grad_()
    out = layer(values)
    out.square().sum().backward()
    return out.detach(), values.grad


@pytest.mark.parametrize(("bits", "kind"), [(4, ShardableNf4), (8, ShardableInt8)])
def test_each_layer_has_the_values_and_gradients_of_the_one_it_replaces(folder, bits: int, kind: type) -> None:
    model = load_quantized(folder, device="cpu", bits=bits).model.eval()
    layers = list(layers_in_bits(model))
    torch.manual_seed(0)
    wanted = {}
    for name, layer in layers:
        values = torch.randn(3, 5, layer.in_features)
        wanted[name] = values, *outcome(layer, values), dequantized(copy.deepcopy(layer))
    make_shardable(model)
    assert list(layers_in_bits(model)) == []
    for name, (values, out, gradient, weight) in wanted.items():
        ours = model.get_submodule(name)
        assert type(ours) is kind
        assert torch.allclose(ours.dequantize().float(), weight, rtol=1e-5, atol=1e-7)
        found, slope = outcome(ours, values)
        assert torch.allclose(found, out, rtol=1e-4, atol=1e-5), name
        assert torch.allclose(slope, gradient, rtol=1e-4, atol=1e-5), name


def test_all_that_is_large_of_a_layer_in_4_bits_is_a_parameter_in_one_byte(folder) -> None:
    model = load_quantized(folder, device="cpu", bits=4).model
    sizes = {name: layer.in_features * layer.out_features for name, layer in layers_in_bits(model)}
    make_shardable(model)
    for name, count in sizes.items():
        layer = model.get_submodule(name)
        parameters = dict(layer.named_parameters())
        assert {one.dtype for one in parameters.values()} == {torch.uint8}
        assert parameters["codes"].numel() == count // 2
        assert parameters["scales"].numel() == -(-count // 64)
        assert not any(one.requires_grad for one in parameters.values())


@pytest.mark.parametrize("precision", ["fp8", "fp8-backward"])
def test_weights_that_fp8_needs_whole_are_not_to_be_divided(precision: str) -> None:
    with pytest.raises(ValidationError, match=f"fsdp: on cuts weights, and precision: {precision} needs them whole"):
        lora.Options(precision=precision, fsdp="on")
    assert lora.Options(precision=precision).fsdp == "auto"


@pytest.mark.parametrize(("bits", "held"), [(4, "nf4"), (8, "int8")])
def test_an_estimate_knows_in_how_many_bits_a_base_is(folder, bits: int, held: str) -> None:
    from peft import LoraConfig, get_peft_model

    model = load_quantized(folder, device="cpu", bits=bits).model
    for one in (model, get_peft_model(model, LoraConfig(r=4, target_modules=["q_proj"]))):
        assert acceleration._products(one, "bf16") == held


def test_a_model_stays_whole_where_the_estimate_says_that_it_fits_a_gpu(folder, monkeypatch) -> None:
    model = load_quantized(folder, device="cpu", bits=4).model
    cpu = Machine(device="cpu", precision="fp32", threads=1, why="a test")
    gpu = cpu.model_copy(update={"device": "cuda"})
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: 0)
    for free, fits in ((10_000_000_000, True), (1_000_000_000, False)):  # CUDA's own share is 1.5 GB
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda free=free: (free, free))
        assert acceleration.fits_whole(model, gpu, 1024) is fits
        assert acceleration.fits_whole(model, cpu, 1024) is False


def held(rank: int, folder: str, meeting: str) -> None:
    """Write how many bytes of the model a process of two holds before and after it is divided."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
    model = load_quantized(Path(folder), device="cpu", bits=4).model.requires_grad_(False)
    before = sum(one.numel() * one.element_size() for one in model.parameters())
    make_shardable(model)
    shard_model(model, "cpu", 2)
    after = sum(one.to_local().numel() * one.element_size() for one in model.parameters())
    Path(f"{meeting}-{rank}").write_text(f"{before} {after}", encoding="utf-8")
    torch.distributed.destroy_process_group()


def test_each_of_two_processes_holds_half_of_a_base_in_4_bits(folder, tmp_path: Path) -> None:
    meeting = tmp_path / "meeting"
    torch.multiprocessing.spawn(held, (str(folder), str(meeting)), nprocs=2)
    for rank in range(2):
        before, after = map(int, Path(f"{meeting}-{rank}").read_text(encoding="utf-8").split())
        assert after == pytest.approx(before / 2, rel=0.01)
