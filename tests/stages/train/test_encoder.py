"""An encoder is tuned, kept, found again to the last bit, and answers as it was validated."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.stages.train.tiny import WORDS, Listener, labelled_corpus, plan_for

from tunewright.core.digest import file_digest
from tunewright.core.errors import UserError
from tunewright.models.classifier import Classifier
from tunewright.stages.train.api import train
from tunewright.stages.train.methods.encoder import Options
from tunewright.stages.train.settings import TrainSettings

OPTIONS = {"epochs": 3, "batch": 16, "learning_rate": 1e-2}
OFTEN = TrainSettings(checkpoint_seconds=1e-9)


@pytest.fixture(scope="module")
def trained(tiny_encoder, tmp_path_factory):
    corpus = labelled_corpus()
    return corpus, train(corpus, plan_for(corpus, tiny_encoder, OPTIONS), tmp_path_factory.mktemp("work"))


def test_a_separable_task_is_learned_and_the_predictor_says_what_validation_said(trained) -> None:
    corpus, candidate = trained
    assert candidate.kind == "encoder"
    assert candidate.labels == tuple(sorted(WORDS))
    held = corpus.scan().filter(pl.col("split") == "validation").collect()
    said = Classifier.load(candidate.folder).classify(held["prompt"].to_list())
    accuracy = np.mean(np.array(said.labels) == held["label"].to_numpy())
    best = next(point for point in candidate.run.curve if point.step == candidate.run.best_step)
    assert accuracy == pytest.approx(best.validation_metric)
    assert accuracy > 0.95


def test_labels_keep_the_order_of_the_plan(tiny_encoder, tmp_path) -> None:
    corpus = labelled_corpus(60)
    plan = plan_for(corpus, tiny_encoder, {"epochs": 1}).model_copy(update={"labels": ("transfer", "card", "login")})
    candidate = train(corpus, plan, tmp_path)
    assert candidate.labels == ("transfer", "card", "login")
    config = json.loads((candidate.folder / "config.json").read_text())
    assert config["id2label"] == {"0": "transfer", "1": "card", "2": "login"}
    assert Classifier.load(candidate.folder).labels == candidate.labels


def test_the_head_starts_at_the_centroids_and_not_at_noise(tiny_encoder, tmp_path) -> None:
    corpus = labelled_corpus()
    still = train(corpus, plan_for(corpus, tiny_encoder, {"epochs": 1, "learning_rate": 1e-12}), tmp_path)
    assert still.run.curve[0].validation_metric > 0.6  # a random head has a third


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(trained, tiny_encoder, tmp_path) -> None:
    corpus, first = trained
    again = train(corpus, plan_for(corpus, tiny_encoder, OPTIONS), tmp_path / "again")
    assert again.files == first.files
    assert again.digest == first.digest
    other = train(corpus, plan_for(corpus, tiny_encoder, OPTIONS, seed=1), tmp_path / "other")
    assert other.files["model.safetensors"] != first.files["model.safetensors"]


def test_the_encoder_s_word_vectors_are_left_alone_unless_asked(trained, tiny_encoder, tmp_path) -> None:
    from safetensors.numpy import load_file

    def words(folder: Path) -> np.ndarray:
        kept = load_file(folder / "model.safetensors")
        return next(values for name, values in kept.items() if name.endswith("word_embeddings.weight"))

    corpus, candidate = trained
    assert np.array_equal(words(candidate.folder), words(tiny_encoder))
    moved = train(corpus, plan_for(corpus, tiny_encoder, {**OPTIONS, "train_embeddings": True}), tmp_path)
    assert not np.array_equal(words(moved.folder), words(tiny_encoder))


def test_adapters_are_merged_into_a_model_of_the_same_form(trained, tiny_encoder, tmp_path) -> None:
    corpus, whole = trained
    adapted = train(corpus, plan_for(corpus, tiny_encoder, {**OPTIONS, "tune": "lora"}), tmp_path)
    assert set(adapted.files) == set(whole.files)
    held = corpus.scan().filter(pl.col("split") == "validation").collect()
    said = Classifier.load(adapted.folder).classify(held["prompt"].to_list())
    best = next(point for point in adapted.run.curve if point.step == adapted.run.best_step)
    assert np.mean(np.array(said.labels) == held["label"].to_numpy()) == pytest.approx(best.validation_metric)


def test_a_run_killed_twice_ends_with_the_same_bits(trained, tiny_encoder, tmp_path) -> None:
    _, whole = trained
    for step in (3, 17, None):
        code = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from pathlib import Path
from tests.stages.train.tiny import Listener, labelled_corpus, plan_for
from tunewright.stages.train.api import train
from tunewright.stages.train.settings import TrainSettings
class Killer(Listener):
    def advance(self, amount=1, note=""):
        super().advance(amount, note)
        if self.done == {step}:
            os.kill(os.getpid(), signal.SIGKILL)
corpus = labelled_corpus()
plan = plan_for(corpus, Path({str(tiny_encoder)!r}), {OPTIONS!r})
made = train(corpus, plan, Path({str(tmp_path)!r}), progress=Killer(), settings=TrainSettings(checkpoint_seconds=1e-9))
print(made.digest, made.files["model.safetensors"])
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == (0 if step is None else -signal.SIGKILL), done.stderr[-2000:]
    assert done.stdout.split() == [whole.digest, whole.files["model.safetensors"]]


def test_ctrl_c_keeps_a_checkpoint_and_the_next_run_goes_on(trained, tiny_encoder, tmp_path) -> None:
    corpus, whole = trained
    plan = plan_for(corpus, tiny_encoder, OPTIONS)

    class Impatient(Listener):
        def advance(self, amount=1, note="") -> None:
            super().advance(amount, note)
            if self.what == "Training" and self.done == 5:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.01)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(corpus, plan, tmp_path, progress=Impatient())
    assert signal.getsignal(signal.SIGINT) is before
    listener = Listener()
    again = train(corpus, plan, tmp_path, progress=listener)
    assert any("Going on from step 5" in line for line in listener.said)
    assert again.files == whole.files
    assert again.run.curve == whole.run.curve


def test_a_damaged_checkpoint_is_passed_over_aloud(trained, tiny_encoder, tmp_path) -> None:
    corpus, whole = trained
    plan = plan_for(corpus, tiny_encoder, OPTIONS)
    _stopped_at(18, corpus, plan, tmp_path)
    kept = sorted((tmp_path / "checkpoints").iterdir(), key=lambda path: int(path.name.rpartition("-")[2]))
    assert len(kept) >= 2
    weights = kept[-1] / "weights.safetensors"
    damaged = bytearray(weights.read_bytes())
    damaged[-1] ^= 1
    weights.write_bytes(damaged)
    listener = Listener()
    again = train(corpus, plan, tmp_path, progress=listener)
    assert any("step 18 is damaged (weights.safetensors has changed)" in line for line in listener.said)
    assert any("Going on from step 17" in line for line in listener.said)
    assert again.files == whole.files


def test_a_checkpoint_of_another_plan_is_refused(trained, tiny_encoder, tmp_path) -> None:
    corpus, _ = trained
    _stopped_at(4, corpus, plan_for(corpus, tiny_encoder, OPTIONS), tmp_path)
    with pytest.raises(UserError) as told:
        train(corpus, plan_for(corpus, tiny_encoder, {**OPTIONS, "learning_rate": 1e-3}), tmp_path)
    assert told.value.code == "E-TRAIN-010"


def test_a_finished_run_is_not_trained_again(trained, tiny_encoder) -> None:
    corpus, candidate = trained
    listener = Listener()
    again = train(corpus, candidate.run.plan, candidate.folder.parent, progress=listener)
    assert again == candidate
    assert listener.started == []


def test_what_training_leaves_is_the_model_and_its_record(trained) -> None:
    _, candidate = trained
    assert not (candidate.folder.parent / "checkpoints").exists()
    assert all(file_digest(candidate.folder / name) == known for name, known in candidate.files.items())
    assert {"model.safetensors", "head.safetensors", "classifier.json", "tokenizer.json", "config.json"} <= set(
        candidate.files
    )
    assert candidate.run.environment["threads"]
    assert candidate.run.seconds > 0


def test_it_ends_early_when_validation_no_longer_rises(tiny_encoder, tmp_path) -> None:
    corpus = labelled_corpus(120)
    options = {"epochs": 9, "learning_rate": 1e-12, "patience": 2}
    run = train(corpus, plan_for(corpus, tiny_encoder, options), tmp_path).run
    assert len(run.curve) < 9
    assert run.stopped.startswith("accuracy did not rise in 2 validations")


def test_a_split_without_rows_is_told(tiny_encoder, tmp_path) -> None:
    corpus = labelled_corpus(5)
    with pytest.raises(UserError) as told:
        train(corpus, plan_for(corpus, tiny_encoder, {}), tmp_path)
    assert told.value.code == "E-TRAIN-007"
    assert "validation" in told.value.what


def test_every_option_has_a_default() -> None:
    assert Options().tune == "full"


def _stopped_at(step: int, corpus, plan, work: Path) -> None:
    class Stops(Listener):
        def advance(self, amount=1, note="") -> None:
            super().advance(amount, note)
            if self.what == "Training" and self.done == step:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt):
        train(corpus, plan, work, progress=Stops(), settings=OFTEN)
