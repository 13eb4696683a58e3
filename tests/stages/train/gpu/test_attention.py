"""Attention that is told where each chat begins gives what each chat alone gives."""

import numpy as np
import pytest
import torch
from tests.stages.train.test_gradients import CHATS, WEIGHTS, reference
from tests.stages.train.test_packing import chats_of, model
from transformers import LlamaConfig, MistralConfig, Qwen2Config

from tunewright.stages.train.data.answer_batches import choose_batching
from tunewright.stages.train.data.chats import Chats
from tunewright.stages.train.data.decoder import answer_loss, flat, logits_of, padded
from tunewright.stages.train.data.packing import decide_batching, isolation_gap, leakage
from tunewright.stages.train.distributed.process_group import ALONE
from tunewright.stages.train.gpu import attention
from tunewright.stages.train.machine import Machine
from tunewright.stages.train.methods import lora


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


def test_weights_in_fp32_are_computed_in_bf16_under_autocast_and_chats_still_kept_apart() -> None:
    loaded, chats = ours("Llama"), chats_of(8, 6, 9, 7)
    with torch.autocast("cpu", torch.bfloat16):
        batching, why = decide_batching(loaded, chats, "on", 40, "cpu", lay=lay)
        assert batching == "packed"
        assert "other words beside a chat change its logits by 0e+00" in why, "judged in the format it is trained in"
        batch = flat(CHATS, WEIGHTS, 21, 4)
        loss = answer_loss(loaded, batch)
    gradients = torch.autograd.grad(loss, list(loaded.parameters()))
    wanted, exact = reference(model("Llama"))
    assert float(loss.detach()) == pytest.approx(wanted, rel=2e-2)
    assert {gradient.dtype for gradient in gradients} == {torch.float32}
    ours_flat, theirs_flat = (torch.cat([one.flatten() for one in each]) for each in (gradients, exact))
    assert float(torch.nn.functional.cosine_similarity(ours_flat, theirs_flat, dim=0)) > 0.995


@pytest.mark.parametrize(("flat_lines", "format_of"), [(True, "training"), (False, "weights")])
def test_a_kernel_is_looked_at_in_the_format_of_training_and_a_mask_in_that_of_the_weights(
    flat_lines: bool, format_of: str
) -> None:
    loaded = ours("Llama") if flat_lines else model("Llama")
    chats = chats_of(8, 6, 9, 7)
    rows = Chats(chats, np.ones(len(chats), dtype=np.float32))
    machine = Machine(device="cpu", precision="bf16", threads=1, why="a test")
    options = lora.Options(packing="on")
    batching, why = choose_batching(
        loaded, rows, options, longest=40, machine=machine, flat_lines=flat_lines, group=ALONE
    )
    assert batching == "packed"
    assert ("other words beside a chat" in why) == (format_of == "training")
    assert ("packed logits equal single ones" in why) == (format_of == "weights")


def test_the_kernel_of_16_bits_gets_what_it_takes_though_the_angles_are_in_fp32(monkeypatch) -> None:
    """It is none of those that autocast knows, and refuses queries that angles in fp32 have turned."""
    seen: list[tuple[torch.dtype, ...]] = []

    def kernel(query, key, value, *_, **__):
        seen.append((query.dtype, key.dtype, value.dtype))
        return (query,)

    loaded, batch = ours("Llama"), flat(CHATS, WEIGHTS, 21, 4)
    monkeypatch.setattr(torch.ops.aten, "_flash_attention_forward", kernel)
    monkeypatch.setattr(attention, "has_kernel", lambda device, dtype: dtype == torch.bfloat16)
    with torch.inference_mode():
        with torch.autocast("cpu", torch.bfloat16):
            logits_of(loaded, batch)
        assert seen == [(torch.bfloat16,) * 3] * 2, "two layers"
        logits_of(loaded, batch)
    assert len(seen) == 2, "what is computed in fp32 goes another way"


@pytest.mark.parametrize(
    ("capability", "dtype", "has"),
    [
        ((9, 0), torch.bfloat16, True),
        ((8, 0), torch.float16, True),
        ((7, 5), torch.float16, False),
        ((9, 0), torch.float32, False),
    ],
)
def test_only_16_bits_on_ampere_and_later_have_that_kernel(monkeypatch, capability, dtype, has: bool) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert attention.has_kernel(torch.device("cuda"), dtype) is has
    assert attention.has_kernel(torch.device("cpu"), dtype) is False
