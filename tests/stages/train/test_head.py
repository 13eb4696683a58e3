"""The loss straight from the last hidden states is the loss over all logits, and has its gradient."""

import pytest
import torch
from tests.stages.train.test_gradients import CHATS, WEIGHTS
from tests.stages.train.test_packing import model

from tunewright.stages.train.data.decoder import answer_loss, packed, padded
from tunewright.stages.train.gpu import fast, fp8, head


@pytest.fixture(autouse=True)
def few_at_a_time():
    head.chunk_tokens(7)
    yield
    head.chunk_tokens(head.CHUNK)


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_it_is_the_weighted_sum_and_so_is_its_gradient(trained: bool, bias: bool) -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(16, 50, bias=bias).double().requires_grad_(trained)
    hidden = torch.randn(23, 16, dtype=torch.float64, requires_grad=True)
    labels, weights = torch.randint(0, 50, (23,)), torch.rand(23)
    labels[3], weights[3] = head.IGNORED, 0.0
    found = head.weighted_loss(hidden, layer, labels, weights)
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
    plain, quick = answer_loss(loaded, batch), answer_loss(loaded, batch, loaded.lm_head)
    assert float(quick.detach()) == pytest.approx(float(plain.detach()), rel=1e-6)
    parameters = list(loaded.parameters())
    for ours, theirs in zip(
        torch.autograd.grad(quick, parameters), torch.autograd.grad(plain, parameters), strict=True
    ):
        assert torch.allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize(("products", "near"), [("fp8", 0.05), ("fp8-backward", 1e-6)])
def test_a_frozen_head_in_8_bits_gives_a_loss_and_a_gradient_that_are_near(products: fp8.Products, near: float) -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(32, 64, bias=False).requires_grad_(False)
    hidden = torch.randn(23, 32, requires_grad=True)
    labels, weights = torch.randint(0, 64, (23,)), torch.rand(23)
    exact = head.weighted_loss(hidden, layer, labels, weights)
    layer.frozen = fp8.FrozenWeight(layer.weight, products)
    found = head.weighted_loss(hidden, layer, labels, weights)
    assert float(found.detach()) == pytest.approx(float(exact.detach()), rel=near)
    ours, theirs = (torch.autograd.grad(one, hidden)[0] for one in (found, exact))
    assert not torch.equal(ours, theirs), "the gradient's product is in 8 bits"
    assert float(torch.nn.functional.cosine_similarity(ours.flatten(), theirs.flatten(), dim=0)) > 0.99


@pytest.mark.parametrize(("frozen", "layers"), [(True, 1), (False, 0)])
def test_only_a_frozen_head_of_fitting_sizes_goes_into_8_bits(frozen: bool, layers: int) -> None:
    loaded = model("Llama", vocab_size=96).requires_grad_(not frozen)
    assert fast.freeze_head(loaded, "fp8") == layers
    assert hasattr(loaded.lm_head, "frozen") == bool(layers)
    assert fast.freeze_head(model("Llama").requires_grad_(False), "fp8") == 0, "97 words are no multiple of 16"


def test_the_head_is_itself_again_afterwards() -> None:
    layer = torch.nn.Linear(4, 9)
    hidden = torch.randn(2, 4)
    with head.without_head(layer) as given:
        assert layer(hidden) is hidden
    assert given[0] is hidden
    assert layer(hidden).shape == (2, 9)
