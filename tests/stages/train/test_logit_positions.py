"""The logits of chosen tokens alone are the very logits of those tokens."""

import threading

import numpy as np
import pytest
import torch
from tests.stages.train.test_packing import chats_of, model

from tunewright.stages.train.data.decoder import answer_loss, logits_of, padded
from tunewright.stages.train.data.logit_positions import LogitPositions, has_head

BATCH = padded(chats_of(12, 5, 21, 8), np.ones(4, dtype=np.float32))
PLACES = BATCH["labels"] != -100


@pytest.mark.parametrize("shape", ["Llama", "Qwen2", "Mistral"])
def test_chosen_logits_equal_those_of_the_whole_batch(shape: str) -> None:
    loaded = model(shape)
    assert has_head(loaded)
    whole = logits_of(loaded, BATCH)
    with LogitPositions(loaded).only(PLACES):
        some = logits_of(loaded, BATCH)
    assert some.shape == (int(PLACES.sum()), whole.shape[-1])
    assert torch.allclose(some, whole[PLACES], atol=1e-6)
    assert torch.equal(logits_of(loaded, BATCH), whole)  # the choice ends with the block


def test_the_head_reads_no_other_place() -> None:
    loaded = model("Llama")
    seen = []
    loaded.get_output_embeddings().register_forward_hook(lambda module, given, out: seen.append(len(given[0])))
    answer_loss(loaded, BATCH, positions=LogitPositions(loaded))
    assert seen == [int((BATCH["labels"][:, 1:] != -100).sum())]


def test_two_threads_choose_each_for_itself() -> None:
    loaded = model("Llama")
    both, positions, found = threading.Barrier(2), LogitPositions(loaded), {}

    def read(name: str, places: torch.Tensor) -> None:
        with torch.inference_mode(), positions.only(places):
            both.wait()
            found[name] = logits_of(loaded, BATCH)
            both.wait()

    other = PLACES.clone()
    other[1:] = False
    threads = [threading.Thread(target=read, args=given) for given in (("all", PLACES), ("first", other))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found["all"]) == int(PLACES.sum())
    assert len(found["first"]) == int(other.sum()) < len(found["all"])


def test_a_model_without_a_head_is_read_whole() -> None:
    class Wrapped(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model("Llama")

        def forward(self, **given: object) -> object:
            return self.inner(**given)

    wrapped = Wrapped()
    assert not has_head(wrapped)
    with torch.no_grad():
        loss = float(answer_loss(wrapped.inner, BATCH, positions=LogitPositions(wrapped.inner)))
        assert float(answer_loss(wrapped, BATCH)) == pytest.approx(loss, rel=1e-6)


def test_a_choice_within_a_choice_ends_alone() -> None:
    loaded = model("Llama")
    positions, inner = LogitPositions(loaded), torch.zeros_like(PLACES)
    inner[0, 1] = True
    with torch.inference_mode(), positions.only(PLACES):
        with positions.only(inner):
            assert len(logits_of(loaded, BATCH)) == 1
        assert len(logits_of(loaded, BATCH)) == int(PLACES.sum())
