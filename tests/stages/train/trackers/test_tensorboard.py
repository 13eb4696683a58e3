"""Figures come out of real TensorBoard files as they went in, a run that was gone on with included."""

from pathlib import Path

import pytest

pytest.importorskip("tensorboard", reason='TensorBoard is not installed: pip install "tunewright[tensorboard]"')

from tunewright.stages.train.trackers.tensorboard import Options, track


def figures(folder: Path, name: str) -> list[tuple[int, float]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder))
    read.Reload()
    return [(event.step, round(event.value, 6)) for event in read.Scalars(name)]


def test_figures_come_out_of_the_files_as_they_went_in(tmp_path: Path) -> None:
    log, end = track("run-7", tmp_path, {"seed": "3"}, Options(), done=0)
    log(1, {"train_loss": 2.5})
    log(2, {"train_loss": 2.25})
    log(2, {"full_valid_loss": 2.0, "full_valid_accuracy": 0.5})
    end("succeeded")
    folder = tmp_path / "tensorboard" / "run-7"
    assert figures(folder, "train_loss") == [(1, 2.5), (2, 2.25)]
    assert figures(folder, "full_valid_accuracy") == [(2, 0.5)]


def test_what_a_killed_attempt_wrote_after_its_checkpoint_is_hidden(tmp_path: Path) -> None:
    log, end = track("run-7", tmp_path, {}, Options(), done=0)
    for step in (1, 2, 3):
        log(step, {"train_loss": float(step)})
    end("failed")
    log, end = track("run-7", tmp_path, {}, Options(), done=2)
    log(3, {"train_loss": 9.0})
    end("succeeded")
    assert figures(tmp_path / "tensorboard" / "run-7", "train_loss") == [(1, 1.0), (2, 2.0), (3, 9.0)]


def test_files_go_where_the_option_says(tmp_path: Path) -> None:
    log, end = track("run-7", tmp_path / "home", {}, Options(folder=str(tmp_path / "mine")), done=0)
    log(1, {"train_loss": 1.0})
    end("succeeded")
    assert figures(tmp_path / "mine" / "run-7", "train_loss") == [(1, 1.0)]
    assert not (tmp_path / "home").exists()
