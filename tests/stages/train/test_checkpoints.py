"""Checkpoints are whole or absent; a damaged one is passed over aloud, and of another run it is refused."""

import json
import os

import pytest
from tests.stages.train.tiny import Listener

from tunewright.core.digest import file_digest
from tunewright.core.errors import UserError
from tunewright.stages.train.runs.checkpoints import MANIFEST, Checkpoints
from tunewright.stages.train.runs.fingerprint import RunFingerprint
from tunewright.stages.train.runs.history import History
from tunewright.stages.train.runs.spike_detector import SpikeDetector

BEGUN = RunFingerprint(facts={"seed": 0, "data": "sha256:1"}, versions={"torch": "2"})


@pytest.fixture
def work(tmp_path):
    BEGUN.save(tmp_path)
    return tmp_path


def written(work, *steps: int, best: int | None = None, plan: str = "p") -> Checkpoints:
    """Checkpoints of some steps, the best of which is `best`."""
    checkpoints = Checkpoints(work, plan, Listener())
    for step in steps:
        history = History(10, SpikeDetector(8.0))
        history.best_step = step if best is None else min(best, step)
        with checkpoints.writing(step) as aside:
            made = aside / f"checkpoint-{step}"
            (made / "weights.safetensors").write_bytes(f"weights of {step}".encode())
            history.write(made)
    return checkpoints


def names(work) -> list[str]:
    return sorted(path.name for path in (work / "checkpoints").iterdir())


def test_the_manifest_lists_the_digest_of_every_file_and_what_the_run_began_with(work) -> None:
    folder = written(work, 3).at(3)
    manifest = json.loads((folder / MANIFEST).read_text())
    assert manifest["files"] == {name: file_digest(folder / name) for name in ("history.json", "weights.safetensors")}
    assert manifest["begun"]["facts"] == dict(BEGUN.facts)
    assert (manifest["plan"], manifest["step"]) == ("p", 3)


def test_the_newest_sound_one_is_found(work) -> None:
    written(work, 3, 6)
    assert Checkpoints(work, "p", Listener()).newest() == work / "checkpoints" / "checkpoint-6"
    assert Checkpoints(work, "p", Listener()).last() == 6


def test_a_kill_in_the_midst_of_writing_leaves_what_was_there(work) -> None:
    checkpoints = written(work, 3)
    with pytest.raises(RuntimeError), checkpoints.writing(6) as aside:
        (aside / "checkpoint-6" / "weights.safetensors").write_bytes(b"half")
        raise RuntimeError("the machine went down here")
    assert ".aside-6" in names(work)
    again = Checkpoints(work, "p", Listener())
    assert names(work) == ["checkpoint-3"]
    assert again.newest() == again.at(3)


DAMAGE = {
    "one bit of the weights": lambda folder: (folder / "weights.safetensors").write_bytes(b"Weights of 6"),
    "no weights": lambda folder: (folder / "weights.safetensors").unlink(),
    "half a manifest": lambda folder: os.truncate(folder / MANIFEST, 20),
    "no manifest": lambda folder: (folder / MANIFEST).unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE, ids=list(DAMAGE))
def test_a_damaged_one_is_said_and_the_one_before_it_taken(work, damage) -> None:
    DAMAGE[damage](written(work, 3, 6).at(6))
    checkpoints = Checkpoints(work, "p", heard := Listener())
    assert checkpoints.newest() == checkpoints.at(3)
    assert [line.split(" (")[0] for line in heard.said] == ["The checkpoint of step 6 is damaged"]
    assert names(work) == ["checkpoint-3"]


def test_one_whose_best_is_damaged_is_not_gone_on_with(work) -> None:
    checkpoints = written(work, 3, 6, 9, best=6)
    (checkpoints.at(6) / "weights.safetensors").write_bytes(b"other")
    again = Checkpoints(work, "p", heard := Listener())
    assert again.newest() == again.at(3)
    assert "of its best step 6, weights.safetensors has changed" in heard.said[0]


def test_where_all_are_damaged_there_is_none(work) -> None:
    checkpoints = written(work, 3)
    (checkpoints.at(3) / MANIFEST).unlink()
    assert Checkpoints(work, "p", Listener()).newest() is None


def test_the_newest_two_and_the_best_are_kept(work) -> None:
    checkpoints = written(work, 3, 6, 9, 12, 15, best=6)
    checkpoints.trim(best=6)
    assert names(work) == ["checkpoint-12", "checkpoint-15", "checkpoint-6"]


def test_one_of_another_plan_is_refused(work) -> None:
    written(work, 3, plan="other")
    with pytest.raises(UserError) as told:
        Checkpoints(work, "p", Listener()).newest()
    assert told.value.code == "E-TRAIN-010"


def test_one_of_a_run_that_began_otherwise_is_refused_by_name(work) -> None:
    written(work, 3)
    BEGUN.model_copy(update={"facts": {"seed": 1, "data": "sha256:1"}}).save(work)
    with pytest.raises(UserError, match="seed was 0, is 1"):
        Checkpoints(work, "p", Listener()).newest()


def test_a_step_written_again_replaces_the_one_before(work) -> None:
    written(work, 3)
    before = Checkpoints(work, "p", Listener()).at(3)
    (before / "old").touch()
    written(work, 3)
    assert not (before / "old").exists()
