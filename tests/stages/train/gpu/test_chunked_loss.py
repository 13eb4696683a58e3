"""The loss straight from the last hidden states is the loss over all logits, and has its gradient."""

import pytest
import torch
from tests.stages.train.test_gradients import CHATS, WEIGHTS
from tests.stages.train.test_packing import model

from tunewright.stages.train.data.decoder import answer_loss, packed, padded
from tunewright.stages.train.gpu.acceleration import freeze_head
from tunewright.stages.train.gpu.chunked_loss import IGNORED, ChunkedLoss
from tunewright.stages.train.gpu.fp8_format import Products


def few_at_a_time(head: torch.nn.Linear, **options) -> ChunkedLoss:
    return ChunkedLoss(head, tokens=7, **options)


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_it_is_the_weighted_sum_and_so_is_its_gradient(trained: bool, bias: bool) -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(16, 50, bias=bias).double().requires_grad_(trained)
    hidden = torch.randn(23, 16, dtype=torch.float64, requires_grad=True)
    labels, weights = torch.randint(0, 50, (23,)), torch.rand(23)
    labels[3], weights[3] = IGNORED, 0.0
    found = few_at_a_time(layer)(hidden, labels, weights)
    each = torch.nn.functional.cross_entropy(layer(hidden), labels.clamp(min=0), reduction="none")
    wanted = (each * weights).sum()
    assert float(found.detach()) == pytest.approx(float(wanted.detach()), rel=1e-6)
    inputs = [hidden, *(one for one in layer.parameters() if one.requires_grad)]
    for ours, theirs in zip(
        torch.autograd.grad(3 * found, inputs), torch.autograd.grad(3 * wanted, inputs), strict=True
    ):
        assert torch.allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("batch", [padded(CHATS, WEIGHTS), packed(CHATS, WEIGHTS, 40)], ids=["padded", "packed"])
def test_it_is_the_loss_of_a_whole_model(batch) -> None:
    loaded = model("Llama")
    plain, quick = answer_loss(loaded, batch), answer_loss(loaded, batch, few_at_a_time(loaded.lm_head))
    assert float(quick.detach()) == pytest.approx(float(plain.detach()), rel=1e-6)
    parameters = list(loaded.parameters())
    for ours, theirs in zip(
        torch.autograd.grad(quick, parameters), torch.autograd.grad(plain, parameters), strict=True
    ):
        assert torch.allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize(("products", "near"), [("fp8", 0.05), ("fp8-backward", 1e-6)])
def test_a_frozen_head_in_8_bits_gives_a_loss_and_a_gradient_that_are_near(products: Products, near: float) -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(32, 64, bias=False).requires_grad_(False)
    hidden = torch.randn(23, 32, requires_grad=True)
    labels, weights = torch.randint(0, 64, (23,)), torch.rand(23)
    exact = few_at_a_time(layer)(hidden, labels, weights)
    in_fp8 = few_at_a_time(layer)
    assert freeze_head(in_fp8, products) == 1
    found = in_fp8(hidden, labels, weights)
    assert float(found.detach()) == pytest.approx(float(exact.detach()), rel=near)
    ours, theirs = (torch.autograd.grad(one, hidden)[0] for one in (found, exact))
    assert not torch.equal(ours, theirs), "the gradient's product is in 8 bits"
    assert float(torch.nn.functional.cosine_similarity(ours.flatten(), theirs.flatten(), dim=0)) > 0.99


@pytest.mark.parametrize(("frozen", "layers"), [(True, 1), (False, 0)])
def test_only_a_frozen_head_of_fitting_sizes_goes_into_8_bits(frozen: bool, layers: int) -> None:
    loaded = model("Llama", vocab_size=96).requires_grad_(not frozen)
    loss = few_at_a_time(loaded.lm_head)
    assert freeze_head(loss, "fp8") == layers
    assert (loss.frozen is not None) == bool(layers)
    unfitting = few_at_a_time(model("Llama").requires_grad_(False).lm_head)
    assert freeze_head(unfitting, "fp8") == 0, "97 words are no multiple of 16"


def test_the_head_is_itself_again_afterwards() -> None:
    layer = torch.nn.Linear(4, 9)
    hidden = torch.randn(2, 4)
    with ChunkedLoss(layer).hidden_states() as states:
        assert layer(hidden) is hidden
    assert states[0] is hidden
    assert layer(hidden).shape == (2, 9)


def test_a_head_that_is_trained_in_fp32_multiplies_in_bf16_where_it_is_told_to() -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(32, 64, bias=False)
    hidden = torch.randn(23, 32, requires_grad=True)
    labels, weights = torch.randint(0, 64, (23,)), torch.rand(23)
    exact = few_at_a_time(layer)(hidden, labels, weights)
    rounded = few_at_a_time(layer, dtype=torch.bfloat16)(hidden, labels, weights)
    assert float(rounded.detach()) != float(exact.detach())
    assert float(rounded.detach()) == pytest.approx(float(exact.detach()), rel=5e-3)
    inputs = (hidden, layer.weight)
    for ours, theirs in zip(torch.autograd.grad(rounded, inputs), torch.autograd.grad(exact, inputs), strict=True):
        assert ours.dtype == torch.float32, "what is stepped stays in fp32"
        assert float(torch.nn.functional.cosine_similarity(ours.flatten(), theirs.flatten(), dim=0)) > 0.999


def test_the_chunk_is_each_losses_own() -> None:
    short, long = few_at_a_time(torch.nn.Linear(4, 9)), ChunkedLoss(torch.nn.Linear(4, 9))
    short.tokens = 3
    assert (short.tokens, long.tokens, ChunkedLoss(torch.nn.Linear(4, 9)).tokens) == (3, 2048, 2048)
