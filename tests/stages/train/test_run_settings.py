"""What an attempt keeps for the trainer, and the lock that says whether it is alive."""

import multiprocessing
import subprocess
import sys

from tests.stages.train.tiny import Listener

from tunewright.core.progress import SILENT
from tunewright.stages.train.runs.run_settings import RunSettings, is_alive, locked, run_id
from tunewright.stages.train.settings import TrainSettings

HOLD = """
import sys
from pathlib import Path
from tunewright.core.progress import SILENT
from tunewright.stages.train.runs.run_settings import locked
with locked(Path(sys.argv[1]), SILENT):
    print("holding", flush=True)
    sys.stdin.read()
"""


def test_settings_are_read_as_they_were_kept_and_defaults_where_none_were(tmp_path) -> None:
    assert RunSettings.load(tmp_path) == RunSettings()
    attempt = RunSettings(settings=TrainSettings(method={"lora": {"rank": 4}}, trackers=("tensorboard",)), home="/h")
    attempt.save(tmp_path)
    assert RunSettings.load(tmp_path) == attempt


def test_a_run_is_named_by_its_folder(tmp_path) -> None:
    assert run_id(tmp_path / "abc" / ".." / "abc") == "abc"


def test_a_run_is_alive_as_long_as_its_process_holds_the_lock(tmp_path) -> None:
    assert not is_alive(tmp_path)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdout.readline() == "holding\n"
    assert is_alive(tmp_path)
    holder.kill()
    holder.wait()
    assert not is_alive(tmp_path), "a killed process holds nothing"


def test_a_second_process_says_that_it_waits_and_gets_its_turn(tmp_path, monkeypatch) -> None:
    from tunewright.stages.train.runs import run_settings

    monkeypatch.setattr(run_settings, "LOOK_S", 0.01)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdout.readline() == "holding\n"

    class Releasing(Listener):
        def say(self, line: str) -> None:
            super().say(line)
            holder.communicate("")

    with locked(tmp_path, heard := Releasing()):
        assert heard.said == ["Another process trains in this folder; waiting for it."]


def test_a_look_does_not_take_the_lock_away(tmp_path) -> None:
    with locked(tmp_path, SILENT), multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(is_alive, (tmp_path,))
    assert not is_alive(tmp_path)
