"""`tunewright sweep` on a tiny random Llama: figures, the winner, its line, and what it is refused for."""

import csv
import json
import signal
import subprocess
import time
from pathlib import Path

import jsonschema
import pytest
import yaml
from tests.program import HEARING
from tests.stages.train.tiny import write_llama

from tunewright.cli.main import call
from tunewright.cli.schemas import schemas
from tunewright.project import Project

RANKS = "2,4,8"


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return write_llama(tmp_path_factory.mktemp("llama") / "base")


def make_project(folder: Path, base: Path, **more: object) -> Path:
    folder.mkdir(parents=True)
    with (folder / "sums.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["message", "answer"])
        table.writerows((f"{a} and {b} make?", str(a + b)) for a in range(3, 9) for b in range(11, 21))
    settings = {
        "name": "sums",
        "data": {"file": "sums.csv", "task": "reply", "columns": {"prompt": "message", "answer": "answer"}},
        "split": {"validation": 0.2, "test": 0.1},
        "audit": {"checks": {"exact_duplicates": {}, "missing": {}}},
        "train": {
            "base": str(base),
            "method": {"lora": {"epochs": 1, "batch": 4, "learning_rate": 1e-2, "packing": "off"}},
        },
        "sweep": {"start": 2, "items": 8},
        **more,
    }
    (folder / "tunewright.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory, base) -> Path:
    return make_project(tmp_path_factory.mktemp("cli") / "sums", base)


def said(capsys, *arguments: str) -> tuple[int, str, str]:
    code = call(["sweep", *arguments])
    out = capsys.readouterr()
    return code, out.out, out.err


def test_a_sweep_says_the_winner_why_its_cost_and_the_line_to_write(project, capsys) -> None:
    code, out, err = said(capsys, "-C", str(project), "--rank", RANKS, "--full", "--json")
    assert code == 0, err
    document = json.loads(out)
    jsonschema.validate(document, schemas()["sweep@1.json"])
    data = document["data"]
    assert [line["rank"] for line in data["ranks"]] == [2, 4, 8]
    assert data["winner"] in (2, 4, 8)
    assert data["why"]
    assert 1 < data["cost"] <= 2
    winner = next(line for line in data["ranks"] if line["rank"] == data["winner"])
    assert winner["whole"]
    assert winner["quality"]["low"] < winner["quality"]["value"] < winner["quality"]["high"]
    assert {line["rank"]: line["playbook_memory_gb"] for line in data["ranks"]} == {2: None, 4: 12, 8: None}
    assert data["full"]["whole"]
    assert data["items"] == 8
    assert data["rows"] == 12
    line = yaml.safe_load(data["setting"])
    assert line["method"]["lora"] == {
        "epochs": 1, "batch": 4, "learning_rate": 1e-2, "packing": "off", "rank": data["winner"],
    }  # fmt: skip


def test_a_second_call_finds_it_and_shows_a_table(project, capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    code, out, err = said(capsys, "-C", str(project), "--rank", RANKS, "--full", "--no-color")
    assert code == 0, err
    assert "sweep     found" in err
    assert "playbook says" in out
    assert "12 GB, 18 min" in out
    assert "validation rows" in out
    assert [line.split()[0] for line in out.splitlines() if line.split() and line.split()[0] in {"2", "4", "8", "full"}] == [
        "2", "4", "8", "full",
    ]  # fmt: skip
    assert "where a grid takes 3" in out
    assert "method: {lora: {" in out


def test_the_line_is_a_setting_and_writing_it_keeps_the_sweep(project, capsys) -> None:
    _, out, _ = said(capsys, "-C", str(project), "--rank", RANKS, "--full", "--json")
    found = json.loads(out)["data"]
    path = project / "tunewright.yaml"
    settings = yaml.safe_load(path.read_text())
    settings["train"].update(yaml.safe_load(found["setting"]))
    path.write_text(yaml.safe_dump(settings))
    opened = Project.open(project)
    assert opened.plan().plan.options["rank"] == found["winner"]
    before = len(opened.events().events)
    opened.sweep((2, 4, 8), full=True)
    assert [event.kind for event in opened.events().events[before:] if event.step == "sweep"] == ["step.hit"]


def test_the_report_shows_the_sweep_of_these_rows(project) -> None:
    opened = Project.open(project)
    found = opened.sweep((2, 4, 8), full=True)
    html = Path(opened.report().path).read_text(encoding="utf-8")
    assert "Which rank" in html
    assert f"{found.winner}, chosen" in html
    assert "every weight" in html
    assert "Which rank" not in Path(Project.open(project, sets=["seed=1"]).report().path).read_text(encoding="utf-8")


def test_a_closed_gate_keeps_a_sweep_from_beginning(tmp_path, base, capsys) -> None:
    folder = make_project(tmp_path / "sums", base, gates={"audit.quality_score": ">= 101"})
    code, _, err = said(capsys, "-C", str(folder), "--rank", RANKS)
    assert code == 3
    assert "E-GATE-001" in err
    assert "sweep" not in {event.step for event in Project.open(folder).events().events}
    assert not list((folder / ".tunewright").rglob("base.json"))


@pytest.mark.parametrize("ranks", ["8", "8,8", "four,8", "0,8", "8,5000"])
def test_what_is_no_ladder_is_refused_with_an_example(project, capsys, ranks) -> None:
    code, _, err = said(capsys, "-C", str(project), "--rank", ranks)
    assert code == 2
    assert "E-SWEEP-002" in err
    assert "--rank 4,8,16,32,64,128" in err


def test_a_wrong_ladder_in_the_file_is_a_fault_of_the_file(tmp_path, base, capsys) -> None:
    folder = make_project(tmp_path / "sums", base, sweep={"ranks": [8]})
    code, _, err = said(capsys, "-C", str(folder))
    assert code == 2
    assert "sweep.ranks" in err
    assert "at least 2 different ranks" in err


def test_a_run_too_short_is_refused_before_anything_is_trained(project, capsys) -> None:
    code, _, err = said(capsys, "-C", str(project), "--rank", "4,8,16,32,64,128,256")
    assert code == 2
    assert "E-SWEEP-003" in err
    assert "needs at least 16" in err


def test_a_method_without_a_rank_is_refused(tmp_path, base, capsys) -> None:
    folder = make_project(tmp_path / "sums", base, train={"base": str(base), "method": "full"})
    code, _, err = said(capsys, "-C", str(folder), "--rank", RANKS)
    assert code == 2
    assert "E-SWEEP-001" in err
    assert "The method is full" in err


def test_ctrl_c_shows_what_is_measured_and_the_same_command_goes_on(project, tmp_path, base) -> None:
    folder = make_project(tmp_path / "sums", base)
    command = [*HEARING, "sweep", "-C", str(folder), "--rank", RANKS, "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    while not (line := process.stderr.readline()).lstrip().startswith("Rank 2 "):
        assert line, "it ended before the first rank was measured"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130, err
    assert "the same command goes on from there" in err
    document = json.loads(out)
    jsonschema.validate(document, schemas()["sweep@1.json"])
    assert document["data"]["interrupted"]
    assert document["data"]["winner"] is None
    assert [row["rank"] for row in document["data"]["ranks"]][:1] == [2]
    started = time.time_ns()
    found = Project.open(folder).sweep((2, 4, 8))
    assert not found.interrupted
    kept = (folder / ".tunewright" / "steps" / "sweep").rglob("rank-2-step-*.json")
    first = min(kept, key=lambda path: path.stat().st_mtime_ns)
    assert first.stat().st_mtime_ns < started, "the first rank was not measured again"
