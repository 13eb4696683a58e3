"""`--on local`: several processes on this machine, through the shell, shown before they start, and paused together."""

import json
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.program import HEARING
from tests.stages.train.sums import events_of, said, write_project

from tunewright.cli.main import call
from tunewright.core.errors import UserError
from tunewright.stages.train.launch.member import record_fault
from tunewright.stages.train.launch.relay import decode_result
from tunewright.stages.train.launch.running import LOGS, first_fault
from tunewright.stages.train.launchers import local
from tunewright.stages.train.settings import TrainSettings

TWO = ("--on", "local", "--processes", "2")


def test_a_dry_run_says_what_two_processes_then_do(tmp_path: Path) -> None:
    project = write_project(tmp_path / "sums")
    code, document = said(project, "train", *TWO, "--dry-run")
    assert code == 0
    shown = document["data"]
    assert shown["launcher"] == "local" and not shown["trained"]
    (command,) = shown["commands"]
    line = shlex.split(command["command"])
    assert line[line.index("--nproc-per-node") + 1] == "2"
    assert not list(project.glob(".tunewright/work/*/events.jsonl")), "nothing was started"

    code, document = said(project, "train", *TWO)
    assert code == 0, document
    model = Path(document["data"]["folder"])
    assert (model / "model.safetensors").exists()
    assert line[-1].split("/")[-2] == model.parent.name, "the very command that was shown"
    events = events_of(project)
    steps = [event["data"]["step"] for event in events if "training loss" in event["message"]]
    assert steps == sorted(set(steps)), "one process speaks for both"
    assert events[-1]["data"]["status"] == "succeeded"
    assert not list(project.rglob("rows.parquet")), "rows that were handed over are gone"
    assert not list(project.rglob(LOGS))

    code, document = said(project, "train", *TWO, "--dry-run")
    assert code == 0 and document["data"] == {"launcher": "local", "trained": True, "commands": []}


def test_ctrl_c_pauses_all_processes_with_one_checkpoint(tmp_path: Path) -> None:
    project = write_project(tmp_path / "sums", epochs=5000)
    training = subprocess.Popen(
        [*HEARING, "train", *TWO, "-C", str(project), "--quiet"], stderr=subprocess.PIPE, text=True
    )
    assert training.stderr
    while not list(project.glob(".tunewright/work/*/checkpoints/checkpoint-*/manifest.json")):
        assert training.poll() is None, training.stderr.read()
        time.sleep(0.2)
    training.send_signal(signal.SIGINT)
    _, stderr = training.communicate(timeout=120)
    assert training.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert events_of(project)[-1]["data"]["status"] == "paused"
    (work,) = project.glob(".tunewright/work/*/checkpoints")
    assert not list(work.glob(".aside-*"))


def test_of_several_faults_the_first_that_is_no_echo_is_told(tmp_path: Path) -> None:
    record_fault(tmp_path, RuntimeError("[gloo] Connection closed by peer"), process="0")
    record_fault(tmp_path, MemoryError("no room for a layer"), process="1")
    found = first_fault(tmp_path)
    assert found and "process 1: MemoryError: no room for a layer" in found["crashed"]["text"]
    (tmp_path / "fault-1.json").unlink()
    assert first_fault(tmp_path) is None, "an echo explains nothing"
    record_fault(tmp_path, UserError("E-TRAIN-007", "no rows"), process="1")
    told = first_fault(tmp_path)
    assert told
    with pytest.raises(UserError, match="no rows"):
        decode_result(told)


def test_processes_without_a_number_need_a_gpu_to_count(tmp_path: Path, monkeypatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="no GPU to count") as refused:
        local.commands(tmp_path, local.Options())
    assert refused.value.code == "E-LAUNCH-001"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    (command,) = local.commands(tmp_path, local.Options())
    assert command.line[command.line.index("--nproc-per-node") + 1] == "4"
    assert sys.executable in command.line


@pytest.mark.parametrize("words", [("--processes", "2"), ("--hosts", "a,b"), ("--on", "local", "--hosts", "a,b")])
def test_an_option_that_nothing_reads_is_refused(words, tmp_path: Path, capsys) -> None:
    assert call(["train", "-C", str(tmp_path), *words, "--json"]) == 2
    faults = json.loads(capsys.readouterr().out)["error"]["faults"]
    assert [fault["code"] for fault in faults] == ["E-LAUNCH-001"]


def test_settings_name_one_launcher() -> None:
    assert TrainSettings().launcher == ""
    chosen = TrainSettings(launch={"local": {"processes": 2}})
    assert chosen.launcher == "local" and chosen.launcher_options == {"processes": 2}
    with pytest.raises(ValueError, match="exactly one"):
        TrainSettings(launch={"local": {}, "ray": {}})
