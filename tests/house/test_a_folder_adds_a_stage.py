"""A stage is one folder and one line: the files that CONTRIBUTING shows, in a copy of the source, and nothing else."""

import json
import os
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from tests.program import PROGRAM
from tests.workflow.worlds import tickets, tiny_encoder, write_csv

GUIDE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Add a stage")[1]
FOLDER = "src/tunewright/stages/vocabulary"
#: The guide's blocks in the order in which it shows them.
FILES = ["settings.py", "counters/__init__.py", "counters/ignore_case.py", "__init__.py", "stage.py"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source with the guide's stage in it; the other files are links to ours."""
    root = tmp_path_factory.mktemp("source")
    copy = root / "tunewright"
    shutil.copytree(Path(str(files("tunewright"))).resolve(), copy, copy_function=os.symlink)
    *blocks, line = re.findall(r"```(?:python|text)\n(.*?)```", GUIDE, flags=re.DOTALL)
    for name, block in zip(FILES, blocks, strict=True):
        assert f"`{FOLDER}/{name}`" in GUIDE
        path = copy / "stages" / "vocabulary" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block, encoding="utf-8")
    order = (copy / "order.py").read_text(encoding="utf-8")
    (copy / "order.py").unlink()
    (copy / "order.py").write_text(order.replace('    "split",\n', f'    "split",\n{line}'), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    encoder = tiny_encoder(tmp_path_factory.mktemp("base"))
    write_csv(folder / "tickets.csv", tickets(160))
    lines = [
        "name: desk",
        "data: {file: tickets.csv, task: classify, columns: {prompt: text, label: category}}",
        f"train: {{encoder: '{encoder}', method: {{encoder: {{epochs: 1}}}}, own_process: false}}",
        "audit: {checks: {exact_duplicates: {}, missing: {}}}",
        "evaluate: {resamples: 200, latency_calls: 10}",
        "vocabulary: {shortest: 2, counters: {ignore_case: {}}}",
        "gates: {audit.quality_score: '>= 10', evaluate.gain: '> -2', evaluate.ship: '>= 0', vocabulary.words: '>= 20'}",
    ]
    (folder / "tunewright.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tunewright(source: Path, project: Path) -> Any:
    """Runs the program of the copy in the project."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(source), "TUNEWRIGHT_OFFLINE": "1"}
        where = [] if arguments == ("--help",) else ["-C", str(project)]
        return subprocess.run(
            [*PROGRAM, *arguments, *where], env=environment, capture_output=True, text=True, check=False
        )

    return run


def document(process: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert process.returncode == 0, process.stdout + process.stderr
    data: dict[str, Any] = json.loads(process.stdout)["data"]
    return data


def test_the_help_text_has_its_verb_behind_the_verb_before_it(tunewright) -> None:
    text = tunewright("--help").stdout
    assert "Count the different words of the training rows." in text
    assert text.index("│ split ") < text.index("│ vocabulary ") < text.index("│ plan ")


def test_its_setting_and_its_bar_are_settings_like_others(tunewright) -> None:
    settings = {line["key"]: line for line in document(tunewright("config", "show", "--origin", "--json"))["settings"]}
    assert settings["vocabulary.shortest"]["value"] == 2
    assert settings["vocabulary.shortest"]["origin"] == "tunewright.yaml line 6"
    assert settings["gates.vocabulary.words"]["value"] == ">= 20"


def test_a_wrong_setting_and_an_unknown_plugin_of_it_are_told_together(tunewright) -> None:
    wrong = ["--set", "vocabulary.shortest=0", "--set", "vocabulary.counters={ignore_cse: {}}"]
    process = tunewright("config", "validate", "--json", *wrong)
    faults = json.loads(process.stdout)["error"]["faults"]
    assert {fault["code"] for fault in faults} == {"E-CFG-005", "E-CFG-002"}
    assert any("There is no counter named 'ignore_cse'" in fault["what"] for fault in faults)
    assert any("ignore_case" in fault["fix"] for fault in faults)


def test_its_verb_gives_back_its_output(tunewright) -> None:
    data = document(tunewright("vocabulary", "--json"))
    assert data["rows"] == 129
    assert data["words"] >= 20
    assert re.search(rf"Different words +{data['words']}", tunewright("vocabulary").stdout)


def test_its_gate_stops_training_with_its_advice_and_can_be_overridden(tunewright) -> None:
    shut = tunewright("train", "--set", "gates.vocabulary.words='>= 100000'")
    assert shut.returncode == 3
    assert "`vocabulary.words` is" in shut.stderr
    assert "Gather rows that say more" in shut.stderr
    why = ["--override", "vocabulary.words", "--why", "a pilot"]
    assert tunewright("train", "--set", "gates.vocabulary.words='>= 100000'", *why).returncode == 0


def test_run_status_why_and_the_report_know_it(tunewright, project: Path) -> None:
    data = document(tunewright("run", "--json"))
    steps = [line["step"] for line in data["steps"]]
    assert steps[steps.index("split") : steps.index("plan") + 1] == ["split", "vocabulary", "plan"]
    assert "vocabulary.words" in {verdict["gate"] for verdict in data["release"]["verdicts"]}
    status = document(tunewright("status", "--json"))["steps"]
    assert {"step": "vocabulary", "state": "done"}.items() <= next(
        line for line in status if line["step"] == "vocabulary"
    ).items()
    changed = document(tunewright("why", "vocabulary", "--json", "--set", "vocabulary.shortest=4"))
    assert changed["differences"] == ["settings: shortest: 2 → 4"]
    report = Path(data["report"]["path"]).read_text(encoding="utf-8")
    assert "Words to learn from" in report, "its gate, under its title"
    assert "Different words" in report, "its figure"
    card = (Path(data["release"]["folder"]) / "README.md").read_text(encoding="utf-8")
    assert "`vocabulary.words`" in card
