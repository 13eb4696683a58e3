"""The loss straight from the last hidden states is the loss over all logits, and has its gradient."""

import pytest
import torch
from tests.train.test_gradients import CHATS, WEIGHTS
from tests.train.test_packing import model

from tunewright.train.data.decoder import answer_loss, padded
from tunewright.train.gpu import head


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


def test_it_is_the_loss_of_a_whole_model() -> None:
    loaded = model("Llama")
    batch = padded(CHATS, WEIGHTS)
    plain, quick = answer_loss(loaded, batch), answer_loss(loaded, batch, loaded.lm_head)
    assert float(quick.detach()) == pytest.approx(float(plain.detach()), rel=1e-6)
    parameters = list(loaded.parameters())
    for ours, theirs in zip(
        torch.autograd.grad(quick, parameters), torch.autograd.grad(plain, parameters), strict=True
    ):
        assert torch.allclose(ours, theirs, atol=1e-6)


def test_the_head_is_itself_again_afterwards() -> None:
    layer = torch.nn.Linear(4, 9)
    hidden = torch.randn(2, 4)
    with head.without_head(layer) as given:
        assert layer(hidden) is hidden
    assert given[0] is hidden
    assert layer(hidden).shape == (2, 9)
