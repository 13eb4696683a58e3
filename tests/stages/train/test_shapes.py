"""Hugging Face directories of four shapes train, go on after a crash, merge, and load in plain transformers."""

import pytest
from tests.stages.train.tiny import SHAPES, Crashing, answered_corpus, plan_for, probes_of, write_causal

from tunewright.stages.train.api import train
from tunewright.stages.train.settings import TrainSettings
from tunewright.stages.train.weights.merging import gap, probe_logits

OPTIONS = {"epochs": 1, "batch": 4, "learning_rate": 1e-2}
OFTEN = TrainSettings(checkpoint_seconds=1e-9)


@pytest.fixture(scope="module", params=sorted(SHAPES))
def base(request, tmp_path_factory):
    """A Hugging Face directory of a shape."""
    return write_causal(tmp_path_factory.mktemp(request.param), request.param)


def finished_after_a_crash(base, work, method: str):
    """A run that broke off after its second step and was then carried on, and its rows."""
    corpus = answered_corpus(16)
    plan = plan_for(corpus, base, OPTIONS, method=method)
    with pytest.raises(Crashing.Crash):
        train(corpus, plan, work, progress=Crashing(2), settings=OFTEN)
    return corpus, train(corpus, plan, work, settings=OFTEN)


@pytest.fixture(scope="module")
def adapted(base, tmp_path_factory):
    """Adapters on a shape, trained in spite of a crash."""
    return finished_after_a_crash(base, tmp_path_factory.mktemp("work"), "lora")


def validation_loss(corpus, folder) -> float:
    """What the folder's model, loaded by plain transformers, loses on the validation rows."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from tunewright.stages.train.data.chats import chats
    from tunewright.stages.train.data.decoder import tested

    tokenizer = AutoTokenizer.from_pretrained(folder)
    held_out = chats(corpus, "validation", tokenizer, 512, Crashing(0))
    return tested(AutoModelForCausalLM.from_pretrained(folder).eval(), held_out, 6)[0]


def test_adapters_train_and_the_merged_model_has_their_logits(base, adapted) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    corpus, made = adapted
    probes = probes_of(base)
    untuned = AutoModelForCausalLM.from_pretrained(base).eval()
    alone = probe_logits(untuned, probes)
    beside = probe_logits(PeftModel.from_pretrained(untuned, made.folder / "adapter"), probes)
    merged = AutoModelForCausalLM.from_pretrained(made.folder)
    assert type(merged) is type(AutoModelForCausalLM.from_pretrained(base))
    assert gap(beside, probe_logits(merged, probes)).difference < 1e-6
    assert gap(beside, alone).difference > 1e-3
    assert validation_loss(corpus, made.folder) == pytest.approx(made.run.curve[-1].validation_loss, abs=1e-5)


def test_every_weight_trains_and_the_saved_model_is_the_trained_one(base, tmp_path) -> None:
    corpus, made = finished_after_a_crash(base, tmp_path, "full")
    best = min(point.validation_loss for point in made.run.curve)
    assert validation_loss(corpus, made.folder) == pytest.approx(best, abs=1e-5)
    assert best < validation_loss(corpus, base) - 0.05


def test_a_crash_leaves_no_trace_in_the_weights(base, adapted, tmp_path) -> None:
    corpus, carried_on = adapted
    plan = plan_for(corpus, base, OPTIONS, method="lora")
    whole = train(corpus, plan, tmp_path)
    assert carried_on.files == whole.files
    assert carried_on.digest == whole.digest


@pytest.mark.parametrize("shape", ["Qwen3"])
def test_a_base_in_four_bits_trains_and_merges(shape, tmp_path) -> None:
    pytest.importorskip("bitsandbytes")
    corpus, made = finished_after_a_crash(write_causal(tmp_path / "base", shape), tmp_path / "work", "qlora")
    assert validation_loss(corpus, made.folder) == pytest.approx(made.run.curve[-1].validation_loss, abs=1e-5)


@pytest.mark.parametrize("shape", ["Mistral"])
def test_weights_on_a_grid_train_and_are_saved_on_it(shape, tmp_path) -> None:
    pytest.importorskip("torchao")
    corpus, made = finished_after_a_crash(write_causal(tmp_path / "base", shape), tmp_path / "work", "qat")
    assert validation_loss(corpus, made.folder) == pytest.approx(made.run.curve[-1].validation_loss, abs=1e-5)
