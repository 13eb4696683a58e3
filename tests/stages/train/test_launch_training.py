"""Training in a process of its own: the same bits, the same errors, and nothing that a kill could lose."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from tests.stages.train.tiny import Listener, answered_corpus, plan_for

from tunewright.core.candidate import Plan
from tunewright.core.corpus import Corpus
from tunewright.core.dataset import Dataset
from tunewright.core.errors import ExitCode, UserError
from tunewright.stages.train.launch.training import FOLDER, run_training
from tunewright.stages.train.launch.worker import PROGRESS_FILE, ROWS, WorkerInput
from tunewright.stages.train.machine import Machine
from tunewright.stages.train.runs.job_events import events_of, state_of
from tunewright.stages.train.runs.run_settings import is_alive
from tunewright.stages.train.settings import Notify, TrainSettings

OPTIONS = {"epochs": 3, "batch": 4, "learning_rate": 1e-2, "packing": "off"}
APART = TrainSettings(checkpoint_seconds=1e-9)
HERE = TrainSettings(checkpoint_seconds=1e-9, own_process=False)


def work_in(folder: Path) -> Path:
    """A work folder whose run computes as all others here, since the choice of number format is a measurement."""
    folder.mkdir()
    machine = Machine(device="cpu", precision="fp32", threads=1, why="a test")
    (folder / "machine.json").write_text(machine.model_dump_json())
    return folder


@pytest.fixture(scope="module")
def corpus():
    return answered_corpus(24)


@pytest.fixture(scope="module")
def plan(corpus, tiny_llama):
    return plan_for(corpus, tiny_llama, OPTIONS, method="lora")


@pytest.fixture(scope="module")
def here(corpus, plan, tmp_path_factory):
    """The candidate as this process makes it."""
    work = work_in(tmp_path_factory.mktemp("here") / "work")
    return run_training(corpus, plan, work, settings=HERE)


class Killing(Listener):
    """Sends a signal once so many training steps are done."""

    def __init__(self, work: Path, step: int, number: int) -> None:
        super().__init__()
        self.work, self.step, self.number = work, step, number

    def advance(self, amount=1, note="") -> None:
        super().advance(amount, note)
        if self.what == "Training" and self.done == self.step:
            os.kill(process_in(self.work) if self.number == signal.SIGKILL else os.getpid(), self.number)


def process_in(work: Path) -> int:
    """The id of the process that trains in `work`: the one that was started on its folder."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"tunewright.stages.train.launch.worker" in words and os.fsencode(work.resolve() / FOLDER) in words:
                return int(entry.name)
    raise AssertionError("no process trains there")


def test_the_rows_and_their_evidence_are_handed_over_and_the_rows_removed(corpus, plan, tmp_path, monkeypatch) -> None:
    from tunewright.stages.train.launch import training

    seen = []

    def look(folder, work, settings, progress):
        seen.append((pl.read_parquet(folder / ROWS), WorkerInput.load(folder)))
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "launch", look)
    known = Corpus(corpus.dataset, corpus.scan(), evidence=tmp_path / "evidence")
    with pytest.raises(KeyboardInterrupt):
        run_training(known, plan, tmp_path / "work", home=tmp_path / "home", origins={"seed": "--set seed"})
    rows, handed = seen[0]
    assert rows.equals(corpus.scan().collect())
    assert (handed.plan, handed.dataset) == (plan, corpus.dataset)
    assert (handed.evidence, handed.home) == (str(tmp_path / "evidence"), str(tmp_path / "home"))
    assert handed.origins == {"seed": "--set seed"}
    assert not (tmp_path / "work" / FOLDER).exists()


@pytest.mark.slow
def test_a_killed_process_is_an_error_and_the_next_goes_on_to_the_same_bits(corpus, plan, here, tmp_path) -> None:
    work = work_in(tmp_path / "work")
    with pytest.raises(UserError) as told:
        run_training(corpus, plan, work, settings=APART, progress=Killing(work, 7, signal.SIGKILL))
    assert told.value.code == "E-TRAIN-017"
    assert "9 (SIGKILL)" in told.value.what
    assert told.value.exit_code == ExitCode.RETRYABLE
    assert not is_alive(work)
    last = events_of(work)[-1]
    assert (last.status, last.data["error"]["code"]) == ("failed", "E-TRAIN-017")
    heard = Listener()
    again = run_training(corpus, plan, work, settings=APART, progress=heard)
    assert any(line.startswith("Going on from step ") for line in heard.said)
    assert any("rows are trained on" in line for line in heard.said)
    assert "Training" in heard.started
    assert again.files == here.files
    assert again.digest == here.digest
    assert again.folder == work / "model"
    assert state_of(events_of(work)) == "succeeded"
    assert not (work / FOLDER).exists()


@pytest.mark.slow
def test_ctrl_c_lets_it_end_its_step_and_the_next_goes_on_to_the_same_bits(corpus, plan, here, tmp_path) -> None:
    work = work_in(tmp_path / "work")
    slow = TrainSettings(checkpoint_seconds=3600)  # so the only checkpoint is the one that Ctrl-C asks for
    with pytest.raises(KeyboardInterrupt):
        run_training(corpus, plan, work, settings=slow, progress=(heard := Killing(work, 2, signal.SIGINT)))
    assert any("Stopping after this step" in line for line in heard.said)
    assert list((work / "checkpoints").glob("checkpoint-*"))
    assert state_of(events_of(work)) == "paused"
    again = run_training(corpus, plan, work, settings=HERE)
    assert again.files == here.files


def test_an_error_comes_back_as_it_was(corpus, plan, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    with pytest.raises(UserError) as told:
        run_training(corpus, plan, tmp_path / "work", settings=TrainSettings(notify=Notify(url_env="NOWHERE")))
    assert told.value.code == "E-TRAIN-018"
    assert "NOWHERE is not set" in told.value.what
    assert told.value.fix.startswith("export NOWHERE=")


def test_a_fault_of_ours_comes_back_with_its_traceback(corpus, plan, tmp_path) -> None:
    wrong = plan.model_copy(update={"options": {"rank": "many"}})  # no plan of ours says so
    with pytest.raises(RuntimeError, match="ValidationError") as told:
        run_training(corpus, wrong, tmp_path / "work")
    assert "api.py" in told.value.__notes__[0]


STARTER = """
import sys
from pathlib import Path
from tests.stages.train.test_launch_training import APART, OPTIONS
from tests.stages.train.tiny import Listener, answered_corpus, plan_for
from tunewright.stages.train.launch.training import run_training

class Slow(Listener):
    def advance(self, amount=1, note=""):
        super().advance(amount, note)
        if self.what == "Training":
            print(int(self.done), flush=True)

corpus = answered_corpus(24)
plan = plan_for(corpus, Path(sys.argv[1]), {**OPTIONS, "epochs": int(sys.argv[3])}, method="lora")
run_training(corpus, plan, Path(sys.argv[2]), settings=APART, progress=Slow())
"""


@pytest.mark.slow
def test_when_the_one_that_started_it_is_killed_it_pauses_with_a_checkpoint(tiny_llama, tmp_path) -> None:
    work = work_in(tmp_path / "work")
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tiny_llama), str(work), "5000"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    assert starter.stdout
    while starter.stdout.readline().strip() not in {"5", "6", "7"}:
        assert starter.poll() is None
    child = process_in(work)
    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()
    while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        time.sleep(0.05)
    assert state_of(events_of(work)) == "paused"
    assert not is_alive(work)
    steps = sorted(int(path.name.rpartition("-")[2]) for path in (work / "checkpoints").glob("checkpoint-*"))
    said = [event.data["step"] for event in events_of(work) if "train_loss" in event.data]
    assert steps[-1] == said[-1], "the checkpoint is of the last step that was taken"


def test_offline_holds_in_the_other_process_too(tmp_path) -> None:
    """Its first act, before anything could connect."""
    code = """
import sys
from pathlib import Path
from tunewright.stages.train import api
from tunewright.stages.train.launch import worker
def connect(*_, **__):
    import socket
    socket.create_connection(("192.0.2.1", 443), timeout=0.01)
api.train = connect
worker.run_worker(Path(sys.argv[1]))
"""
    dataset = Dataset(table="t", version=None, rows=1, task="reply", root="sha256:0")
    plan = Plan(task="reply", method="lora", options={}, base="b", base_digest="", labels=(), dataset="", seed=0)
    pl.DataFrame({"row": [0]}).write_parquet(tmp_path / ROWS)
    WorkerInput(
        plan=plan, dataset=dataset, work=str(tmp_path), settings=APART, home=None, origins={}, evidence=None
    ).save(tmp_path)
    process = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, check=False,
        env={**os.environ, "TUNEWRIGHT_OFFLINE": "1"},
    )  # fmt: skip
    end = json.loads((tmp_path / PROGRESS_FILE).read_text().splitlines()[-1])["end"]
    assert end["faults"][0]["code"] == "E-NET-001", process.stderr
