"""Adapters learn the answers alone, and the merged model is the adapted one."""

import json
import os
import signal
import time

import numpy as np
import pytest
from tests.train.tiny import Listener, answered_corpus, plan_for

from tunewright.core.errors import UserError
from tunewright.evidence.chat import answered, messages_of
from tunewright.evidence.generator import Generator
from tunewright.train.methods import lora
from tunewright.train.room import train
from tunewright.train.settings import TrainSettings

OPTIONS = {"epochs": 3, "batch": 4, "learning_rate": 1e-2}


@pytest.fixture(scope="module")
def trained(tiny_llama, tmp_path_factory):
    corpus = answered_corpus()
    listener = Listener()
    plan = plan_for(corpus, tiny_llama, OPTIONS, method="lora")
    return corpus, listener, train(corpus, plan, tmp_path_factory.mktemp("work"), progress=listener)


def test_the_answers_become_likelier_than_they_were(trained, tiny_llama) -> None:
    corpus, _, candidate = trained
    pairs = list(zip(corpus.column("prompt"), corpus.column("answer"), strict=True))[:12]
    before, after = Generator.load(tiny_llama), Generator.load(candidate.folder)
    chats = [answered(before.tokenizer, messages_of(prompt, answer)) for prompt, answer in pairs]
    # A random base with a frozen output layer moves slowly; that every answer moves is what is asked.
    assert (after.score(chats) < before.score(chats) - 0.1).all()
    losses = [point.validation_loss for point in candidate.run.curve]
    assert losses == sorted(losses, reverse=True)
    assert candidate.kind == "decoder"


def test_the_merged_model_equals_the_adapter_on_a_fresh_base(trained, tiny_llama) -> None:
    from peft import PeftModel

    _, listener, candidate = trained
    assert any("agrees with the adapter" in line for line in listener.said)
    base, merged = Generator.load(tiny_llama), Generator.load(candidate.folder)
    adapted = PeftModel.from_pretrained(base.model, candidate.folder / "adapter").eval()
    chats = lora_probes(base.tokenizer)
    assert lora.merge_difference(adapted, merged.model, chats) < 1e-5
    assert lora.merge_difference(adapted, Generator.load(tiny_llama).model, chats) > 1e-2


def test_a_wrong_merge_is_refused(tiny_llama, tmp_path, monkeypatch) -> None:
    import peft

    def forgets(self, **_):
        return self.unload()

    monkeypatch.setattr(peft.PeftModel, "merge_and_unload", forgets, raising=False)
    corpus = answered_corpus()
    plan = plan_for(corpus, tiny_llama, OPTIONS, method="lora")
    with pytest.raises(UserError) as told:
        train(corpus, plan, tmp_path)
    assert told.value.code == "E-TRAIN-009"
    assert not (tmp_path / "model").exists()


def test_scale_is_twice_the_rank_on_every_linear_layer(trained) -> None:
    _, _, candidate = trained
    config = json.loads((candidate.folder / "adapter" / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"]) == (8, 16)
    projections = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    assert {name.rpartition(".")[2] for name in config["target_modules"]} == projections
    assert len(config["target_modules"]) == 2 * len(projections)


def test_weights_are_safetensors_and_nothing_can_run(trained) -> None:
    _, _, candidate = trained
    assert {"model.safetensors", "adapter/adapter_model.safetensors", "tokenizer.json"} <= set(candidate.files)
    assert not [name for name in candidate.files if name.endswith((".bin", ".pt", ".pkl", ".py"))]


def test_an_interrupted_run_ends_with_the_same_bits(trained, tiny_llama, tmp_path) -> None:
    corpus, _, whole = trained

    class Impatient(Listener):
        def advance(self, amount=1, note="") -> None:
            super().advance(amount, note)
            if self.what == "Training" and self.done == 9:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.01)

    plan = plan_for(corpus, tiny_llama, OPTIONS, method="lora")
    with pytest.raises(KeyboardInterrupt):
        train(corpus, plan, tmp_path, progress=Impatient(), settings=TrainSettings(checkpoint_seconds=1e-9))
    again = train(corpus, plan, tmp_path)
    assert again.files == whole.files
    assert again.run.curve == whole.run.curve


def test_a_batch_in_parts_has_the_gradient_of_the_whole(tiny_llama) -> None:
    """The parts' means are weighed by their trained tokens, so how a batch is cut does not change the step."""
    import torch

    from tunewright.train.decoder import answer_loss, padded, trained_tokens

    loaded = Generator.load(tiny_llama)
    chats = [answered(loaded.tokenizer, messages_of("q" * n, "a" * (3 * n))) for n in (1, 4, 9)]
    weights = np.array([0.5, 1.0, 1.5], dtype=np.float32)
    whole = answer_loss(loaded.model, padded(chats, weights))
    parts = [padded(chats[:1], weights[:1]), padded(chats[1:], weights[1:])]
    sizes = [trained_tokens(part) for part in parts]
    summed = sum(answer_loss(loaded.model, part) * size / sum(sizes) for part, size in zip(parts, sizes, strict=True))
    assert torch.allclose(whole, summed, atol=1e-6)
    assert sizes == [len("aaa") + 1, len("a" * 39) + 2]


def test_rows_that_are_too_long_are_counted_aloud(tiny_llama, tmp_path) -> None:
    corpus = answered_corpus()
    options = {**OPTIONS, "epochs": 1, "max_tokens": 16}
    with pytest.raises(UserError) as told:
        train(corpus, plan_for(corpus, tiny_llama, options, method="lora"), tmp_path, progress=(heard := Listener()))
    assert told.value.code == "E-TRAIN-007"
    assert any("rows are longer than 16 tokens and are left out" in line for line in heard.said)


def lora_probes(tokenizer):
    """A few chats as the merge check takes them."""
    from tunewright.train.chats import Chats

    chats = [answered(tokenizer, messages_of(f"{n} plus 1?", str(n + 1))) for n in range(4)]
    return Chats(chats, np.ones(4, dtype=np.float32))
