"""A project's first plan counts operations; once it has trained, its own speed says how long the next run takes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflow.test_walk import make_project
from tests.workflow.worlds import tickets, tiny_encoder
from tunewright.core import machine
from tunewright.core.candidate import Candidate, Estimate
from tunewright.project import Project


def replan(folder: Path, epochs: int) -> Estimate:
    """The estimate of the project in `folder` for so many epochs."""
    config = folder / "tunewright.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("epochs: 3", f"epochs: {epochs}"), encoding="utf-8")
    return Project.open(folder).plan().plan.estimate


@pytest.mark.slow
def test_the_speed_of_the_last_run_is_what_the_next_plan_counts_with(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "desk", tiny_encoder(tmp_path / "base"), tickets(240))
    first = Project.open(folder).plan().plan.estimate
    assert first.source.startswith("uncalibrated")
    trained = Project.open(folder).train()
    candidate = next(
        Candidate.model_validate_json(path.read_text(encoding="utf-8"))
        for path in Path(trained.folder).parents[0].glob("value.json")
    )
    run = candidate.run
    second = replan(folder, 6)
    assert second.source == "this project's last run on this machine"
    tokens_trained = run.trained_tokens * run.curve[-1].epoch
    assert run.curve[-1].epoch == pytest.approx(3, abs=0.1)
    assert second.hours == pytest.approx(first.tokens * 6 * run.seconds / tokens_trained / 3600)


@pytest.fixture
def asked_anew() -> Iterator[None]:
    """What is remembered of this machine is forgotten before and after."""
    machine.has_gpu.cache_clear()
    yield
    machine.has_gpu.cache_clear()


@pytest.mark.slow
@pytest.mark.usefixtures("asked_anew")
def test_a_machine_with_a_gpu_is_planned_for_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same operations at a GPU's rate, which is 4,167 times a CPU's."""
    import torch

    monkeypatch.setattr(machine, "GPU_DRIVERS", ())
    folder = make_project(tmp_path / "desk", tiny_encoder(tmp_path / "base"), tickets(240))
    on_cpu = Project.open(folder).plan().plan.estimate
    monkeypatch.setattr(machine, "GPU_DRIVERS", (str(tmp_path),))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    machine.has_gpu.cache_clear()
    on_gpu = Project.open(folder, sets=["seed=1"]).plan().plan.estimate
    assert "1.2e+11 FLOP/s" in on_cpu.source
    assert "5.0e+14 FLOP/s" in on_gpu.source
    assert on_cpu.hours / on_gpu.hours == pytest.approx(5e14 / 1.2e11, rel=0.05)
