"""The fused feed-forward block is the block: its values, its adapters' gradients, with and without them."""

import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tests.stages.train.test_packing import model

from tunewright.stages.train.gpu.fused_ffn import FusedFfn, fuse_ffn
from tunewright.stages.train.gpu.fused_ffn_types import TILE, Codes, Saved


def adapted(shape: str = "Llama", layers: int = 2, **options):
    torch.manual_seed(0)
    plain = model(shape, num_hidden_layers=layers)
    made = get_peft_model(plain, LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", **options))
    for name, parameter in made.named_parameters():
        if "lora_B" in name:  # they start at 0, where half of the gradients are 0
            torch.nn.init.normal_(parameter, std=0.1)
    return made


def loss_and_gradients(loaded):
    ids = torch.arange(3, 40)[None]
    loss = loaded(input_ids=ids, use_cache=False).logits.float().square().mean()
    trained = {name: one for name, one in loaded.named_parameters() if one.requires_grad}
    return float(loss.detach()), dict(zip(trained, torch.autograd.grad(loss, list(trained.values())), strict=True))


@pytest.mark.parametrize("saved", ["values", "nothing"])
@pytest.mark.parametrize("piece", [0, 10])
@pytest.mark.parametrize("shape", ["Llama", "Qwen2", "Mistral"])
def test_a_fused_model_has_the_loss_and_the_gradients_of_the_plain_one(shape: str, piece: int, saved: str) -> None:
    plain = adapted(shape)
    fused = copy.deepcopy(plain)
    assert fuse_ffn(fused, "bf16") == 2
    for module in fused.modules():
        if isinstance(module, FusedFfn):
            module.saved, module.piece = saved, piece
    loss, gradients = loss_and_gradients(plain)
    found, ours = loss_and_gradients(fused)
    assert found == pytest.approx(loss, rel=1e-5)
    assert len(ours) == 28
    assert set(ours) == set(gradients)
    for name, gradient in gradients.items():
        assert float(gradient.norm()) > 0
        assert float((ours[name] - gradient).norm() / gradient.norm()) < 1e-4, name


def test_without_its_adapters_it_is_the_base() -> None:
    fused, ids = adapted(), torch.arange(3, 40)[None]
    fuse_ffn(fused, "bf16")
    with torch.inference_mode(), fused.disable_adapter():
        without = fused(input_ids=ids, use_cache=False).logits
        base = model("Llama")(input_ids=ids, use_cache=False).logits
    assert torch.allclose(without, base, atol=1e-5)


@pytest.mark.parametrize("products", ["fp8", "fp8-backward"])
def test_in_fp8_it_is_near_and_its_gradients_point_the_same_way(products: str) -> None:
    plain = adapted()
    fused = copy.deepcopy(plain)
    fuse_ffn(fused, products)
    loss, gradients = loss_and_gradients(plain)
    found, ours = loss_and_gradients(fused)
    assert found == pytest.approx(loss, rel=1e-6 if products == "fp8-backward" else 0.05)
    one, other = (torch.cat([part.flatten() for part in each.values()]) for each in (gradients, ours))
    assert float(torch.nn.functional.cosine_similarity(one, other, dim=0)) > 0.99


@pytest.mark.parametrize("wide", [1, 100, 128, 300])
def test_codes_have_a_scale_for_each_tile_of_each_row(wide: int) -> None:
    torch.manual_seed(wide)
    parts = [torch.randn(7, wide) * torch.logspace(-3, 3, wide), torch.randn(7, wide)]
    codes = Codes.of(*parts)
    assert codes.codes.shape == (7, 2 * wide)
    assert codes.scale.shape == (7, 2 * -(-wide // TILE))
    for part, values in zip(parts, codes.values(), strict=True):
        for tile, found in zip(part.split(TILE, dim=1), values.split(TILE, dim=1), strict=True):
            # e4m3 has three bits after the point, and steps of 2⁻⁹ below its least normal number.
            step = torch.maximum(tile.abs() / 16, tile.abs().amax(dim=1, keepdim=True) / 448 * 2.0**-10)
            assert ((found - tile).abs() <= 1.001 * step).all()


@pytest.mark.parametrize("piece", [0, 10])
@pytest.mark.parametrize("products", ["bf16", "fp8"])
def test_keeping_codes_changes_no_value_and_turns_gradients_by_nothing_that_shows(products: str, piece: int) -> None:
    fused = adapted(layers=4)
    fuse_ffn(fused, products)
    loss, gradients = loss_and_gradients(fused)
    for module in fused.modules():
        if isinstance(module, FusedFfn):
            module.saved, module.piece = "codes", piece
    found, ours = loss_and_gradients(fused)
    assert found == pytest.approx(loss, rel=1e-6)
    one, other = (torch.cat([part.flatten() for part in each.values()]) for each in (gradients, ours))
    assert 0.999 < float(torch.nn.functional.cosine_similarity(one, other, dim=0)) < 1 - 1e-7


def test_codes_take_half_of_what_values_in_bf16_take_and_nothing_wide_beside_them() -> None:
    def kept(saved: Saved) -> dict[torch.dtype, int]:
        fused, sizes = adapted(layers=1).bfloat16(), dict[torch.dtype, int]()
        fuse_ffn(fused, "bf16")
        block = next(module for module in fused.modules() if isinstance(module, FusedFfn))
        block.saved = saved
        wide, rank = block.down.in_features, 4
        rows, of_rank = torch.randn(64, block.gate_up.in_features), torch.randn(wide, rank)
        first, down = torch.randn(2 * rank, rows.shape[1]), torch.randn(rows.shape[1], rank)
        given = [rows, first, of_rank, of_rank, of_rank.t(), down]

        def note(one: torch.Tensor) -> torch.Tensor:
            if len(one) == len(rows) and one.shape[1] >= 2 * wide // TILE:
                sizes[one.dtype] = sizes.get(one.dtype, 0) + one.numel() * one.element_size()
            return one

        with torch.autograd.graph.saved_tensors_hooks(note, lambda one: one):
            block(*(one.bfloat16().requires_grad_() for one in given))
        return sizes

    values, codes = kept("values"), kept("codes")
    saved = values[torch.bfloat16] - codes[torch.bfloat16]
    assert codes[torch.float8_e4m3fn] == saved / 2


@pytest.mark.parametrize("options", [{"use_dora": True}, {"lora_bias": True}, {"lora_dropout": 0.1}])
def test_adapters_of_another_kind_are_left_alone(options) -> None:
    assert fuse_ffn(adapted(**options), "bf16") == 0


def test_the_adapter_on_disk_is_a_plain_one(tmp_path) -> None:
    from peft import PeftModel

    fused, ids = adapted(), torch.arange(3, 40)[None]
    fuse_ffn(fused, "bf16")
    fused.save_pretrained(tmp_path)
    loaded = PeftModel.from_pretrained(model("Llama"), tmp_path)
    with torch.inference_mode():
        ours, theirs = (one(input_ids=ids, use_cache=False).logits for one in (fused, loaded))
    assert torch.allclose(ours, theirs, atol=1e-5)


def in_nf4():
    """A model with adapters on a base in NF4."""
    bitsandbytes = pytest.importorskip("bitsandbytes")
    loaded = model("Llama").float()
    for parent in list(loaded.modules()):
        for name, layer in list(parent.named_children()):
            if type(layer) is torch.nn.Linear and name != "lm_head":
                four = bitsandbytes.nn.Linear4bit(
                    layer.in_features, layer.out_features, bias=False, compute_dtype=torch.float32, quant_type="nf4"
                )
                weight = layer.weight.data.clone()
                four.weight = bitsandbytes.nn.Params4bit(weight, requires_grad=False, quant_type="nf4").to("cpu")
                four.support_avx512bf16_for_cpu = False
                setattr(parent, name, four)
    torch.manual_seed(0)
    fused = get_peft_model(loaded, LoraConfig(r=4, target_modules="all-linear"))
    for name, parameter in fused.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    return fused


@pytest.mark.parametrize("saved", ["values", "nothing"])
def test_a_base_in_nf4_is_fused_too_and_computes_with_the_values_it_was_rounded_to(saved: str) -> None:
    fused = in_nf4()
    loss, gradients = loss_and_gradients(fused)
    assert fuse_ffn(fused, "bf16") == 2
    for module in fused.modules():
        if isinstance(module, FusedFfn):
            module.saved, module.piece = saved, 16
    found, ours = loss_and_gradients(fused)
    assert found == pytest.approx(loss, rel=1e-5)
    for name, gradient in gradients.items():
        assert float((ours[name] - gradient).norm() / gradient.norm()) < 1e-4, name
