"""What is said, kept and decided after each step of a run: told, validated, paused, stopped, given up."""

import signal
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.stages.train.tiny import Listener, answered_corpus, plan_for

from tunewright.core.errors import UserError
from tunewright.stages.train import causal
from tunewright.stages.train.api import train
from tunewright.stages.train.loop.callbacks import validation_steps
from tunewright.stages.train.machine import Machine
from tunewright.stages.train.runs import control, run_settings
from tunewright.stages.train.runs.history import History
from tunewright.stages.train.runs.job_events import events_of, state_of
from tunewright.stages.train.settings import Notify, TrainSettings

OPTIONS = {"epochs": 4, "batch": 4, "learning_rate": 1e-3, "packing": "off", "patience": 0}
OFTEN = TrainSettings(checkpoint_seconds=1e-9)


@pytest.fixture(scope="module")
def corpus():
    return answered_corpus(40)


@pytest.fixture(scope="module")
def plan(corpus, tiny_llama):
    return plan_for(corpus, tiny_llama, OPTIONS, method="lora")


@pytest.fixture
def work(tmp_path) -> Path:
    return work_in(tmp_path / "work")


def work_in(folder: Path) -> Path:
    """A work folder whose run computes as all others here, since the choice of number format is a measurement."""
    folder.mkdir()
    (folder / "machine.json").write_text(
        Machine(device="cpu", precision="fp32", threads=1, why="a test").model_dump_json()
    )
    return folder


@pytest.fixture(scope="module")
def whole(corpus, plan, tmp_path_factory):
    """A run in one go, and its folder."""
    work = work_in(tmp_path_factory.mktemp("whole") / "work")
    return train(corpus, plan, work, settings=TrainSettings(validate_every=1.0)), work


class At(Listener):
    """Does something once so many training steps are done."""

    def __init__(self, step: int, act) -> None:
        super().__init__()
        self._step, self._act = step, act

    def advance(self, amount=1, note="") -> None:
        super().advance(amount, note)
        if self.what == "Training" and self.done == self._step:
            self._act()


def metrics(work: Path, name: str) -> list[tuple[int, float]]:
    told = [event.data for event in events_of(work) if event.type == "metrics"]
    return [(data["step"], data[name]) for data in told if name in data]


class OnGpu:
    """A loss that says it is on a GPU."""

    is_cuda = True

    def __init__(self, loss: torch.Tensor) -> None:
        self._loss = loss

    def __float__(self) -> float:
        return float(self._loss)

    def to(self, device) -> torch.Tensor:
        return self._loss.to(device)


def test_a_gpu_is_asked_for_a_loss_while_it_computes_the_next_step(whole, corpus, plan, work, monkeypatch) -> None:
    begun, heard, saw = [], [], History.add_loss

    class Hearing(Listener):
        def advance(self, amount=1, note="") -> None:
            super().advance(amount, note)
            if self.what == "Training" and note:
                heard.append((int(self.done), len(begun)))

    def note(history: History, loss: torch.Tensor) -> None:
        begun.append(loss)
        saw(history, OnGpu(loss))

    monkeypatch.setattr(History, "add_loss", note)
    candidate = train(corpus, plan, work, settings=TrainSettings(validate_every=1.0), progress=Hearing())
    assert metrics(work, "train_loss") == metrics(whole[1], "train_loss"), "each step is told, in its order"
    validated = {point.step for point in candidate.run.curve}
    assert heard == [(step, step if step in validated else step + 1) for step in range(1, len(begun) + 1)]


def test_the_record_tells_every_state_step_and_validation(whole) -> None:
    candidate, work = whole
    assert [event.status for event in events_of(work) if event.status] == ["validating_files", "running", "succeeded"]
    steps, losses = zip(*metrics(work, "train_loss"), strict=True)
    assert steps == tuple(range(1, candidate.run.curve[-1].step + 1))
    assert all(loss > 0 for loss in losses)
    assert metrics(work, "full_valid_loss") == [(point.step, point.validation_loss) for point in candidate.run.curve]
    last = events_of(work)[-1]
    assert last.data["trained_tokens"] == candidate.run.trained_tokens
    assert last.data["best_step"] == candidate.run.best_step


def test_a_finished_run_is_found_and_not_trained_again(whole, corpus, plan) -> None:
    candidate, work = whole
    before = events_of(work)
    again = train(corpus, plan, work, settings=TrainSettings(validate_every=1.0), progress=(heard := Listener()))
    assert again.digest == candidate.digest
    assert heard.started == []
    assert events_of(work) == before
    with pytest.raises(UserError, match=r"a finished run, is of another plan: train.validate_every was 1.0, is 0.5"):
        train(corpus, plan, work, settings=TrainSettings(validate_every=0.5))


def test_a_pause_from_another_terminal_loses_nothing_and_changes_no_bit(whole, corpus, plan, work) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(corpus, plan, work, settings=OFTEN, progress=(heard := At(5, lambda: control.ask(work, "pause"))))
    assert any("Pausing at step 5 as asked" in line for line in heard.said)
    assert [event.status for event in events_of(work) if event.status][-2:] == ["pausing", "paused"]
    assert control.requested(work) is None
    again = train(corpus, plan, work, settings=OFTEN, progress=(heard := Listener()))
    assert any(line.startswith("Going on from step 5 of ") for line in heard.said)
    assert again.files == whole[0].files
    assert again.run.curve == whole[0].run.curve
    assert [event.data["step"] for event in events_of(work) if event.status == "running"] == [0, 5]


def test_a_stop_keeps_the_best_and_goes_on_to_a_model(corpus, plan, work) -> None:
    control.ask(work, "pause")  # of an attempt that is over; it does not stop the next
    made = train(corpus, plan, work, settings=OFTEN, progress=At(6, lambda: control.ask(work, "stop")))
    assert made.run.curve[-1].step == 6
    assert made.run.stopped.startswith("stopped on request at step 6 of ")
    assert made.run.best_step in {point.step for point in made.run.curve}
    assert (made.folder / "model.safetensors").exists()
    assert state_of(events_of(work)) == "succeeded"
    assert control.requested(work) is None


def test_a_second_ctrl_c_does_not_wait_for_the_step(whole, corpus, plan, work) -> None:
    def twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("the second one ends it there")

    with pytest.raises(KeyboardInterrupt):
        train(corpus, plan, work, settings=OFTEN, progress=At(5, twice))
    assert state_of(events_of(work)) == "paused"
    again = train(corpus, plan, work, settings=OFTEN, progress=(heard := Listener()))
    assert any("Going on from step 4 of " in line for line in heard.said)
    assert again.files == whole[0].files


def spoiled(monkeypatch, spoil):
    """Every loss from when the returned list is not empty is `spoil` of it and the model."""
    loss, now = causal.answer_loss, []

    def sometimes(model, batch, **how):
        if now:
            now[-1] = model
        honest = loss(model, batch, **how)
        return spoil(honest, model) if now else honest

    monkeypatch.setattr(causal, "answer_loss", sometimes)
    return now


def broken_gradient(loss, model):
    """The same loss, with a gradient that is no number: the root's slope at nought."""
    one = next(parameter for parameter in model.parameters() if parameter.requires_grad)
    return loss + (one * 0).sqrt().sum()


@pytest.mark.parametrize(
    ("what", "spoil"), [("loss", lambda loss, model: loss * float("nan")), ("gradient", broken_gradient)]
)
def test_a_number_that_is_none_stops_the_run_before_a_weight_is_spoiled(
    whole, corpus, plan, work, monkeypatch, what, spoil
) -> None:
    with monkeypatch.context() as patch:
        now = spoiled(patch, spoil)
        with pytest.raises(UserError) as told:
            train(corpus, plan, work, settings=OFTEN, progress=At(6, lambda: now.append(True)))
    assert told.value.code == "E-TRAIN-015"
    assert told.value.what.startswith(f"The {what} of step 7 is nan; its rows are ")
    rows = {int(row) for row in told.value.what.split("rows are ")[1].rstrip(".").split(", ")}
    sides = corpus.column("split").to_list()
    assert len(rows) == 4
    assert all(sides[row] == "train" for row in rows)
    assert events_of(work)[-1].data["error"]["code"] == "E-TRAIN-015"
    kept = load_file(work / "checkpoints" / "checkpoint-6" / "weights.safetensors")
    for name, parameter in now[-1].named_parameters():
        assert not parameter.requires_grad or torch.equal(parameter, kept[name]), "the step was not taken"
    if what == "loss":
        again = train(corpus, plan, work, settings=OFTEN, progress=(heard := Listener()))
        assert any("Going on from step 6 of " in line for line in heard.said)
        assert again.files == whole[0].files, "what was kept is what a sound run has there"


def test_a_diverged_run_is_given_up_and_can_end_with_its_best(corpus, plan, work, monkeypatch) -> None:
    patient = TrainSettings(checkpoint_seconds=1e-9, spike_patience=3)
    with monkeypatch.context() as patch:
        now = spoiled(patch, lambda loss, model: loss * 50)
        with pytest.raises(UserError) as told:
            train(corpus, plan, work, settings=patient, progress=At(20, lambda: now.append(True)))
    assert told.value.code == "E-TRAIN-016"
    assert "3 steps in a row, up to step 23" in told.value.what
    warned = [event.message for event in events_of(work) if event.level == "warn"]
    assert len(warned) == 1, "spikes in a row are said once"
    assert warned[0].startswith("The loss of step 21 is a spike")
    assert state_of(events_of(work)) == "failed"
    control.ask(work, "stop")
    made = train(corpus, plan, work, settings=patient)
    assert made.run.stopped.startswith("stopped on request at step 2")
    assert made.run.best_step <= 20


def test_with_a_patience_of_nought_spikes_end_nothing_and_trackers_and_webhooks_follow(
    corpus, plan, work, monkeypatch, tmp_path
) -> None:
    from tests.stages.train.trackers.test_tensorboard import figures

    states = []
    monkeypatch.setattr(run_settings, "Webhook", lambda *_: lambda event: states.append(event.status))
    now = spoiled(monkeypatch, lambda loss, model: loss * 50)
    told = TrainSettings(spike_patience=0, trackers=("tensorboard",), notify=Notify(url_env="HOOK"))
    train(corpus, plan, work, settings=told, home=tmp_path / "home", progress=At(20, lambda: now.append(True)))
    assert any(event.level == "warn" for event in events_of(work))
    assert [state for state in states if state] == ["validating_files", "running", "succeeded"]
    shown = figures(tmp_path / "home" / "tensorboard" / "work", "train_loss")
    assert [step for step, _ in shown] == [step for step, _ in metrics(work, "train_loss")]


@pytest.mark.parametrize(
    ("per_epoch", "every", "places"),
    [
        (10, 1.0, {10}),
        (10, 0.5, {5, 10}),
        (10, 0.25, {2, 5, 8, 10}),
        (3, 0.1, {1, 2, 3}),
        (1, 0.01, {1}),
    ],
)
def test_validations_are_spread_evenly_and_one_is_at_the_end(per_epoch, every, places) -> None:
    assert validation_steps(per_epoch, every) == places
