"""A project's first plan counts operations; once it has trained, its own speed says how long the next run takes."""

from pathlib import Path

import pytest

from tests.workflow.test_walk import make_project
from tests.workflow.worlds import tickets, tiny_encoder
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
