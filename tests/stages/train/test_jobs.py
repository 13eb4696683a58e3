"""A run as its folder tells it, in the form of OpenAI's jobs, whether or not anybody is alive to tell more."""

from pathlib import Path

import pytest

from tunewright.core.errors import UserError
from tunewright.core.progress import SILENT
from tunewright.stages.train.runs import control
from tunewright.stages.train.runs.fingerprint import RunFingerprint
from tunewright.stages.train.runs.job_events import JobEvents, events_of
from tunewright.stages.train.runs.jobs import chosen, is_run, job_in, jobs_in, lines_of, require_askable
from tunewright.stages.train.runs.run_settings import locked


def run(folder: Path, *states: str) -> Path:
    """A folder of a run that went through some states."""
    folder.mkdir(parents=True)
    facts = {"base": "starter-8m", "train.method": "lora", "seed": 3}
    RunFingerprint(facts=facts, versions={}).save(folder)
    events = JobEvents(folder)
    for state in states:
        if state == "failed":
            events.failed("E-TRAIN-016", "It diverged.")
        else:
            events.state(state, "so", **({"trained_tokens": 70} if state == "succeeded" else {}))
        if state == "running":
            events.metrics("m", {"step": 4, "total_steps": 9, "full_valid_loss": 2.0})
            events.metrics("m", {"step": 5, "total_steps": 9, "train_loss": 0.5})
    return folder


def test_a_run_that_succeeded_names_its_model(tmp_path) -> None:
    job = job_in(run(tmp_path / "abc", "validating_files", "running", "succeeded"))
    assert (job.id, job.object, job.status, job.model, job.method, job.seed) == (
        "abc", "fine_tuning.job", "succeeded", "starter-8m", "lora", 3,
    )  # fmt: skip
    assert job.fine_tuned_model == str(tmp_path / "abc" / "model")
    assert (job.step, job.total_steps, job.train_loss, job.full_valid_loss) == (5, 9, 0.5, 2.0)
    assert job.trained_tokens == 70
    assert job.finished_at is not None
    assert job.created_at is not None


def test_a_run_whose_process_was_killed_is_paused_and_one_that_is_alive_is_not(tmp_path) -> None:
    folder = run(tmp_path / "abc", "running")
    with locked(folder, SILENT):
        job = job_in(folder)
        assert (job.status, job.alive) == ("running", True)
        require_askable(job, "pause")
    job = job_in(folder)
    assert (job.status, job.alive, job.finished_at, job.fine_tuned_model) == ("paused", False, None, None)


def test_a_run_that_failed_says_with_what(tmp_path) -> None:
    job = job_in(run(tmp_path / "abc", "running", "failed"))
    assert job.status == "failed"
    assert job.error == {"code": "E-TRAIN-016", "message": "It diverged.", "param": None}
    assert job_in(run(tmp_path / "abd", "running", "failed", "running")).error is None, "it is gone on with"


def test_a_run_that_has_said_nothing_yet_is_there(tmp_path) -> None:
    folder = run(tmp_path / "abc")
    with locked(folder, SILENT):
        assert job_in(folder).status == "queued"


def test_only_folders_of_runs_are_listed_the_newest_first(tmp_path, monkeypatch) -> None:
    (tmp_path / "of-another-step").mkdir()
    assert not is_run(tmp_path / "of-another-step")
    for at, name in enumerate(("b", "c", "a")):
        monkeypatch.setattr("tunewright.stages.train.runs.job_events.time.time", lambda at=at: 1000 + at)
        run(tmp_path / name, "running")
    assert [job.id for job in jobs_in(sorted(tmp_path.iterdir()))] == ["a", "c", "b"]


def test_a_run_is_chosen_by_the_beginning_of_its_id_or_the_newest_is(tmp_path) -> None:
    for name in ("aa1", "aa2", "b"):
        run(tmp_path / name, "running", "succeeded" if name == "b" else "failed")
    jobs = jobs_in(sorted(tmp_path.iterdir()))
    assert chosen(jobs, "aa2").id == "aa2"
    assert chosen(jobs, "").id == jobs[0].id
    assert chosen(jobs, "", unfinished=True).status == "failed"
    for name, told in (("aa", "2 runs"), ("x", "No runs")):
        with pytest.raises(UserError, match=told) as raised:
            chosen(jobs, name)
        assert raised.value.code == "E-TRAIN-021"
    with pytest.raises(UserError, match="Nothing was trained here yet"):
        chosen((), "")
    with pytest.raises(UserError, match="still something to do"):
        chosen([job for job in jobs if job.id == "b"], "", unfinished=True)


@pytest.mark.parametrize(
    ("state", "wish", "allowed"),
    [("running", "pause", False), ("running", "stop", True), ("failed", "stop", True), ("succeeded", "stop", False)],
)
def test_only_what_can_be_done_can_be_asked(tmp_path, state, wish, allowed) -> None:
    job = job_in(run(tmp_path / "abc", state))  # nobody is alive
    if allowed:
        require_askable(job, wish)
        return
    with pytest.raises(UserError) as told:
        require_askable(job, wish)
    assert told.value.code == "E-TRAIN-021"


def test_what_was_asked_is_told(tmp_path) -> None:
    folder = run(tmp_path / "abc", "running")
    control.ask(folder, "stop")
    assert job_in(folder).asked == "stop"


def test_events_as_lines_are_those_of_the_file(tmp_path) -> None:
    folder = run(tmp_path / "abc", "running", "succeeded")
    assert list(lines_of(events_of(folder))) == (folder / "events.jsonl").read_text().splitlines()
