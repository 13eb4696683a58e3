"""What a store keeps is held against its manifest whenever it is read: no changed byte goes into a later step."""

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tunewright.core import digest_cache
from tunewright.core.digest import file_digest
from tunewright.core.errors import DamagedOutput, ExitCode
from tunewright.core.frozen import Frozen
from tunewright.core.store import MANIFEST, Outcome, Step, Store

STEP = Step(name="train", version=1, settings={"epochs": 3}, inputs={"data": "sha256:a"}, seed=0)


class Number(Frozen):
    value: int


def make(work: Path) -> Number:
    (work / "model").mkdir(exist_ok=True)
    (work / "model" / "weights.bin").write_bytes(b"0123456789" * 1000)
    return Number(value=7)


@pytest.fixture
def trained(tmp_path: Path) -> Outcome[Number]:
    outcome = Store(tmp_path / "a project").cached(STEP, Number, make)
    time.sleep(2 * digest_cache.FRESH_NS / 1e9)  # what is this young is hashed anew anyway
    return outcome


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are hashed from here on."""
    names: list[str] = []

    def counted(path: Path) -> str:
        names.append(path.name)
        return file_digest(path)

    monkeypatch.setattr(digest_cache, "file_digest", counted)
    return names


def of(outcome: Outcome[Number]) -> Store:
    return Store(outcome.folder.parents[2])


def weights(outcome: Outcome[Number]) -> Path:
    return outcome.folder / "model" / "weights.bin"


def flip_a_byte(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(5000)
        stream.write(b"x")


def test_the_manifest_holds_the_sha256_of_every_file_and_of_the_value(trained: Outcome[Number]) -> None:
    manifest = json.loads((trained.folder / MANIFEST).read_text())
    assert manifest["files"] == {
        name: f"sha256:{hashlib.sha256((trained.folder / name).read_bytes()).hexdigest()}"
        for name in ("model/weights.bin", "value.json")
    }
    canonical = b'{"value":7}'
    assert manifest["value"] == f"sha256:{hashlib.sha256(canonical).hexdigest()}"


@pytest.mark.parametrize("made_by", ["a file's digest", "the value's digest"])
def test_a_manifest_that_holds_something_else_than_what_was_made_is_refused(tmp_path, monkeypatch, made_by) -> None:
    if made_by == "a file's digest":
        monkeypatch.setattr(digest_cache, "file_digest", lambda _: "sha256:constant")
        Store(tmp_path).cached(STEP, Number, make)
        monkeypatch.undo()
        shutil.rmtree(tmp_path / "digests", ignore_errors=True)
    else:
        folder = Store(tmp_path).cached(STEP, Number, make).folder
        manifest = json.loads((folder / MANIFEST).read_text())
        (folder / MANIFEST).write_text(json.dumps({**manifest, "value": "sha256:constant"}))
    with pytest.raises(DamagedOutput):
        Store(tmp_path).get(STEP, Number)


def grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def replace_by_another(path: Path) -> None:
    path.with_name("other").write_bytes(b"9876543210" * 1000)
    path.with_name("other").replace(path)


def flip_a_byte_and_set_the_clock_back(path: Path) -> None:
    before = path.stat()
    flip_a_byte(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("harm", [flip_a_byte, grow, replace_by_another, flip_a_byte_and_set_the_clock_back])
def test_a_changed_file_is_noticed_and_the_error_says_how_to_go_on(
    trained: Outcome[Number], harm: Callable[[Path], None]
) -> None:
    assert of(trained).get(STEP, Number) is not None
    harm(weights(trained))
    with pytest.raises(DamagedOutput) as noticed:
        of(trained).cached(STEP, Number, make)
    error = noticed.value
    assert (error.code, error.exit_code) == ("E-STORE-003", ExitCode.DENIED)
    assert f"train is not the one that was made: model/weights.bin was changed, in {trained.folder}." in error.what
    subprocess.run(shlex.split(error.fix.partition("make it again: ")[2]), check=True)
    again = of(trained).cached(STEP, Number, make)
    assert (again.hit, weights(again).read_bytes()) == (False, b"0123456789" * 1000)
    aside = trained.folder.with_name(f"{trained.folder.name}.set-aside")
    assert (aside / "model" / "weights.bin").exists(), "nothing is lost"


def test_every_missing_and_changed_file_is_named(trained: Outcome[Number]) -> None:
    weights(trained).unlink()
    (trained.folder / "value.json").write_text('{"value": 8}')
    with pytest.raises(DamagedOutput, match=r"model/weights.bin is missing; value.json was changed"):
        of(trained).get(STEP, Number)


@pytest.mark.parametrize("text", ["", '{"step": ', '{"seconds": 1}'])
def test_a_manifest_that_is_cut_short_is_refused_and_is_no_previous_step(trained: Outcome[Number], text: str) -> None:
    (trained.folder / MANIFEST).write_text(text)
    with pytest.raises(DamagedOutput, match=r"the step train is not .*manifest.json cannot be read"):
        of(trained).get(STEP, Number)
    assert of(trained).previous("train") == []


def test_an_output_in_the_place_of_another_is_refused(trained: Outcome[Number]) -> None:
    other = STEP.model_copy(update={"seed": 1})
    shutil.copytree(trained.folder, of(trained).folder(other))
    with pytest.raises(DamagedOutput, match=r"manifest.json is that of another step"):
        of(trained).get(other, Number)


def test_a_value_that_this_version_reads_otherwise_is_refused_by_the_version_that_made_it(
    trained: Outcome[Number],
) -> None:
    class Number(Frozen):  # as a later version might have it
        value: int
        unit: str = "points"

    class Renamed(Frozen):
        number: int

    for kind, why in ((Number, "it reads as sha256:"), (Renamed, "2 validation errors for Renamed")):
        with pytest.raises(DamagedOutput, match=why) as refused:
            of(trained).get(STEP, kind)
        assert refused.value.code == "E-STORE-004"
        assert refused.value.fix.startswith("Go on with Tunewright ")


def test_files_that_stay_as_they_are_are_hashed_once(trained: Outcome[Number], hashed: list[str]) -> None:
    of(trained).get(STEP, Number)
    hashed.clear()  # value.json may have been too young to be remembered when it was made
    for _ in range(3):
        assert of(trained).get(STEP, Number) is not None
    assert hashed == []
    os.utime(weights(trained))
    assert of(trained).get(STEP, Number) is not None
    assert hashed == ["weights.bin"], "another time is another file until its bytes are seen"


def test_a_copied_project_is_hashed_once_and_used(trained: Outcome[Number], hashed: list[str], tmp_path: Path) -> None:
    shutil.copytree(trained.folder.parents[2], tmp_path / "copy")
    time.sleep(2 * digest_cache.FRESH_NS / 1e9)
    copy = Store(tmp_path / "copy")
    assert copy.get(STEP, Number) is not None
    assert sorted(hashed) == ["value.json", "weights.bin"]
    assert copy.get(STEP, Number) is not None
    assert len(hashed) == 2


def test_an_output_that_cannot_be_written_beside_is_read_all_the_same(trained: Outcome[Number]) -> None:
    digests = trained.folder.parents[2] / "digests"
    shutil.rmtree(digests, ignore_errors=True)  # not there when all was too young to be remembered
    digests.write_text("a file where the folder would be")
    assert of(trained).get(STEP, Number) is not None
