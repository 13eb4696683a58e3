"""Figures are kept on this machine in W&B's own form; nothing is sent unless asked for."""

import json
from pathlib import Path

import pytest

from tunewright.core.errors import UserError
from tunewright.stages.train.trackers.wandb import KEY, Options, track


def test_sending_without_a_key_is_refused_before_anything_begins(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv(KEY, raising=False)
    with pytest.raises(UserError) as told:
        track("run-7", tmp_path / "home", {}, Options(online=True), done=0)
    assert told.value.code == "E-TRAIN-019"
    assert not (tmp_path / "home").exists()


def test_it_is_offline_unless_asked() -> None:
    assert Options().online is False


def test_figures_are_in_the_file_that_wandb_keeps_here(tmp_path: Path) -> None:
    pytest.importorskip("wandb", reason='W&B is not installed: pip install "tunewright[wandb]"')
    log, end = track("run-7", tmp_path, {"seed": "3"}, Options(), done=0)
    log(1, {"train_loss": 2.5})
    log(2, {"train_loss": 2.25})
    end("succeeded")
    (kept,) = tmp_path.glob("wandb/offline-run-*-run-7/run-run-7.wandb")
    assert figures(kept) == [{"step": 1, "train_loss": 2.5}, {"step": 2, "train_loss": 2.25}]


def figures(path: Path) -> list[dict[str, float]]:
    """What the history records of W&B's own log say: a head of 7 bytes, then records as in a log of LevelDB."""
    from wandb.proto import wandb_internal_pb2

    data, found = path.read_bytes()[7:], []
    assert len(data) < 32_000, "one block, so each record is whole"
    while len(data) > 7:
        length = int.from_bytes(data[4:6], "little")
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data[7 : 7 + length])
        data = data[7 + length :]
        if record.HasField("history"):
            items = {item.key or item.nested_key[0]: json.loads(item.value_json) for item in record.history.item}
            found.append({"step": record.history.step.num, "train_loss": items["train_loss"]})
    return found
