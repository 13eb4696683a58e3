"""Chats in one line do not see each other, and a model in which they would is given padding."""

import random

import numpy as np
import pytest

from tunewright.models.chat import Chat
from tunewright.stages.train.data.batches import Batches, in_parts
from tunewright.stages.train.data.bin_packing import best_fit, evened
from tunewright.stages.train.data.packing import TOLERANCE, decide_batching, isolation_gap, utilization

SIZE = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
}


def model(shape: str, attention: str = "eager", **sizes):
    """A random model of a shape."""
    import torch
    import transformers

    configs = {
        "Llama": lambda: transformers.LlamaConfig(**{**SIZE, **sizes}),
        "Qwen2": lambda: transformers.Qwen2Config(**{**SIZE, **sizes}),
        "Qwen3": lambda: transformers.Qwen3Config(**SIZE, head_dim=8),
        "Mistral": lambda: transformers.MistralConfig(**SIZE, sliding_window=8),
        "Falcon": lambda: transformers.FalconConfig(
            vocab_size=97, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, alibi=True
        ),
        "Bloom": lambda: transformers.BloomConfig(vocab_size=97, hidden_size=32, n_layer=2, n_head=4),
    }
    torch.manual_seed(0)
    return transformers.AutoModelForCausalLM.from_config(configs[shape](), attn_implementation=attention).eval()


def chats_of(*lengths: int) -> list[Chat]:
    rng = random.Random(0)
    return [Chat([rng.randrange(3, 90) for _ in range(n)], [False] * (n // 2) + [True] * (n - n // 2)) for n in lengths]


def test_the_fullest_line_that_still_holds_a_chat_is_joined() -> None:
    # 6 and 5 open lines; 4 fits both (left 4 and 5) and joins the fuller one; 3 and 2 fill the other.
    assert best_fit([2, 6, 3, 5, 4], 10) == [[1, 4], [3, 2, 0]]
    # First-fit would put the last 3 beside the 6 (left 4), best-fit finds the line with just 3 left.
    assert best_fit([6, 7, 3], 10) == [[1, 2], [0]]
    assert best_fit([12, 1, 1], 10) == [[0], [1, 2]]
    assert best_fit([5, 5, 5, 5], 10) == [[0, 1], [2, 3]]
    assert best_fit([], 10) == []


def test_lines_are_evened_out_because_the_shortest_is_filled_up_to_the_longest() -> None:
    assert best_fit([40, 30, 30, 20], 100) == [[0, 1, 2], [3]]
    assert evened([40, 30, 30, 20], 100) == [[0, 3], [1, 2]]
    assert evened([90, 10, 10], 100) == [[0], [1, 2]]
    assert evened([7], 100) == [[0]]
    assert evened([120, 5], 100) == [[0], [1]]


def test_no_chat_is_lost_and_no_line_is_too_long() -> None:
    lengths = np.random.default_rng(0).integers(1, 100, 300).tolist()
    lines = best_fit(lengths, 128)
    assert sorted(at for line in lines for at in line) == list(range(300))
    assert all(sum(lengths[at] for at in line) <= 128 for line in lines)
    assert len(lines) <= 11 / 9 * -(-sum(lengths) // 128) + 1


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("shape", ["Llama", "Qwen2", "Mistral"])
def test_packed_logits_are_the_single_ones(shape: str, attention: str) -> None:
    import torch

    from tunewright.stages.train.data.decoder import logits_of, packed

    loaded, chats = model(shape, attention), chats_of(5, 17, 9, 30, 1, 22)
    batch = packed(chats, np.ones(6, dtype=np.float32), capacity=50)
    lines = evened([len(chat.ids) for chat in chats], 50)
    assert len(lines) == 2
    with torch.no_grad():
        together = logits_of(loaded, batch)
        for row, line in enumerate(lines):
            start = 0
            for at in line:
                alone = loaded(input_ids=torch.tensor([chats[at].ids]), use_cache=False).logits[0]
                assert torch.allclose(together[row, start : start + len(alone)], alone, atol=2e-6)
                start += len(alone)
    assert isolation_gap(loaded, chats, 128) < 1e-6


def test_what_a_batch_of_lines_holds() -> None:
    from tunewright.stages.train.data.decoder import packed

    batch = packed(chats_of(2, 4, 1), np.array([1, 2, 3], dtype=np.float32), capacity=6)
    assert batch["position_ids"].tolist() == [[0, 1, 2, 3], [0, 1, 0, 0]]
    # The first token of a chat is foretold by nothing, even where it is all there is of an answer.
    assert (batch["labels"] == -100).tolist() == [[True, True, False, False], [True, False, True, True]]
    assert batch["weights"].tolist() == [[2, 2, 2, 2], [1, 1, 3, 0]]
    assert batch["chat_lengths"].tolist() == [[4, 4, 4, 4], [2, 2, 1, 0]]
    assert "attention_mask" not in batch


@pytest.mark.parametrize(("shape", "said"), [("Falcon", "see each other (logits differ by 0."), ("Bloom", "takes no")])
def test_a_model_that_mixes_chats_is_padded_and_says_why(shape: str, said: str) -> None:
    loaded, chats = model(shape), chats_of(9, 17, 30, 22)
    assert isolation_gap(loaded, chats, 128) > 10 * TOLERANCE
    batching, why = decide_batching(loaded, chats, "on", 128, "cpu")
    assert batching == "padded"
    assert said in why


def test_packing_is_on_where_it_was_asked_for_or_pays() -> None:
    loaded, chats = model("Llama"), chats_of(9, 17)
    assert decide_batching(loaded, chats, "on", 128, "cpu")[0] == "packed"
    assert "1e-04 is allowed" in decide_batching(loaded, chats, "on", 128, "cpu")[1]
    assert decide_batching(loaded, chats, "auto", 128, "cpu")[0] == "padded"
    assert decide_batching(loaded, chats, "off", 128, "cpu") == ("padded", "packing is off")


def test_utilization_is_the_share_of_computed_tokens_that_are_text() -> None:
    lengths = np.array([10, 2, 6, 2])
    steps = [np.array([0, 1, 2, 3])]
    whole = lambda rows: in_parts(rows, 1)  # noqa: E731
    assert utilization(lengths, steps, whole, None) == 20 / 40
    assert utilization(lengths, steps, whole, 10) == 20 / 20
    assert utilization(lengths, steps, lambda rows: in_parts(rows, 2), None) == 20 / (20 + 4)


def test_packed_batches_are_plain_random_ones_and_padded_ones_alike_in_length() -> None:
    lengths = np.random.default_rng(0).integers(1, 1000, 4000)
    spreads = {}
    for alike in (True, False):
        batches = Batches(lengths, size=8, epochs=1, seed=0, alike=alike)
        rows = [batches.rows(step) for step in range(batches.steps)]
        assert sorted(np.concatenate(rows)) == list(range(4000))
        spreads[alike] = np.mean([np.ptp(lengths[some]) for some in rows])
    assert spreads[True] < 40
    assert spreads[False] > 600
