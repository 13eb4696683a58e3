"""Adapters over a base in few bits learn, resume to the last bit, and are published on the base they were trained on."""

import json
import signal

import pytest
from tests.stages.train.tiny import Crashing, Listener, answered_corpus, plan_for, probes_of

from tunewright.core.errors import UserError
from tunewright.models.causal_lm import CausalLM
from tunewright.models.quiet_imports import unassisted
from tunewright.stages.train.api import train
from tunewright.stages.train.settings import TrainSettings
from tunewright.stages.train.weights.merging import Merge, gap, probe_logits

pytest.importorskip("bitsandbytes")

OPTIONS = {"epochs": 2, "batch": 6, "learning_rate": 1e-2}


@pytest.fixture(scope="module", params=[4, 8])
def trained(request, tiny_llama, tmp_path_factory):
    corpus = answered_corpus(24)
    plan = plan_for(corpus, tiny_llama, {**OPTIONS, "bits": request.param}, method="qlora")
    return request.param, corpus, train(corpus, plan, tmp_path_factory.mktemp("work"))


def test_what_is_published_is_the_rounded_base_with_its_adapter(trained, tiny_llama) -> None:
    from peft import PeftModel

    from tunewright.stages.train.weights.quantized import load_dequantized, load_quantized

    bits, _, candidate = trained
    told = Merge.model_validate_json((candidate.folder / "merge.json").read_text())
    assert told.base == "dequantized"
    assert told.exact < 1e-6
    assert told.kl < 1e-5 < told.kl_tuned
    probes = probes_of(tiny_llama)
    saved = probe_logits(CausalLM.load(candidate.folder).model, probes)
    with unassisted():
        adapter = candidate.folder / "adapter"
        whole = PeftModel.from_pretrained(load_dequantized(tiny_llama, device="cpu", bits=bits), adapter)
        assert gap(probe_logits(whole, probes), saved).difference < 1e-6
        quantized = PeftModel.from_pretrained(load_quantized(tiny_llama, device="cpu", bits=bits).model, adapter)
        assert gap(probe_logits(quantized, probes), saved).kl < 1e-6
    config = json.loads((candidate.folder / "config.json").read_text())
    assert "quantization_config" not in config


def test_it_learns_and_the_saved_model_has_the_validation_loss_of_the_trained_one(trained) -> None:
    from tunewright.stages.train.data.chats import chats
    from tunewright.stages.train.data.decoder import tested

    bits, corpus, candidate = trained
    losses = [point.validation_loss for point in candidate.run.curve]
    assert losses == sorted(losses, reverse=True)
    saved = CausalLM.load(candidate.folder)
    held_out = chats(corpus, "validation", saved.tokenizer, 512, Listener())
    loss, _ = tested(saved.model, held_out, 6)
    assert loss == pytest.approx(losses[-1], abs=1e-5 if bits == 4 else 1e-3)


def test_a_run_that_broke_off_ends_with_the_same_bits(trained, tiny_llama, tmp_path) -> None:
    bits, corpus, whole = trained
    plan = plan_for(corpus, tiny_llama, {**OPTIONS, "bits": bits}, method="qlora")
    with pytest.raises(Crashing.Crash):
        train(corpus, plan, tmp_path, progress=Crashing(4), settings=TrainSettings(checkpoint_seconds=1e-9))
    again = train(corpus, plan, tmp_path, progress=(heard := Listener()))
    assert any(
        line.startswith("Going on from step 3") or line.startswith("Going on from step 4") for line in heard.said
    )
    assert again.files == whole.files
    assert again.run.curve == whole.run.curve


def test_a_merge_into_the_original_base_is_refused_when_it_undoes_what_was_learned(tiny_llama, tmp_path) -> None:
    corpus = answered_corpus(16)
    options = {**OPTIONS, "epochs": 1, "learning_rate": 1e-4, "merge_into": "original"}
    with pytest.raises(UserError) as told:
        train(corpus, plan_for(corpus, tiny_llama, options, method="qlora"), tmp_path)
    assert told.value.code == "E-TRAIN-009"
    assert "merge_into: dequantized" in told.value.fix
    assert not (tmp_path / "model").exists()


def test_a_merge_into_the_original_base_says_so_where_it_is_near_enough(tiny_llama, tmp_path) -> None:
    corpus = answered_corpus(16)
    options = {**OPTIONS, "epochs": 1, "bits": 8, "merge_into": "original"}
    made = train(corpus, plan_for(corpus, tiny_llama, options, method="qlora"), tmp_path)
    told = Merge.model_validate_json((made.folder / "merge.json").read_text())
    assert told.base == "original"
    assert 0 < told.kl <= told.kl_limit
    assert "on the original base" in told.words


def test_an_interruption_between_steps_is_survived_with_every_option(tiny_llama, tmp_path) -> None:
    corpus = answered_corpus(16)
    options = {
        "epochs": 1, "batch": 6, "accumulation": 2, "learning_rate": 1e-3, "packing": "on", "dora": True,
        "rslora": True, "lora_plus_ratio": 4, "neftune_alpha": 5.0,
    }  # fmt: skip
    plan = plan_for(corpus, tiny_llama, options, method="qlora")
    whole = train(corpus, plan, tmp_path / "whole")

    class Impatient(Listener):
        def advance(self, amount=1, note="") -> None:
            super().advance(amount, note)
            if self.what == "Training" and self.done == 1:
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(corpus, plan, tmp_path / "broken", progress=Impatient(), settings=TrainSettings(checkpoint_seconds=1e-9))
    again = train(corpus, plan, tmp_path / "broken")
    assert again.files == whole.files
