"""Adapters learn the answers alone, and the merged model is the adapted one."""

import json
import os
import signal
import time

import numpy as np
import pytest
from tests.stages.train.tiny import Listener, answered_corpus, plan_for

from tunewright.core.errors import UserError
from tunewright.models.causal_lm import CausalLM
from tunewright.models.chat import answered, messages_of
from tunewright.stages.train.api import train
from tunewright.stages.train.settings import TrainSettings
from tunewright.stages.train.weights.merging import gap, probe_logits

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
    before, after = CausalLM.load(tiny_llama), CausalLM.load(candidate.folder)
    chats = [answered(before.tokenizer, messages_of(prompt, answer)) for prompt, answer in pairs]
    # A random base with a frozen output layer moves slowly; that every answer moves is what is asked.
    assert (after.mean_nats(chats) < before.mean_nats(chats) - 0.1).all()
    losses = [point.validation_loss for point in candidate.run.curve]
    assert losses == sorted(losses, reverse=True)
    assert candidate.kind == "decoder"


def test_the_merged_model_equals_the_adapter_on_a_fresh_base(trained, tiny_llama) -> None:
    from peft import PeftModel

    _, listener, candidate = trained
    assert any("agrees with the adapter" in line for line in listener.said)
    base, merged = CausalLM.load(tiny_llama), CausalLM.load(candidate.folder)
    adapted = PeftModel.from_pretrained(base.model, candidate.folder / "adapter").eval()
    chats = lora_probes(base.tokenizer)
    trained = probe_logits(adapted, chats)
    assert gap(trained, probe_logits(merged.model, chats)).difference < 1e-5
    assert gap(trained, probe_logits(CausalLM.load(tiny_llama).model, chats)).difference > 1e-2


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

    from tunewright.stages.train.data.decoder import answer_loss, padded, trained_tokens

    loaded = CausalLM.load(tiny_llama)
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


@pytest.fixture(scope="module")
def steps_taken(tiny_llama, tmp_path_factory):
    """The adapter's weights after one epoch with some options."""
    from safetensors.numpy import load_file

    corpus = answered_corpus(16)
    short = {"epochs": 1, "batch": 4, "learning_rate": 1e-2}

    def weights(**options):
        plan = plan_for(corpus, tiny_llama, {**short, **options}, method="lora")
        made = train(corpus, plan, tmp_path_factory.mktemp("work"))
        config = json.loads((made.folder / "adapter" / "adapter_config.json").read_text())
        return load_file(made.folder / "adapter" / "adapter_model.safetensors"), config

    return weights


@pytest.fixture(scope="module")
def plain(steps_taken):
    return steps_taken()[0]


def test_dora_trains_the_column_lengths_and_merges(steps_taken, plain) -> None:
    weights, config = steps_taken(dora=True)
    assert config["use_dora"]
    lengths = {name for name in weights if name.endswith("lora_magnitude_vector")}
    assert len(lengths) == 14
    assert set(weights) - lengths == set(plain)


def test_rslora_scales_by_the_root_of_the_rank(steps_taken, plain) -> None:
    from peft import LoraConfig, get_peft_model
    from peft.tuners.lora import LoraLayer
    from transformers import LlamaConfig, LlamaForCausalLM

    weights, config = steps_taken(rslora=True)
    assert config["use_rslora"]
    assert any((weights[name] != plain[name]).any() for name in plain)
    small = LlamaForCausalLM(LlamaConfig(vocab_size=9, hidden_size=8, intermediate_size=8, num_hidden_layers=1,
                                         num_attention_heads=1))  # fmt: skip
    kept = LoraConfig(r=config["r"], lora_alpha=config["lora_alpha"], use_rslora=True, target_modules="all-linear")
    scales = {m.scaling["default"] for m in get_peft_model(small, kept).modules() if isinstance(m, LoraLayer)}
    assert scales == {16 / 8**0.5}


def test_lora_plus_moves_the_second_matrices_faster_by_its_ratio(tiny_llama) -> None:
    from tunewright.stages.train.methods.lora import Options
    from tunewright.stages.train.weights.adapters import adapted, groups_of

    corpus = answered_corpus(16)
    options = Options(lora_plus_ratio=16, learning_rate=1e-4)
    plan = plan_for(corpus, tiny_llama, {}, method="lora")
    model = adapted(CausalLM.load(tiny_llama).model, plan, options)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    rates = {
        names[id(parameter)]: group.get("lr", options.learning_rate)
        for group in groups_of(model, options)
        for parameter in group["params"]
    }
    assert len(rates) == 28
    assert {rate for name, rate in rates.items() if "lora_A" in name} == {1e-4}
    assert {rate for name, rate in rates.items() if "lora_B" in name} == {16 * 1e-4}
    assert all("lr" not in group for group in groups_of(model, Options()))


def test_lora_plus_moves_the_second_matrices_further(steps_taken, plain) -> None:
    weights, _ = steps_taken(lora_plus_ratio=8)
    second = [name for name in plain if "lora_B" in name]
    ratio = sum(np.abs(weights[name]).mean() for name in second) / sum(np.abs(plain[name]).mean() for name in second)
    assert ratio > 3


def test_noise_on_word_vectors_changes_training_and_not_the_base(steps_taken, plain) -> None:
    noisy, _ = steps_taken(neftune_alpha=5.0)
    again, _ = steps_taken(neftune_alpha=5.0)
    assert set(noisy) == set(plain)
    assert any((noisy[name] != plain[name]).any() for name in plain)
    assert all((noisy[name] == again[name]).all() for name in noisy)


def test_the_noise_of_a_row_is_another_at_every_step_and_the_same_at_the_same(tiny_llama) -> None:
    from tunewright.stages.train.causal import Trainee, begin, job_and_report
    from tunewright.stages.train.machine import Machine
    from tunewright.stages.train.methods.lora import Options

    options, corpus = Options(), answered_corpus(16)
    plan = plan_for(corpus, tiny_llama, {}, method="lora")
    machine = Machine(device="cpu", precision="fp32", threads=1, why="a test")
    start = begin(corpus, plan, options, machine, Listener())
    job, _ = job_and_report(Trainee(start.base.model, groups=lambda: [], noise=5.0), start, plan, options, machine)
    rows = job.rows(0)
    first, again, later = (job.batch(rows, step)["noise"] for step in (0, 0, 1))
    assert (first == again).all()
    assert (first != later).any()


def test_packed_and_accumulated_training_survives_an_interruption_with_every_option(tiny_llama, tmp_path) -> None:
    corpus = answered_corpus(24)
    options = {
        "epochs": 2, "batch": 4, "accumulation": 2, "learning_rate": 1e-3, "packing": "on", "dora": True,
        "rslora": True, "lora_plus_ratio": 4, "neftune_alpha": 5.0,
    }  # fmt: skip
    plan = plan_for(corpus, tiny_llama, options, method="lora")
    whole = train(corpus, plan, tmp_path / "whole")
    assert whole.run.receipt.batching == "packed"

    class Impatient(Listener):
        def advance(self, amount=1, note="") -> None:
            super().advance(amount, note)
            if self.what == "Training" and self.done == 6:
                signal.raise_signal(signal.SIGINT)

    work = tmp_path / "broken"
    with pytest.raises(KeyboardInterrupt):
        train(corpus, plan, work, progress=Impatient(), settings=TrainSettings(checkpoint_seconds=1e-9))
    again = train(corpus, plan, work)
    assert again.files == whole.files
    assert again.run.curve == whole.run.curve
    assert again.digest == whole.digest


def lora_probes(tokenizer):
    """A few chats as the merge check takes them."""
    from tunewright.stages.train.data.chats import Chats

    chats = [answered(tokenizer, messages_of(f"{n} plus 1?", str(n + 1))) for n in range(4)]
    return Chats(chats, np.ones(4, dtype=np.float32))
