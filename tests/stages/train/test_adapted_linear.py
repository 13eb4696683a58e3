"""A frozen layer and its adapter as one function: PEFT's numbers and gradients, in fewer passes."""

import copy

import numpy as np
import pytest
import torch
from tests.stages.train.test_packing import chats_of, model

from tunewright.stages.train.data.decoder import answer_loss, logits_of, padded
from tunewright.stages.train.weights.adapted_linear import fuse

#: Of one length: in fp64 Mistral's mask of a row of padding is not a number.
BATCH = padded(chats_of(12, 12, 12), np.ones(3, dtype=np.float32))


def adapted(shape: str, **given: object):
    """A tiny model with adapters whose second matrices are not zero."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    config = LoraConfig(r=4, lora_alpha=12, target_modules="all-linear", task_type="CAUSAL_LM", **given)
    made = get_peft_model(model(shape), config).eval()
    for name, parameter in made.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    return made


def gradients(made) -> dict[str, torch.Tensor]:
    trained = {name: one for name, one in made.named_parameters() if one.requires_grad}
    found = torch.autograd.grad(answer_loss(made, BATCH), list(trained.values()))
    return dict(zip(trained, found, strict=True))


def assert_same_gradients(ours, exact, allowed: float) -> None:
    expected, found = gradients(exact), gradients(ours)
    assert set(found) == set(expected)
    for name, one in expected.items():
        scale = float(one.abs().max())
        assert scale > 0, name
        assert float((found[name].double() - one).abs().max()) < allowed * scale, name


@pytest.mark.parametrize("shape", ["Llama", "Qwen2", "Mistral"])  # Qwen2 has biases
@pytest.mark.parametrize("given", [{}, {"use_rslora": True}])
def test_gradients_are_pefts_own_in_fp64(shape: str, given: dict[str, bool]) -> None:
    exact = adapted(shape, **given).double()
    ours = copy.deepcopy(exact).float()
    assert fuse(ours) == 14  # seven layers in each of two blocks
    assert_same_gradients(ours, exact, 1e-5)


def test_without_its_adapter_the_model_is_the_base() -> None:
    made = adapted("Llama")
    with made.disable_adapter():
        base = logits_of(made, BATCH)
    tuned = logits_of(made, BATCH)
    fuse(made)
    assert torch.allclose(logits_of(made, BATCH), tuned, atol=1e-5)
    with made.disable_adapter():
        assert torch.equal(logits_of(made, BATCH), base)
    assert not torch.allclose(tuned, base, atol=1e-3)


def test_merged_adapters_are_not_added_twice() -> None:
    made = adapted("Llama")
    fuse(made)
    tuned = logits_of(made, BATCH)
    made.merge_adapter()
    assert torch.allclose(logits_of(made, BATCH), tuned, atol=1e-4)


def test_in_bf16_it_is_as_near_to_fp64_as_peft_is() -> None:
    exact = adapted("Llama").double()
    theirs = copy.deepcopy(exact).float()
    ours = copy.deepcopy(theirs)
    fuse(ours)
    expected = torch.cat([one.flatten() for one in gradients(exact).values()])

    def error(made) -> float:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = gradients(made)
        assert {one.dtype for one in found.values()} == {torch.float32}
        return float((torch.cat([one.flatten() for one in found.values()]).double() - expected).norm())

    assert error(ours) < 1.1 * error(theirs)


def test_layers_that_are_not_plain_are_left_alone() -> None:
    assert fuse(adapted("Llama", use_dora=True)) == 0
    assert fuse(adapted("Llama", lora_dropout=0.1)) == 0
