"""Products of 8-bit codes: what they round, and that the gradient is that of the rounded function."""

import pytest
import torch
from tests.stages.train.test_packing import model

from tunewright.stages.train.gpu import fp8, fp8_format


def rows(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(shape[0]))


def test_a_rows_largest_value_becomes_the_largest_code_and_none_becomes_nan() -> None:
    values = rows(6, 32) * torch.tensor([1e-8, 1e-3, 1.0, 1e3, 1e8, 0.0])[:, None]
    codes, scale = fp8_format.rounded(values)
    assert codes.dtype == torch.float8_e4m3fn
    assert codes[:5].float().abs().amax(1).tolist() == [fp8_format.LARGEST] * 5
    back = codes.float() * scale
    assert torch.isfinite(back).all()
    assert (back[5] == 0).all()
    # e4m3 has three bits after the point, so a normal value is off by at most a sixteenth of itself.
    large = values.abs() > values.abs().amax(1, keepdim=True) / 64
    assert ((back - values).abs()[large] <= values.abs()[large] / 16).all()


@pytest.mark.parametrize("keep", [True, False])
def test_the_gradient_is_that_of_the_rounded_weight(keep: bool) -> None:
    weight, inputs = rows(48, 32), rows(20, 32).requires_grad_(True)
    frozen = fp8.FrozenWeight(weight, "fp8", keep_transposed=keep)
    out = frozen(inputs)
    slope = rows(20, 48)
    (gradient,) = torch.autograd.grad(out, inputs, slope)
    exact = slope @ frozen.rounded()
    assert float((gradient - exact).norm() / exact.norm()) < 0.04  # the slope's own rounding
    wrong = slope @ weight
    assert float((frozen.rounded() - weight).norm() / weight.norm()) < 0.04
    assert float((gradient - exact).norm()) < float((gradient - wrong).norm()) * 1.05


def test_fp8_backward_leaves_the_values_alone() -> None:
    weight, inputs = rows(48, 32), rows(20, 32).requires_grad_(True)
    frozen = fp8.FrozenWeight(weight, "fp8-backward")
    out = frozen(inputs)
    assert torch.equal(out, inputs @ weight.t())
    (gradient,) = torch.autograd.grad(out, inputs, torch.ones(20, 48))
    exact = torch.ones(20, 48) @ weight
    assert 0 < float((gradient - exact).norm() / exact.norm()) < 0.05


def test_transposed_codes_that_were_given_up_are_made_anew() -> None:
    inputs, slope = rows(20, 32).requires_grad_(True), rows(20, 48)
    frozen = fp8.FrozenWeight(rows(48, 32), "fp8")
    (before,) = torch.autograd.grad(frozen(inputs), inputs, slope)
    frozen.drop_transposed()
    assert frozen.transposed is None
    (after,) = torch.autograd.grad(frozen(inputs), inputs, slope)
    assert torch.equal(before, after)


def test_every_adapted_layer_that_fits_is_frozen_and_keeps_its_adapter() -> None:
    from peft import LoraConfig, get_peft_model

    adapted = get_peft_model(model("Qwen2"), LoraConfig(r=4, target_modules="all-linear"))
    ids = torch.arange(3, 30)[None]
    with torch.inference_mode():
        before = adapted(input_ids=ids, use_cache=False).logits
    assert fp8.freeze_in_fp8(adapted, "fp8") == 14
    assert sum(parameter.requires_grad for parameter in adapted.parameters()) == 28
    with torch.inference_mode():
        after = adapted(input_ids=ids, use_cache=False).logits
    difference = float((before - after).norm() / before.norm())
    assert 1e-3 < difference < 0.1
