"""Nothing goes on unless all that decides the weights is the same, and what differs is named."""

import shutil

import pytest
from tests.stages.train.tiny import answered_corpus, corpus_of, plan_for

from tunewright.core.errors import UserError
from tunewright.models.files import find_model
from tunewright.stages.train.api import train
from tunewright.stages.train.runs.fingerprint import RunFingerprint, fingerprint, fingerprint_mismatch
from tunewright.stages.train.settings import TrainSettings

OPTIONS = {"epochs": 1, "batch": 4, "packing": "off"}


@pytest.fixture
def base(tiny_llama, tmp_path):
    """A copy of the base that a test may change."""
    shutil.copytree(tiny_llama, tmp_path / "base")
    return tmp_path / "base"


def facts(corpus, base, options=None, every: float = 1.0, seed: int = 0) -> RunFingerprint:
    plan = plan_for(corpus, base, {**OPTIONS, **(options or {})}, method="lora", seed=seed)
    return fingerprint(plan, corpus.dataset.digest, find_model(str(base)), every)


def test_the_same_twice_differs_in_nothing(base) -> None:
    corpus = answered_corpus()
    assert facts(corpus, base).differences(facts(corpus, base)) == ()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"options": {"rank": 4}}, "train.method.lora.rank was 8, is 4"),
        ({"every": 0.5}, "train.validate_every was 1.0, is 0.5"),
        ({"seed": 1}, "seed was 0, is 1"),
    ],
)
def test_a_changed_setting_is_named_with_both_values(base, changed, said) -> None:
    corpus = answered_corpus()
    assert facts(corpus, base, **changed).differences(facts(corpus, base)) == (said,)


def test_changed_data_is_named(base) -> None:
    before, corpus = facts(answered_corpus(40), base), corpus_of({"prompt": ["a"] * 40, "answer": ["b"] * 40}, "reply")
    (said,) = facts(corpus, base).differences(before)
    assert said.startswith("data was sha256:")


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        ("config.json", '"rms_norm_eps": 1e-06', '"rms_norm_eps": 1e-05', "base config"),
        ("tokenizer.json", '"<|start|>"', '"<|begin|>"', "tokenizer"),
        ("chat_template.jinja", "{{ m.role }}", "{{ m.role | upper }}", "chat template"),
    ],
)
def test_a_changed_file_of_the_base_is_named(base, name, before, after, said) -> None:
    corpus = answered_corpus()
    then = facts(corpus, base)
    text = (base / name).read_text(encoding="utf-8")
    assert before in text
    (base / name).write_text(text.replace(before, after), encoding="utf-8")
    differing = facts(corpus, base).differences(then)
    assert any(line.startswith(f"{said} was sha256:") for line in differing), differing
    assert not any(line.startswith("base weights") for line in differing)


def test_changed_weights_are_named(base) -> None:
    from safetensors.numpy import load_file, save_file

    corpus = answered_corpus()
    then = facts(corpus, base)
    weights = load_file(base / "model.safetensors")
    save_file({**weights, "model.norm.weight": weights["model.norm.weight"] + 1}, base / "model.safetensors")
    assert [line.split(" was ")[0] for line in facts(corpus, base).differences(then)] == ["base weights"]


def test_another_version_of_a_package_is_told_and_not_refused(base) -> None:
    now = facts(answered_corpus(), base)
    before = now.model_copy(update={"versions": {**now.versions, "torch": "1.0"}})
    assert now.differences(before) == ()
    (said,) = now.updates(before)
    assert said.startswith("torch was 1.0, is ")


def test_it_is_read_as_it_was_kept(base, tmp_path) -> None:
    assert RunFingerprint.load(tmp_path) is None
    now = facts(answered_corpus(), base)
    now.save(tmp_path)
    assert RunFingerprint.load(tmp_path) == now


def test_a_refusal_without_a_difference_says_so() -> None:
    assert "it does not say what it was begun with" in fingerprint_mismatch("The checkpoint", ()).what


def test_the_room_refuses_a_folder_of_another_run_and_names_what_differs(base, tmp_path) -> None:
    corpus, work = answered_corpus(16), tmp_path / "work"
    here = TrainSettings(checkpoint_seconds=1e-9)

    class Ends(Exception):
        pass

    from tests.stages.train.tiny import Listener

    class Impatient(Listener):
        def advance(self, amount=1, note="") -> None:
            super().advance(amount, note)
            if self.what == "Training" and self.done == 3:
                raise Ends

    with pytest.raises(Ends):
        train(corpus, plan_for(corpus, base, OPTIONS, method="lora"), work, settings=here, progress=Impatient())
    other = plan_for(corpus, base, {**OPTIONS, "rank": 2, "learning_rate": 1e-3}, method="lora", seed=4)
    with pytest.raises(UserError) as told:
        train(corpus, other, work, settings=here)
    assert told.value.code == "E-TRAIN-010"
    for part in (
        "begun and not finished",
        "rank was 8, is 2",
        "learning_rate was 0.0002, is 0.001",
        "seed was 0, is 4",
    ):
        assert part in told.value.what
    moved = tmp_path / "other"
    moved.mkdir()
    shutil.copytree(work / "checkpoints", moved / "checkpoints")  # put by hand where nothing says what it is of
    with pytest.raises(UserError, match="rank was 8, is 2"):
        train(corpus, other, moved, settings=here)
