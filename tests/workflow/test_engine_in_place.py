"""The whole path without a trained model: echo is measured, judged by no gate, and never what a release is made of."""

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from tests.workflow.worlds import tickets, tiny_encoder, write_csv
from tunewright.cli import main
from tunewright.core.errors import UserError
from tunewright.project import Project

SCHEMAS = Path(str(files("tunewright"))) / "schemas"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose candidate was never trained, with gates that anything passes."""
    folder = tmp_path_factory.mktemp("desk")
    write_csv(folder / "tickets.csv", tickets(160))
    encoder = tiny_encoder(tmp_path_factory.mktemp("base"))
    (folder / "tunewright.yaml").write_text(
        "data: {file: tickets.csv, task: classify, columns: {prompt: text, label: category}}\n"
        f"train: {{encoder: '{encoder}'}}\n"
        "audit: {checks: {missing: {}}}\n"
        "evaluate: {latency_calls: 10, resamples: 200}\n"
        "gates: {audit.quality_score: '>= 0', evaluate.gain: '> -2', evaluate.ship: '>= 0'}\n"
    )
    return folder


def kinds(project: Project) -> list[tuple[str, str]]:
    return [(event.kind, event.step) for event in project.events().events]


def test_it_is_measured_beside_the_baselines_and_nothing_is_trained_or_judged(desk: Path) -> None:
    project = Project.open(desk)
    result = project.evaluate(engine="echo")
    assert [line.system for line in result.systems] == ["tuned", "k_nearest", "majority", "nearest_label_name"]
    assert result.decision == "do not ship"
    assert result.words.startswith("The engine echo answered in a candidate's place, so nothing here can be released.")
    assert result.verdict is None
    record = kinds(project)
    assert ("step.made", "evaluate_engine") in record
    assert {step for _, step in record} & {"train", "evaluate", "release"} == set()
    assert [step for kind, step in record if kind.startswith("gate.")] == ["audit.quality_score"]


def test_it_is_found_again_under_a_key_of_its_own(desk: Path) -> None:
    project = Project.open(desk)
    first = project.evaluate(engine="echo")
    assert project.evaluate(engine="echo") == first
    keys = {event.step: event.key for event in project.events().events if event.kind.startswith("step.")}
    assert ("step.hit", "evaluate_engine") in kinds(project)
    assert len(set(keys.values())) == len(keys)


def test_the_walk_does_not_know_of_it(desk: Path) -> None:
    """Every gate of the project would be open, and still there is nothing to release."""
    project = Project.open(desk)
    project.evaluate(engine="echo")
    states = {line.step: line.state for line in project.status().steps}
    assert states["plan"] == "done"
    assert {states[step] for step in ("train", "evaluate", "release")} & {"done"} == set()
    assert not (desk / "releases").exists()


def test_an_engine_that_there_is_not_is_named_before_anything_is_measured(desk: Path) -> None:
    with pytest.raises(UserError) as refusal:
        Project.open(desk).evaluate(engine="eccho")
    assert refusal.value.code == "E-CFG-002"
    assert "Did you mean 'echo'?" in refusal.value.fix


def test_an_engine_that_needs_a_model_is_refused_here(desk: Path) -> None:
    with pytest.raises(UserError) as refusal:
        Project.open(desk).evaluate(engine="classifier")
    assert refusal.value.code == "E-ENGINE-006"


def test_the_program_says_that_it_was_no_candidate(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.call(["evaluate", "--engine", "echo", "-C", str(desk), "--json", "-q"]) == 0
    out = capsys.readouterr()
    document = json.loads(out.out)
    jsonschema.validate(document, json.loads((SCHEMAS / "evaluate@1.json").read_text()))
    assert document["warnings"] == [
        "The engine echo was measured, not a candidate: no gate was judged, and nothing can be released."
    ]
    assert "not a candidate" in out.err


def test_an_override_beside_it_is_refused(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["evaluate", "--engine", "echo", "-C", str(desk), "--override", "evaluate.gain", "--why", "a demo"]
    assert main.call([*arguments, "--json"]) == 2
    fault = json.loads(capsys.readouterr().out)["error"]["faults"][0]
    assert fault["code"] == "E-CLI-001"
    assert "--override" in fault["what"]
