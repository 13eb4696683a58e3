"""Every weight is tuned, kept with its template and receipt, and found again to the last bit after a kill."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.stages.train.tiny import Listener, answered_corpus, corpus_of, plan_for

from tunewright.core.errors import UserError
from tunewright.models.causal_lm import CausalLM
from tunewright.models.chat import answered, messages_of
from tunewright.models.template_fingerprint import Template, loaded_differences
from tunewright.stages.train.api import train
from tunewright.stages.train.methods.full import Options

OPTIONS = {"epochs": 3, "batch": 4, "learning_rate": 5e-3, "packing": "on", "accumulation": 2}


@pytest.fixture(scope="module")
def trained(tiny_llama, tmp_path_factory):
    corpus = answered_corpus(24)
    plan = plan_for(corpus, tiny_llama, OPTIONS, method="full")
    listener = Listener()
    return corpus, listener, train(corpus, plan, tmp_path_factory.mktemp("work"), progress=listener)


def test_the_answers_become_far_likelier_and_every_matrix_moves(trained, tiny_llama) -> None:
    from safetensors.numpy import load_file

    corpus, _, candidate = trained
    pairs = list(zip(corpus.column("prompt"), corpus.column("answer"), strict=True))[:12]
    before, after = CausalLM.load(tiny_llama), CausalLM.load(candidate.folder)
    chats = [answered(before.tokenizer, messages_of(prompt, answer)) for prompt, answer in pairs]
    assert (after.mean_nats(chats) < before.mean_nats(chats) - 0.8).all()
    old, new = (load_file(folder / "model.safetensors") for folder in (tiny_llama, candidate.folder))
    assert set(old) == set(new)
    assert all((old[name] != new[name]).any() for name in old)
    assert candidate.kind == "decoder"
    assert "adapter/adapter_model.safetensors" not in candidate.files


def test_the_run_keeps_its_receipt_and_says_it(trained) -> None:
    _, listener, candidate = trained
    receipt = candidate.run.receipt
    assert (receipt.rows, receipt.kept, receipt.dropped) == (17, 17, {})
    assert receipt.stops == 17
    assert receipt.batching == "packed"
    assert 0.5 < receipt.utilization <= 1
    assert receipt.trained_tokens == candidate.run.trained_tokens
    assert receipt.words in listener.said
    assert "every row ends in a trained token that stops an answer" in receipt.words


def test_the_template_lies_beside_the_weights_as_the_run_names_it(trained) -> None:
    _, _, candidate = trained
    assert "template.json" in candidate.files
    assert Template.kept(candidate.folder).digest == candidate.run.template
    assert loaded_differences(candidate.folder) == ()


def test_a_run_that_is_killed_ends_with_the_same_bits(trained, tiny_llama, tmp_path) -> None:
    _, _, whole = trained
    for step in (7, None):
        code = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from pathlib import Path
from tests.stages.train.tiny import Listener, answered_corpus, plan_for
from tunewright.stages.train.api import train
from tunewright.stages.train.settings import TrainSettings
class Killer(Listener):
    def advance(self, amount=1, note=""):
        super().advance(amount, note)
        if self.what == "Training" and self.done == {step}:
            os.kill(os.getpid(), signal.SIGKILL)
corpus = answered_corpus(24)
plan = plan_for(corpus, Path({str(tiny_llama)!r}), {OPTIONS!r}, method="full")
often = TrainSettings(checkpoint_seconds=1e-9)
made = train(corpus, plan, Path({str(tmp_path)!r}), progress=Killer(), settings=often)
print(made.digest, made.files["model.safetensors"])
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == (0 if step is None else -signal.SIGKILL), done.stderr[-2000:]
    assert done.stdout.split() == [whole.digest, whole.files["model.safetensors"]]


def test_it_ends_early_when_validation_no_longer_falls(tiny_llama, tmp_path) -> None:
    corpus = answered_corpus(24)
    run = train(
        corpus, plan_for(corpus, tiny_llama, {"learning_rate": 1e-12, "epochs": 9}, method="full"), tmp_path
    ).run
    assert len(run.curve) < 9
    assert run.stopped.startswith("log_likelihood did not rise in 1 validations")


def test_a_checkpoint_of_another_template_is_refused(tiny_llama, tmp_path) -> None:
    import shutil

    corpus = answered_corpus(24)
    base = tmp_path / "base"
    shutil.copytree(tiny_llama, base)

    class Stops(Listener):
        def advance(self, amount=1, note="") -> None:
            super().advance(amount, note)
            if self.what == "Training" and self.done == 2:
                signal.raise_signal(signal.SIGINT)

    plan = plan_for(corpus, base, OPTIONS, method="full")
    with pytest.raises(KeyboardInterrupt):
        train(corpus, plan, tmp_path / "work", progress=Stops())
    template = base / "chat_template.jinja"
    template.write_text(template.read_text().replace("user", "USER").replace("<|start|>", "<|start|> "))
    with pytest.raises(UserError) as told:
        train(corpus, plan, tmp_path / "work")
    assert told.value.code == "E-TRAIN-010"


def test_rows_beyond_the_allowed_share_stop_it_before_the_first_step(tiny_llama, tmp_path) -> None:
    corpus = corpus_of({"prompt": ["p" * 99] * 2 + ["p"] * 22, "answer": ["a"] * 24}, "reply")
    options = {**OPTIONS, "max_tokens": 64, "epochs": 1}
    with pytest.raises(UserError) as told:
        train(corpus, plan_for(corpus, tiny_llama, options, method="full"), tmp_path)
    assert told.value.code == "E-TRAIN-013"
    assert "2 of 17 training rows would be lost: 2 are longer than 64 tokens" in told.value.what
    assert not (tmp_path / "model").exists()
    allowed = train(corpus, plan_for(corpus, tiny_llama, {**options, "max_lost": 0.2}, method="full"), tmp_path)
    assert allowed.run.receipt.kept == allowed.run.trained_rows == 15


def test_a_classifier_does_not_fit_it_and_a_reply_does() -> None:
    from tunewright.workflow.method import require_fit

    for task in ("reply", "extract"):
        require_fit("full", task)
        require_fit("lora", task)
    require_fit("encoder", "classify")
    for method, task in (("full", "classify"), ("lora", "classify"), ("encoder", "reply")):
        with pytest.raises(UserError) as told:
            require_fit(method, task)
        assert told.value.code == "E-PLAN-002"


def test_every_option_has_a_default() -> None:
    assert Options().learning_rate == 2e-5


def test_the_record_is_json_that_reads_back(trained) -> None:
    _, _, candidate = trained
    kept = json.loads((candidate.folder.parent / "run.json").read_text())
    assert kept["receipt"]["batching"] == "packed"
