"""Query, key and value as one product are what they were apart: their values, their adapters' gradients, compiled too."""

import copy

import pytest
import torch
from tests.stages.train.gpu.test_fused_ffn import adapted, in_nf4, loss_and_gradients
from tests.stages.train.test_packing import model

from tunewright.stages.train.gpu.fused_ffn import fuse_ffn
from tunewright.stages.train.gpu.fused_qkv import FusedQkv, fuse_qkv


@pytest.mark.parametrize("shape", ["Llama", "Qwen2", "Qwen3", "Mistral"])
def test_a_joined_model_has_the_loss_and_the_gradients_of_the_plain_one(shape: str) -> None:
    plain = adapted(shape)
    joined = copy.deepcopy(plain)
    assert fuse_qkv(joined, "bf16") == 2
    loss, gradients = loss_and_gradients(plain)
    found, ours = loss_and_gradients(joined)
    assert found == pytest.approx(loss, rel=1e-5)
    assert set(ours) == set(gradients)
    for name, gradient in gradients.items():
        assert float(gradient.norm()) > 0
        assert float((ours[name] - gradient).norm() / gradient.norm()) < 1e-4, name


def test_the_biases_of_qwen2_are_there() -> None:
    joined = adapted("Qwen2")
    assert fuse_qkv(joined, "bf16") == 2
    assert {tuple(one.bias.shape) for one in joined.modules() if isinstance(one, FusedQkv)} == {(64,)}


def test_without_its_adapters_it_is_the_base() -> None:
    joined, ids = adapted(), torch.arange(3, 40)[None]
    fuse_qkv(joined, "bf16")
    with torch.inference_mode(), joined.disable_adapter():
        without = joined(input_ids=ids, use_cache=False).logits
        base = model("Llama")(input_ids=ids, use_cache=False).logits
    assert torch.allclose(without, base, atol=1e-5)


@pytest.mark.parametrize("products", ["fp8", "fp8-backward"])
def test_in_fp8_it_is_near_and_its_gradients_point_the_same_way(products: str) -> None:
    plain = adapted()
    joined = copy.deepcopy(plain)
    fuse_qkv(joined, products)
    loss, gradients = loss_and_gradients(plain)
    found, ours = loss_and_gradients(joined)
    assert found == pytest.approx(loss, rel=1e-6 if products == "fp8-backward" else 0.05)
    one, other = (torch.cat([part.flatten() for part in each.values()]) for each in (gradients, ours))
    assert float(torch.nn.functional.cosine_similarity(one, other, dim=0)) > 0.99


@pytest.mark.parametrize("options", [{"use_dora": True}, {"lora_bias": True}, {"lora_dropout": 0.1}])
def test_adapters_of_another_kind_are_left_alone(options) -> None:
    assert fuse_qkv(adapted(**options), "bf16") == 0


def test_the_compiler_sees_through_it_and_compiles_once_for_all_layers() -> None:
    from transformers.modeling_layers import GradientCheckpointingLayer

    joined = adapted(layers=10)
    loss, gradients = loss_and_gradients(joined)
    assert fuse_qkv(joined, "bf16") == 10
    torch.compiler.reset()
    torch._dynamo.utils.counters.clear()
    for module in joined.modules():
        if isinstance(module, GradientCheckpointingLayer):
            module.forward = torch.compile(type(module).forward.__get__(module), backend="aot_eager", fullgraph=True)
    found, ours = loss_and_gradients(joined)
    assert found == pytest.approx(loss, rel=1e-5)
    assert all(torch.allclose(ours[name], gradients[name], rtol=1e-3, atol=1e-6) for name in gradients)
    # The first layer's input needs no gradient; all others are alike.
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 2
    assert not any(one.waiting for one in joined.modules() if isinstance(one, FusedQkv))


def test_the_adapter_on_disk_is_a_plain_one(tmp_path) -> None:
    from peft import PeftModel

    joined, ids = adapted(), torch.arange(3, 40)[None]
    fuse_ffn(joined, "bf16")
    fuse_qkv(joined, "bf16")
    joined.save_pretrained(tmp_path)
    loaded = PeftModel.from_pretrained(model("Llama"), tmp_path)
    with torch.inference_mode():
        ours, theirs = (one(input_ids=ids, use_cache=False).logits for one in (joined, loaded))
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_a_base_in_nf4_is_joined_too_and_computes_with_the_values_it_was_rounded_to() -> None:
    joined = in_nf4()
    loss, gradients = loss_and_gradients(joined)
    assert fuse_qkv(joined, "bf16") == 2
    found, ours = loss_and_gradients(joined)
    assert found == pytest.approx(loss, rel=1e-5)
    assert all(torch.allclose(ours[name], gradients[name], rtol=1e-3, atol=1e-6) for name in gradients)
