"""A package from outside, installed as anybody would, adds a plugin to every group, and the program uses each."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.program import PROGRAM
from tests.stages.train.sums import write_project
from tests.workflow.worlds import tickets, tiny_encoder, write_csv

from tunewright.config.plugins import FIELDS
from tunewright.models.registry import ENGINES

PACKAGE = Path(__file__).parent / "sample_plugins"
SOURCE = Path(__file__).parents[2] / "src"
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that pip installed the package into, without a network."""
    target = tmp_path_factory.mktemp("installed")
    call = [sys.executable, *PIP, "--no-index", "--target", str(target), str(PACKAGE)]
    outcome = subprocess.run(call, capture_output=True, text=True, check=False, cwd=target)
    assert outcome.returncode == 0, outcome.stderr
    assert list(target.glob("tunewright_samples-1.0.dist-info/entry_points.txt"))
    return target


def called(installed: Path, *line: str) -> subprocess.CompletedProcess[str]:
    """A process that has the package on its path."""
    paths = os.pathsep.join([str(installed), str(SOURCE)])
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.run([*line], capture_output=True, text=True, check=False, env=environment, cwd=installed)


def said(installed: Path, *words: str) -> dict[str, Any]:
    """What the program printed as JSON."""
    outcome = called(installed, *PROGRAM, *words, "--json", "--quiet")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return dict(json.loads(outcome.stdout)["data"])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier's project that names a check, a fix, a baseline and a metric of the package."""
    folder = tmp_path_factory.mktemp("desk")
    rows = tickets(240)
    shouted = [(text.upper(), label) for text, label in rows[:3]]
    write_csv(folder / "tickets.csv", [*shouted, *rows[3:]])
    settings = {
        "name": "desk",
        "data": {"file": "tickets.csv", "task": "classify", "columns": {"prompt": "text", "label": "category"}},
        "audit": {"checks": {"missing": {}, "shouting": {"letters": 10}}},
        "clean": {"fixes": {"whisper": {}}},
        "train": {"encoder": str(tiny_encoder(folder / "base")), "method": {"encoder": {"epochs": 1}}},
        "evaluate": {"baselines": {"majority": {}, "last_label": {}}, "metrics": {"accuracy": {}, "mistakes": {}}},
        "gates": {"evaluate.gain": "> -1", "audit.quality_score": ">= 50"},
    }
    (folder / "tunewright.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return folder


def test_the_package_has_a_plugin_for_every_group_that_there_is() -> None:
    """A group that is added to the program, or renamed, has to be added here."""
    registries = [*(field.registry for field in FIELDS), ENGINES]
    groups = {f"tunewright.{registry.package.rsplit('.', 1)[-1]}" for registry in registries}
    with (PACKAGE / "pyproject.toml").open("rb") as stream:
        assert set(tomllib.load(stream)["project"]["entry-points"]) == groups


def test_its_names_are_valid_where_it_is_installed_and_unknown_where_it_is_not(installed, desk, tmp_path) -> None:
    assert said(installed, "config", "validate", "-C", str(desk))
    outcome = called(tmp_path, *PROGRAM, "config", "validate", "-C", str(desk), "--json")
    assert outcome.returncode == 2
    for name in ("shouting", "whisper", "last_label", "mistakes"):
        assert f"named '{name}'" in outcome.stdout


def test_a_wrong_option_of_an_outside_plugin_is_told_before_anything_starts(installed, desk, tmp_path) -> None:
    settings = yaml.safe_load((desk / "tunewright.yaml").read_text())
    settings["audit"]["checks"]["shouting"] = {"leters": 10}
    settings["data"]["file"] = str(desk / "tickets.csv")
    (tmp_path / "tunewright.yaml").write_text(yaml.safe_dump(settings))
    outcome = called(installed, *PROGRAM, "config", "validate", "-C", str(tmp_path), "--json")
    assert outcome.returncode == 2
    assert "audit.checks.shouting.leters" in outcome.stdout
    assert "letters" in outcome.stdout


@pytest.mark.slow
def test_a_check_finds_a_fix_mends_a_baseline_competes_and_a_metric_counts(installed, desk) -> None:
    findings = {finding["name"]: finding["rows"] for finding in said(installed, "audit", "-C", str(desk))["findings"]}
    assert findings["shouting.prompt"] == 3
    edits = {edit["fix"]: edit["rows"] for edit in said(installed, "clean", "-C", str(desk))["edits"]}
    assert edits == {"whisper": 3}
    systems = {system["system"]: system["scores"] for system in said(installed, "evaluate", "-C", str(desk))["systems"]}
    assert {"tuned", "majority", "last_label"} <= set(systems)
    for name, scores in systems.items():
        figures = {score["metric"]: score for score in scores}
        wrong, accuracy = figures["mistakes"], figures["accuracy"]
        assert wrong["value"] == pytest.approx(wrong["n"] * (1 - accuracy["value"])), name


@pytest.mark.slow
def test_a_method_trains_through_a_launcher_and_a_tracker_writes_it_down(installed, tmp_path: Path) -> None:
    method = {"gentle_lora": {"epochs": 1, "batch": 8, "patience": 0}}
    project = write_project(tmp_path / "sums", method=method, trackers=["notebook"], launch="next_door")
    planned = said(installed, "train", "-C", str(project), "--dry-run")
    assert (planned["launcher"], [command["where"] for command in planned["commands"]]) == ("next_door", ["next door"])
    trained = called(installed, *PROGRAM, "train", "-C", str(project), "--json")
    assert trained.returncode == 0, trained.stdout + trained.stderr
    assert "gently" in trained.stderr, "the method says so in the process that the launcher started"
    assert (Path(json.loads(trained.stdout)["data"]["folder"]) / "model.safetensors").exists()
    (notes,) = project.rglob("trackers/notebook/*.txt")
    *steps, last = notes.read_text().splitlines()
    assert last == "ended succeeded"
    assert steps
    assert all("train_loss" in line or "valid_loss" in line for line in steps), steps


@pytest.mark.slow
def test_an_engine_answers_in_a_models_place(installed, desk) -> None:
    """It knows the last label, so it earns what the baseline of that label earns."""
    outcome = said(installed, "evaluate", "-C", str(desk), "--engine", "parrot")
    systems = {system["system"]: system["scores"] for system in outcome["systems"]}
    figures, alike = ({score["metric"]: score for score in systems[name]} for name in ("tuned", "last_label"))
    assert {name: score["value"] for name, score in alike.items()}.items() <= {
        name: score["value"] for name, score in figures.items()
    }.items()
    assert "The engine parrot answered" in outcome["words"]


def test_an_engine_opens_by_its_name_with_its_options_and_keeps_the_contract(installed) -> None:
    code = """
from tunewright.core.engine_ref import EngineRef
from tunewright.models.engine import GenerateRequest
from tunewright.models.engine_contract import what_it_can_do_is_named, what_it_cannot_do_is_refused
from tunewright.models.registry import open_engine

opened = lambda: open_engine(EngineRef(engine="parrot", options={"times": 2}))
what_it_can_do_is_named(opened)
what_it_cannot_do_is_refused(opened)
print([answer.text for answer in opened().generate([GenerateRequest.of("good day")])])
"""
    outcome = called(installed, sys.executable, "-c", code)
    assert outcome.stdout.strip() == "['day day']", outcome.stderr
