"""The loss of a step is one number with one gradient, however its rows are laid out and cut: held to fp64."""

import copy

import numpy as np
import pytest
import torch
from tests.stages.train.test_packing import chats_of, model

from tunewright.models.chat import Chat
from tunewright.stages.train.data.batches import in_parts
from tunewright.stages.train.data.chats import token_mean_one
from tunewright.stages.train.data.decoder import answer_loss, packed, padded, trained_tokens, with_noise

CHATS = chats_of(12, 5, 21, 8)
#: A trusted source weighs five times an ordinary one (the 3 to 5 of the playbook).
WEIGHTS = token_mean_one(np.array([5.0, 1.0, 1.0, 3.0]), np.array([sum(chat.trained[1:]) for chat in CHATS]))


def reference(loaded) -> tuple[float, list[torch.Tensor]]:
    """Chat by chat in fp64: the sum of weight × negative log-likelihood over the number of trained tokens."""
    exact = copy.deepcopy(loaded).double()
    total, tokens = torch.zeros((), dtype=torch.float64), 0
    for chat, weight in zip(CHATS, WEIGHTS, strict=True):
        logits = exact(input_ids=torch.tensor([chat.ids]), use_cache=False).logits[0]
        likelihoods = torch.log_softmax(logits, dim=-1)
        for at in range(1, len(chat.ids)):
            if chat.trained[at]:
                total = total - float(weight) * likelihoods[at - 1, chat.ids[at]]
                tokens += 1
    loss = total / tokens
    return float(loss.detach()), list(torch.autograd.grad(loss, list(exact.parameters())))


def loss_of(loaded, batch) -> float:
    return float(answer_loss(loaded, batch).detach())


def of_step(loaded, made, parts: int) -> tuple[float, list[torch.Tensor]]:
    """A step as the trainer computes it: each part's mean weighed by its trained tokens."""
    batches = [made([CHATS[at] for at in rows], WEIGHTS[rows]) for rows in in_parts(np.arange(len(CHATS)), parts)]
    sizes = [trained_tokens(batch) for batch in batches]
    loss = sum(answer_loss(loaded, batch) * size / sum(sizes) for batch, size in zip(batches, sizes, strict=True))
    return float(loss.detach()), list(torch.autograd.grad(loss, list(loaded.parameters())))


@pytest.mark.parametrize("shape", ["Llama", "Qwen2", "Mistral"])
def test_packed_padded_and_accumulated_steps_have_the_exact_gradient(shape: str) -> None:
    loaded = model(shape)
    loss, gradients = reference(loaded)
    scale = max(float(one.abs().max()) for one in gradients)
    ways = {
        "padded": padded,
        "packed in one line": lambda chats, weights: packed(chats, weights, 64),
        "packed in lines": lambda chats, weights: packed(chats, weights, 21),
    }
    for way, made in ways.items():
        for parts in (1, 2, 4):
            found, theirs = of_step(loaded, made, parts)
            assert found == pytest.approx(loss, rel=1e-6), (way, parts)
            worst = max(float((a - b).abs().max()) for a, b in zip(gradients, theirs, strict=True))
            assert worst < 1e-5 * scale, (way, parts)


def test_the_mean_of_the_parts_means_would_be_another_step() -> None:
    """What made gradient accumulation wrong elsewhere: parts of unlike length counted alike."""
    loaded = model("Llama")
    loss, _ = reference(loaded)
    parts = [padded([chat], WEIGHTS[at : at + 1]) for at, chat in enumerate(CHATS)]
    means = [loss_of(loaded, part) for part in parts]
    assert abs(np.mean(means) - loss) > 1e-2


def test_weights_have_token_mean_one_so_they_do_not_raise_the_learning_rate() -> None:
    tokens = np.array([100, 1, 1])
    weights = token_mean_one(np.array([4.0, 1.0, 1.0]), tokens)
    assert (weights * tokens).sum() / tokens.sum() == pytest.approx(1)
    assert weights[0] / weights[1] == pytest.approx(4)
    assert weights[0] < 1.02  # a mean over rows would have left it at 2
    assert token_mean_one(np.array([7.0, 7.0, 7.0]), tokens).tolist() == [1, 1, 1]


def test_a_row_of_five_times_the_weight_counts_as_five_rows() -> None:
    loaded = model("Llama")
    one, other = chats_of(10, 10)
    uneven = token_mean_one(np.array([5.0, 1.0]), np.array([5, 5]))
    weighed = answer_loss(loaded, padded([one, other], uneven))
    repeated = answer_loss(loaded, padded([one] * 5 + [other], np.ones(6, dtype=np.float32)))
    assert float(weighed.detach()) == pytest.approx(float(repeated.detach()), rel=1e-6)


def test_noise_is_drawn_from_its_seed_and_is_as_large_as_the_chat_allows() -> None:
    batch = padded(chats_of(4, 16), np.ones(2, dtype=np.float32))
    noisy = with_noise(batch, alpha=5, width=32, seed=(0, 7, 1))["noise"]
    assert torch.equal(noisy, with_noise(batch, alpha=5, width=32, seed=(0, 7, 1))["noise"])
    assert not torch.equal(noisy, with_noise(batch, alpha=5, width=32, seed=(0, 8, 1))["noise"])
    for row, length in enumerate((4, 16)):
        bound = 5 / np.sqrt(length * 32)
        assert 0.9 * bound < float(noisy[row, :length].abs().max()) <= bound
    assert float(noisy[0, 4:].abs().max()) == 0
    loaded = model("Llama")
    assert loss_of(loaded, with_noise(batch, 5, 32, (0,))) != loss_of(loaded, batch)
    assert loss_of(loaded, with_noise(batch, 0, 32, (0,))) == pytest.approx(loss_of(loaded, batch))


def test_the_first_token_of_a_packed_chat_is_not_foretold_by_the_chat_before() -> None:
    """A chat that begins with its answer is trained from its second token on, packed or not."""
    loaded = model("Llama")
    chats = [Chat([5, 6, 7], [True] * 3), Chat([8, 9, 10], [True] * 3)]
    ones = np.ones(2, dtype=np.float32)
    assert trained_tokens(packed(chats, ones, 6)) == trained_tokens(padded(chats, ones)) == 4
    assert loss_of(loaded, packed(chats, ones, 6)) == pytest.approx(loss_of(loaded, padded(chats, ones)), rel=1e-6)
