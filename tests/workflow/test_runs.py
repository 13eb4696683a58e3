"""Training runs, seen and steered from another terminal: pause, stop, and what is left to read afterwards."""

import json
import subprocess
import time
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from tests.program import HEARING, PROGRAM
from tests.workflow.worlds import tickets, tiny_encoder, write_csv
from tunewright.core.errors import UserError
from tunewright.project import Project

SCHEMAS = Path(str(files("tunewright"))) / "schemas"
CONFIG = """
name: desk
seed: 5
data: {file: tickets.csv, task: classify, columns: {prompt: text, label: category}}
train:
  encoder: '%s'
  validate_every: 0.5
  method: {encoder: {epochs: %d, patience: 0}}
audit: {checks: {exact_duplicates: {}, missing: {}}}
gates: {audit.quality_score: '>= 80', evaluate.gain: '> -1'}
"""


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("base"))


def make_project(folder: Path, encoder: Path, epochs: int) -> Path:
    folder.mkdir(parents=True)
    write_csv(folder / "tickets.csv", tickets(240))
    (folder / "tunewright.yaml").write_text(CONFIG.lstrip() % (encoder, epochs), encoding="utf-8")
    return folder


def said(folder: Path, *words: str) -> dict:
    """What the program prints as JSON in a process of its own, as its schema says."""
    found = subprocess.run([*PROGRAM, "runs", *words, "-C", str(folder), "--json"], capture_output=True, check=False)
    document = json.loads(found.stdout)
    jsonschema.validate(document, json.loads((SCHEMAS / f"runs-{words[0]}@1.json").read_text()))
    return document


@pytest.mark.slow
def test_a_run_is_paused_and_stopped_from_another_terminal(tmp_path: Path, encoder: Path) -> None:
    folder = make_project(tmp_path / "desk", encoder, epochs=5000)
    project = Project.open(folder)
    assert project.runs_list().data == ()
    training = subprocess.Popen([*HEARING, "train", "-C", str(folder)], stderr=subprocess.PIPE, text=True)
    while not any(run.status == "running" and run.full_valid_loss for run in project.runs_list().data):
        assert training.poll() is None, training.stderr and training.stderr.read()
        time.sleep(0.2)
    asked = said(folder, "pause")["data"]
    assert asked["asked"] == "pause"
    assert "goes on from there" in asked["words"]
    told = training.communicate()[1]
    assert training.returncode == 130, told
    assert "as asked and keeping a checkpoint" in told
    paused = said(folder, "list")["data"]["data"][0]
    assert (paused["status"], paused["alive"], paused["asked"]) == ("paused", False, None)
    assert 0 < paused["step"] < paused["total_steps"]
    assert paused["fine_tuned_model"] is None

    assert said(folder, "pause")["error"]["faults"][0]["code"] == "E-TRAIN-021"  # nothing trains any more
    assert "the next `tunewright run`" in said(folder, "stop", paused["id"][:6])["data"]["words"].lower()
    here = Project.open(folder, sets=["train.own_process=false"])
    result = here.train()
    assert result.stopped == f"stopped on request at step {paused['step']} of {paused['total_steps']}"
    run = here.runs_list().data[0]
    assert (run.id, run.status) == (paused["id"], "succeeded")
    assert run.fine_tuned_model == result.folder
    assert run.finished_at
    assert [e.kind for e in project.events().events if e.kind.startswith("run.")] == ["run.pause", "run.stop"]
    with pytest.raises(UserError, match="No run here has still something to do"):
        project.runs_stop()
    with pytest.raises(UserError, match="has succeeded already"):
        project.runs_stop(run.id)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, encoder: Path) -> Project:
    folder = make_project(tmp_path_factory.mktemp("done") / "desk", encoder, epochs=2)
    project = Project.open(folder, sets=["train.own_process=false", "train.method.encoder.batch=16"])
    project.train()
    return project


def test_a_run_tells_each_setting_with_its_value_and_its_origin(done: Project) -> None:
    lines = {line.key: (line.value, line.origin) for line in done.runs_show().settings}
    assert lines["seed"] == (5, "tunewright.yaml line 2")
    assert lines["train.validate_every"] == (0.5, "tunewright.yaml line 6")
    assert lines["train.method.encoder.epochs"] == (2, "tunewright.yaml line 7")
    assert lines["train.method.encoder.batch"] == (16, "--set train.method.encoder.batch")
    assert lines["train.method.encoder.warmup"] == (0.1, "default")
    assert lines["train.own_process"] == (False, "--set train.own_process")
    assert "train.base" not in lines, "a classifier reads no such key"


def test_the_events_of_a_run_are_the_lines_of_its_file(done: Project) -> None:
    folder = Path(done.runs_list().data[0].folder)
    printed = subprocess.run(
        [*PROGRAM, "runs", "events", "-C", str(done.folder)], capture_output=True, text=True, check=True
    )
    assert printed.stdout == (folder / "events.jsonl").read_text(encoding="utf-8")


def test_an_unknown_id_is_an_error_that_says_where_ids_are(done: Project) -> None:
    with pytest.raises(UserError) as told:
        done.runs_show("zzz")
    assert (told.value.code, told.value.fix) == ("E-TRAIN-021", "tunewright runs list")


def test_tables_for_people_name_the_run_and_its_state(done: Project) -> None:
    for verb in ("list", "show"):
        found = subprocess.run(
            [*PROGRAM, "runs", verb, "-C", str(done.folder)], capture_output=True, text=True, check=True
        )
        assert done.runs_list().data[0].id[:12] in found.stdout
        assert "succeeded" in found.stdout


@pytest.mark.parametrize(
    ("sets", "key"),
    [
        (["train.base=starter-8m"], "train.base"),
        (["train.method.encoder.rank=4"], "train.method.encoder.rank"),
        (["train.spike_size=0", "train.spike_patience=3"], "train.spike_patience"),
    ],
)
def test_a_setting_that_nothing_reads_is_refused_before_anything_is_spent(done: Project, sets, key) -> None:
    project = Project.open(done.folder, sets=sets)
    with pytest.raises(UserError) as told:
        project.plan()
    assert told.value.code == "E-TRAIN-020"
    assert told.value.what.startswith(f'--set {key}: "{key}" would have no effect')
