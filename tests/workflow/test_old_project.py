"""Projects that an earlier version made go on with this one: nothing is made again, and everything says the same."""

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

import tunewright
from tests.program import PROGRAM
from tunewright.core.errors import GateFailed
from tunewright.project import Project, override

OLD = Path(__file__).parent / "old_project"
EXPECTED = json.loads((OLD / "expected.json").read_text(encoding="utf-8"))
PROJECTS: dict[str, dict[str, Any]] = EXPECTED["projects"]
RELEASED = sorted(name for name, project in PROJECTS.items() if "release" in project)
STEPS = ["intake", "audit", "clean", "split", "plan", "train", "evaluate", "release"]


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Unpacks a project into a folder that it was not made in and goes there, since its base model's path is relative."""

    def unpacked(name: str) -> Path:
        with tarfile.open(OLD / "projects.tar.xz") as archive:
            members = [entry for entry in archive if entry.name.split("/")[0] == name]
            archive.extractall(tmp_path, members, filter="data")
        monkeypatch.chdir(tmp_path / name)
        return tmp_path / name

    monkeypatch.setenv("TUNEWRIGHT_ACTOR", EXPECTED["actor"])
    return unpacked


def opened(folder: Path) -> Project:
    """The project with the overrides that its release was made with."""
    given = EXPECTED["overrides"].get(folder.name, {})
    return Project.open(folder, overrides={gate: override(why) for gate, why in given.items()})


def made(project: Project) -> list[dict[str, str]]:
    """Name, key and digest of the output of each step that was ever made."""
    events = [event for event in project.events().events if event.kind == "step.made"]
    return [{"step": event.step, "key": event.key, "value": event.digests["value"]} for event in events]


def found_since(project: Project, before: int) -> list[dict[str, str]]:
    """The same of each step that was found, in the order of the walk, after the first `before` events."""
    events = [event for event in project.events().events[before:] if event.kind == "step.hit"]
    return [{"step": event.step, "key": event.key, "value": event.digests["value"]} for event in events]


@pytest.mark.parametrize("name", RELEASED)
def test_a_released_project_is_walked_without_making_a_step_again(old, name: str) -> None:
    project = opened(old(name))
    before = project.events().events
    assert made(project) == PROJECTS[name]["made"], "the record of the earlier version reads the same"
    result = project.run()
    assert [(line.step, line.hit) for line in result.steps] == [(one["step"], True) for one in PROJECTS[name]["walk"]]
    assert found_since(project, len(before)) == PROJECTS[name]["walk"], "keys and values are those that were kept"
    assert made(project) == PROJECTS[name]["made"], "nothing was made again"
    assert project.events().events[: len(before)] == before
    assert Path(result.release.folder).name == PROJECTS[name]["release"]
    assert result.evaluation.words == PROJECTS[name]["verdict"]


@pytest.mark.parametrize("name", RELEASED)
def test_a_released_project_says_that_all_is_done_and_why_nothing_would_be(old, name: str) -> None:
    folder = old(name)
    project = opened(folder)
    first_keys = {one["step"]: one["key"] for one in reversed(PROJECTS[name]["walk"])}
    status = project.status()
    assert [(line.step, line.state, line.key) for line in status.steps] == [
        (step, "done", first_keys[step]) for step in STEPS
    ]
    for step in STEPS:
        why = project.why(step)
        assert (why.hit, why.differences) == (True, ()), step
        assert why.now is not None
        assert why.now.key == first_keys[step]
    events = project.events().events
    report = Path(project.report().path)
    assert report == folder / "reports" / f"{PROJECTS[name]['release']}.html"
    assert PROJECTS[name]["verdict"].split(" ")[0] in report.read_text(encoding="utf-8")
    assert project.events().events == events, "looking records nothing"


@pytest.mark.parametrize("name", RELEASED)
def test_an_old_release_answers_as_it_did(old, name: str) -> None:
    release = tunewright.load(old(name) / "releases" / PROJECTS[name]["release"])
    asked = PROJECTS[name]["answers"]
    assert release.predict(list(asked)) == list(asked.values())


def test_the_gate_that_was_overridden_is_shut_to_whoever_does_not_override_it_again(old) -> None:
    project = Project.open(old("desk"))
    with pytest.raises(GateFailed) as stopped:
        project.run()
    assert "audit.quality_score" in stopped.value.what
    assert made(project) == PROJECTS["desk"]["made"]
    assert project.events().events[-1].step != "release"


def test_versions_and_runs_of_an_old_project_are_listed(old) -> None:
    project = opened(old("desk"))
    cleaned = [version for version in project.versions().versions if "clean" in version.why]
    assert cleaned
    assert {version.key for version in cleaned} <= {one["key"] for one in PROJECTS["desk"]["made"]}
    train = next(one["key"] for one in PROJECTS["desk"]["made"] if one["step"] == "train")
    runs = project.runs_list().data
    assert [(run.status, run.id.endswith(train)) for run in runs] == [("succeeded", True)]


def test_a_project_that_was_left_after_its_plan_is_trained_from_there(old) -> None:
    project = opened(old("half"))
    before = project.events().events
    assert [one["step"] for one in made(project)][-1] == "plan"
    result = project.run()
    assert found_since(project, len(before)) == PROJECTS["half"]["walk"]
    assert [one["step"] for one in made(project)[len(PROJECTS["half"]["made"]) :]] == ["train", "evaluate", "release"]
    assert tunewright.load(result.release.folder).predict(["my blue card is gone"])[0] in (
        "card_lost", "login", "transfer",
    )  # fmt: skip


def test_the_shell_finds_an_old_project_as_python_does(old) -> None:
    folder = old("desk")
    ((gate, why),) = EXPECTED["overrides"]["desk"].items()
    call = [*PROGRAM, "run", "-C", str(folder), "--override", gate, "--why", why, "--json"]
    told = subprocess.run(call, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    steps = json.loads(told.stdout)["data"]["steps"]
    assert [line["step"] for line in steps if not line["hit"]] == []
    assert made(opened(folder)) == PROJECTS["desk"]["made"]
