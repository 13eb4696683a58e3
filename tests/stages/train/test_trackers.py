"""Trackers get the figures of a run; one that fails is said and left out, and the run goes on."""

from types import SimpleNamespace

import pytest
from tests.stages.train.tiny import Listener

from tunewright.core.errors import UserError
from tunewright.core.frozen import Frozen
from tunewright.stages.train.runs import trackers as mirrors


class Options(Frozen):
    """Of a tracker for tests."""

    loud: bool = False


class Tracker:
    """A tracker that remembers, and fails where it is told to."""

    Options = Options

    def __init__(self, fails: str = "") -> None:
        self.fails = fails
        self.heard: list = []

    def track(self, run, home, facts, options, *, done):
        self.heard.append((run, home.name, dict(facts), options.loud, done))
        self._fail("track")

        def log(step, figures) -> None:
            self._fail("log")
            self.heard.append((step, dict(figures)))

        def end(status) -> None:
            self._fail("end")
            self.heard.append(status)

        return log, end

    def _fail(self, where: str) -> None:
        if self.fails == where:
            raise ConnectionError("gone")


@pytest.fixture
def mirrored(monkeypatch, tmp_path):
    """Mirrors of some trackers by name."""

    def make(trackers: dict[str, Tracker], progress=None, **options):
        monkeypatch.setattr(mirrors, "TRACKERS", SimpleNamespace(load=lambda name: trackers[name]))
        return mirrors.open_trackers(
            {name: options.get(name, {}) for name in trackers},
            run="r", home=tmp_path / "home", facts={"seed": 3}, done=4, progress=progress or Listener(),
        )  # fmt: skip

    return make


def test_every_tracker_gets_every_figure_and_the_end(mirrored) -> None:
    one, two = Tracker(), Tracker()
    with mirrored({"one": one, "two": two}, two={"loud": True}) as log:
        log(5, {"train_loss": 0.5})
    assert one.heard == [("r", "home", {"seed": "3"}, False, 4), (5, {"train_loss": 0.5}), "succeeded"]
    assert two.heard[0][3] is True


@pytest.mark.parametrize("where", ["track", "log", "end"])
def test_a_tracker_that_fails_is_said_once_and_the_others_go_on(mirrored, where) -> None:
    broken, sound, heard = Tracker(where), Tracker(), Listener()
    with mirrored({"broken": broken, "sound": sound}, heard) as log:
        log(5, {"train_loss": 0.5})
        log(6, {"train_loss": 0.4})
    assert sound.heard[1:] == [(5, {"train_loss": 0.5}), (6, {"train_loss": 0.4}), "succeeded"]
    assert heard.said == ["The tracker broken failed and is left out from here on: ConnectionError: gone"]


@pytest.mark.parametrize(("error", "state"), [(KeyboardInterrupt, "paused"), (ValueError, "failed")])
def test_a_tracker_is_told_how_a_run_ended(mirrored, error, state) -> None:
    tracker = Tracker()
    with pytest.raises(error), mirrored({"one": tracker}):
        raise error
    assert tracker.heard[-1] == state


def test_what_a_user_can_mend_is_not_passed_over(mirrored) -> None:
    class Refusing(Tracker):
        def track(self, *_, **__):
            raise UserError("E-TRAIN-019", "no key")

    with pytest.raises(UserError, match="no key"), mirrored({"one": Refusing()}):
        raise AssertionError("it must not begin")


def test_the_shelf_holds_what_the_settings_name() -> None:
    assert mirrors.TRACKERS.names() == ["mlflow", "tensorboard", "wandb"]


def test_a_tracker_whose_package_is_missing_is_an_error_that_names_it(monkeypatch, tmp_path) -> None:
    from tunewright.core import plugins as shelf

    find_spec = shelf.find_spec
    monkeypatch.setattr(shelf, "find_spec", lambda name: None if name == "wandb" else find_spec(name))
    with (
        pytest.raises(UserError) as told,
        mirrors.open_trackers({"wandb": {}}, run="r", home=tmp_path, facts={}, done=0, progress=Listener()),
    ):
        raise AssertionError("it must not begin")
    assert (told.value.code, told.value.fix) == ("E-ENV-001", 'pip install "tunewright[wandb]"')
