"""Adapters lie on every linear layer but the output's, in fp32, and begin alike from the same seed."""

import pytest
import torch
from tests.stages.train.tiny import answered_corpus, plan_for

from tunewright.models.causal_lm import CausalLM
from tunewright.stages.train.methods import lora, qlora
from tunewright.stages.train.weights.adapters import adapted, groups_of


def wrapped(base, bits: int = 0, seed: int = 0, **options):
    plan = plan_for(answered_corpus(16), base, {}, method="lora", seed=seed)
    if not bits:
        return adapted(CausalLM.load(base).model, plan, lora.Options(**options))
    from tunewright.stages.train.weights.quantized import load_quantized

    return adapted(load_quantized(base, device="cpu", bits=bits).model, plan, qlora.Options(bits=bits, **options))


def trained(model) -> dict[str, torch.Tensor]:
    return {name: one for name, one in model.named_parameters() if one.requires_grad}


@pytest.mark.parametrize("bits", [0, 4, 8])
def test_the_base_is_frozen_and_every_layer_but_the_output_has_an_adapter_in_fp32(tiny_llama, bits) -> None:
    if bits:
        pytest.importorskip("bitsandbytes")
    found = trained(wrapped(tiny_llama, bits))
    assert len(found) == 2 * 14
    assert all("lora_" in name for name in found)
    assert not any("lm_head" in name or "embed" in name for name in found)
    assert {one.dtype for one in found.values()} == {torch.float32}
    assert all((one == 0).all() for name, one in found.items() if "lora_B" in name)


def test_the_seed_decides_what_adapters_begin_as(tiny_llama) -> None:
    one, same, other = (trained(wrapped(tiny_llama, seed=seed)) for seed in (3, 3, 4))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one if "lora_A" in name)


def test_every_trained_parameter_is_stepped_once(tiny_llama) -> None:
    model = wrapped(tiny_llama, dora=True)
    for options in (lora.Options(), lora.Options(lora_plus_ratio=16)):
        stepped = [id(one) for group in groups_of(model, options) for one in group["params"]]
        assert sorted(stepped) == sorted(map(id, trained(model).values()))
