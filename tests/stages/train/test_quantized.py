"""A base in few bits holds its weights as they were rounded, and they can be read only while that is true."""

import pytest
import torch
from tests.stages.train.tiny import probes_of

from tunewright.models.causal_lm import CausalLM
from tunewright.models.quiet_imports import unassisted
from tunewright.stages.train.weights.merging import gap, probe_logits

pytest.importorskip("bitsandbytes")

from tunewright.stages.train.weights.quantized import dequantized, layers_in_bits, load_dequantized, load_quantized


@pytest.fixture(autouse=True)
def _quiet():
    with unassisted():
        yield


def weights_of(model) -> dict[str, torch.Tensor]:
    return {name: dequantized(layer).clone() for name, layer in layers_in_bits(model)}


def test_four_bits_are_nf4_with_quantized_scales_on_every_linear_layer_but_the_output(tiny_llama) -> None:
    model = load_quantized(tiny_llama, device="cpu", bits=4).model
    layers = dict(layers_in_bits(model))
    assert len(layers) == 14
    assert all(layer.weight.quant_state.quant_type == "nf4" for layer in layers.values())
    assert all(layer.weight.quant_state.nested for layer in layers.values())
    assert type(model.lm_head) is torch.nn.Linear
    assert {model.lm_head.weight.dtype, model.model.embed_tokens.weight.dtype} == {torch.float32}


def test_the_dequantized_base_computes_what_the_four_bit_one_does(tiny_llama) -> None:
    probes = probes_of(tiny_llama)
    quantized = probe_logits(load_quantized(tiny_llama, device="cpu", bits=4).model, probes)
    whole = load_dequantized(tiny_llama, device="cpu", bits=4)
    assert gap(quantized, probe_logits(whole, probes)).difference < 1e-6
    assert gap(quantized, probe_logits(CausalLM.load(tiny_llama).model, probes)).difference > 1e-2
    assert {parameter.dtype for parameter in whole.parameters()} == {torch.float32}


def test_four_bits_are_as_near_the_original_as_nf4_is_whatever_the_number_of_columns(tiny_llama) -> None:
    """bitsandbytes' CPU kernel takes wrong scales where columns are no multiple of 64, as they are here in most layers."""
    original = CausalLM.load(tiny_llama).model
    layers = dict(layers_in_bits(load_quantized(tiny_llama, device="cpu", bits=4).model))
    assert {layer.in_features for layer in layers.values()} == {32, 64}
    for name, layer in layers.items():
        true = original.get_submodule(name).weight
        # Normal weights lose some 9 % of their length in NF4 with 64 to a scale.
        assert float((dequantized(layer) - true).detach().norm() / true.detach().norm()) < 0.11, name


def test_peft_reads_the_weights_that_are_computed_with(tiny_llama) -> None:
    from peft.utils.integrations import dequantize_module_weight

    for name, layer in layers_in_bits(load_quantized(tiny_llama, device="cpu", bits=4).model):
        assert torch.equal(dequantize_module_weight(layer), dequantized(layer)), name


@pytest.mark.parametrize("name", ["model.layers.0.mlp.up_proj", "model.layers.0.mlp.down_proj"])
def test_a_four_bit_layer_and_its_gradient_are_those_of_its_dequantized_weights(tiny_llama, name) -> None:
    layer = dict(layers_in_bits(load_quantized(tiny_llama, device="cpu", bits=4).model))[name]
    weight = dequantized(layer)
    values = torch.randn(2, 5, weight.shape[1], generator=torch.Generator().manual_seed(0)).requires_grad_(True)
    out = layer(values)
    assert torch.allclose(out, values @ weight.T, atol=1e-6)
    back = torch.ones_like(out)
    out.backward(back)
    assert torch.allclose(values.grad, back @ weight, atol=1e-5)


def test_an_eight_bit_layer_computes_with_its_dequantized_weights_where_inputs_need_no_rounding(tiny_llama) -> None:
    layer = dict(layers_in_bits(load_quantized(tiny_llama, device="cpu", bits=8).model))["model.layers.0.mlp.up_proj"]
    inputs = torch.randint(-127, 128, (5, 32), generator=torch.Generator().manual_seed(0)).float()
    inputs[:, 0] = 127
    with torch.no_grad():
        given = layer(inputs / 127)
        expected = inputs / 127 @ dequantized(layer).T
    # bitsandbytes keeps the result in 16 bits.
    assert (given - expected).abs().max() < 2e-3 * expected.abs().max()
    whole = load_dequantized(tiny_llama, device="cpu", bits=8)
    assert torch.equal(whole.get_submodule("model.layers.0.mlp.up_proj").weight, dequantized(layer))


def test_eight_bits_are_within_half_a_step_of_the_original(tiny_llama) -> None:
    rounded = weights_of(load_quantized(tiny_llama, device="cpu", bits=8).model)
    original = CausalLM.load(tiny_llama).model
    for name, weight in rounded.items():
        true = original.get_submodule(name).weight
        step = true.abs().amax(1, keepdim=True) / 127
        # bitsandbytes rounds to 16 bits first, which is 127 · 2^-11 of a step at most.
        assert ((weight - true).abs() <= 0.57 * step).all(), name


@pytest.mark.parametrize("bits", [4, 8])
def test_answering_leaves_the_weights_as_they_were(tiny_llama, bits) -> None:
    model = load_quantized(tiny_llama, device="cpu", bits=bits).model
    before = weights_of(model)
    probe_logits(model, probes_of(tiny_llama))
    after = weights_of(model)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_repacked_layer_is_not_read(tiny_llama) -> None:
    model = load_quantized(tiny_llama, device="cpu", bits=4).model
    layer = next(layer for _, layer in layers_in_bits(model))
    layer.weight.quant_state.packing_format_for_cpu = True
    with pytest.raises(RuntimeError, match="load it anew"):
        dequantized(layer)


def test_every_layer_is_kept_from_being_repacked(tiny_llama) -> None:
    model = load_quantized(tiny_llama, device="cpu", bits=4).model
    assert not any(layer.support_avx512bf16_for_cpu for _, layer in layers_in_bits(model))


def test_a_forward_that_repacks_makes_the_weights_unreadable() -> None:
    import bitsandbytes

    layer = bitsandbytes.nn.Linear4bit(128, 64, bias=False, quant_type="nf4", compute_dtype=torch.float32).to("cpu")
    if not layer.support_avx512bf16_for_cpu:
        pytest.skip("this CPU has no AVX-512 BF16, so nothing is repacked on it")
    before = dequantized(layer)
    with torch.no_grad():
        layer.eval()(torch.ones(1, 128))
    with pytest.raises(RuntimeError, match="repacked"):
        dequantized(layer)
    layer.weight.quant_state.packing_format_for_cpu = False
    # What would be read without that guard: garbage, or an error, depending on the shape.
    try:
        garbage = dequantized(layer)
    except (AttributeError, RuntimeError):
        return
    assert (garbage - before).abs().max() > 0.5 * before.abs().max()
