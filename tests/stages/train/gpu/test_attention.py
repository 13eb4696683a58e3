"""Attention that is told where each chat begins gives what each chat alone gives."""

import numpy as np
import pytest
import torch
from tests.stages.train.test_gradients import CHATS, WEIGHTS, reference
from tests.stages.train.test_packing import chats_of, model
from transformers import LlamaConfig, MistralConfig, Qwen2Config

from tunewright.stages.train.data.decoder import answer_loss, flat, logits_of, padded
from tunewright.stages.train.data.packing import decide_batching, isolation_gap, leakage
from tunewright.stages.train.gpu import attention


def ours(shape: str):
    attention.install()
    return model(shape, attention.NAME)


def lay(chats, weights):
    return flat(chats, weights, 40, 8)


def test_a_line_says_where_each_chat_begins_and_is_filled_up_by_a_chat_of_padding() -> None:
    batch = flat(chats_of(5, 9), np.ones(2, dtype=np.float32), longest=9, most=4)
    assert batch["input_ids"].shape == (1, 64)
    assert batch["cu_seq_lens_q"].tolist() == [0, 5, 14, 64, 64, 64]
    assert batch["cu_seq_lens_q"].dtype == torch.int32
    assert batch["position_ids"][0, :16].tolist() == [*range(5), *range(9), 0, 0]
    assert (batch["labels"][0, 14:] == -100).all()
    assert batch["labels"][0, 0] == batch["labels"][0, 5] == -100


@pytest.mark.parametrize("shape", ["Llama", "Qwen2"])
def test_the_loss_and_its_gradient_are_the_exact_ones(shape: str) -> None:
    loaded = ours(shape)
    loss, gradients = reference(model(shape))
    scale = max(float(one.abs().max()) for one in gradients)
    for batch in (flat(CHATS, WEIGHTS, 21, 4), padded(CHATS, WEIGHTS)):
        found = answer_loss(loaded, batch)
        assert float(found.detach()) == pytest.approx(loss, rel=1e-6)
        for one, other in zip(torch.autograd.grad(found, list(loaded.parameters())), gradients, strict=True):
            assert float((one - other).abs().max()) < 1e-5 * scale


def test_padding_on_the_right_needs_no_mask() -> None:
    loaded, plain = ours("Llama"), model("Llama")
    batch = padded(CHATS, WEIGHTS)
    there = batch["attention_mask"].bool()
    with torch.inference_mode():
        assert torch.allclose(logits_of(loaded, batch)[there], logits_of(plain, batch)[there], atol=1e-5)


def test_one_token_after_a_cache_sees_all_before_it() -> None:
    loaded = ours("Llama")
    ids = torch.arange(3, 12)[None]
    with torch.inference_mode():
        whole = loaded(input_ids=ids, use_cache=False).logits[0, -1]
        cache = loaded(input_ids=ids[:, :-1], use_cache=True).past_key_values
        stepped = loaded(input_ids=ids[:, -1:], past_key_values=cache).logits[0, -1]
    assert torch.allclose(whole, stepped, atol=1e-5)


def test_only_families_whose_attention_it_is_get_it() -> None:
    assert attention.suits(LlamaConfig(), 100_000)
    assert attention.suits(Qwen2Config(use_sliding_window=False, sliding_window=8), 100)
    assert attention.suits(MistralConfig(sliding_window=4096), 4096)
    assert not attention.suits(MistralConfig(sliding_window=4096), 4097)
    from transformers import FalconConfig, Gemma2Config

    assert not attention.suits(Gemma2Config(), 10)
    assert not attention.suits(FalconConfig(), 10)


def test_the_self_test_sees_a_chat_that_sees_its_neighbor() -> None:
    chats = chats_of(8, 6, 9, 7)
    loaded = ours("Llama")
    assert isolation_gap(loaded, chats, 40, lay) < 1e-6
    assert leakage(loaded, chats, 40, lay) == 0.0

    def careless(some, weights):
        batch = lay(some, weights)
        batch["cu_seq_lens_q"] = torch.tensor([0, 64], dtype=torch.int32)
        return batch

    assert isolation_gap(loaded, chats, 40, careless) > 1e-3
    assert leakage(loaded, chats, 40, careless) > 1e-3


def test_in_16_bits_words_of_neighbors_are_exchanged_to_see_a_leak() -> None:
    loaded, chats = ours("Llama").bfloat16(), chats_of(8, 6, 9, 7)
    batching, why = decide_batching(loaded, chats, "on", 40, "cpu", lay=lay)
    assert batching == "packed"
    assert "other words beside a chat change its logits by 0e+00" in why

    def careless(some, weights):
        return {**lay(some, weights), "cu_seq_lens_q": torch.tensor([0, 64], dtype=torch.int32)}

    batching, why = decide_batching(loaded, chats, "on", 40, "cpu", lay=careless)
    assert batching == "padded"
    assert "see each other" in why
