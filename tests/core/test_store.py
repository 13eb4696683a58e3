"""The step store does each thing once, resumes, and says why not."""

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from tunewright.core.frozen import Frozen
from tunewright.core.store import MANIFEST, Step, Store, differences


class Number(Frozen):
    value: int


def step(**changes: object) -> Step:
    given = {"name": "add", "version": 1, "settings": {"by": 1}, "inputs": {"data": "sha256:a"}, "seed": 0}
    return Step.model_validate({**given, **changes})


def test_the_second_call_is_a_hit_and_equal(tmp_path: Path) -> None:
    store, calls = Store(tmp_path), []

    def make(work: Path) -> Number:
        calls.append(work)
        (work / "big.bin").write_bytes(b"x")
        return Number(value=7)

    first, second = store.cached(step(), Number, make), store.cached(step(), Number, make)
    assert (first.hit, second.hit, len(calls)) == (False, True, 1)
    assert first.value == second.value
    assert (second.folder / "big.bin").read_bytes() == b"x"


@pytest.mark.parametrize(
    "changes", [{"version": 2}, {"settings": {"by": 2}}, {"inputs": {"data": "sha256:b"}}, {"seed": 1}]
)
def test_any_changed_part_of_the_key_is_a_miss(tmp_path: Path, changes: dict[str, object]) -> None:
    store = Store(tmp_path)
    store.cached(step(), Number, lambda _: Number(value=1))
    assert not store.cached(step(**changes), Number, lambda _: Number(value=2)).hit


def test_a_failed_attempt_leaves_its_work_for_the_next(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def dies(work: Path) -> Number:
        (work / "checkpoint").write_text("half")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        store.cached(step(), Number, dies)
    assert store.get(step(), Number) is None
    seen = []
    store.cached(step(), Number, lambda work: (seen.append((work / "checkpoint").read_text()), Number(value=1))[1])
    assert seen == ["half"]


def test_the_manifest_names_every_file_and_its_digest(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def make(work: Path) -> Number:
        (work / "sub").mkdir()
        (work / "sub" / "part").write_text("p")
        return Number(value=3)

    folder = store.cached(step(), Number, make).folder
    manifest = json.loads((folder / MANIFEST).read_text())
    assert sorted(manifest["files"]) == ["sub/part", "value.json"]
    assert all(digest.startswith("sha256:") for digest in manifest["files"].values())


def test_a_folder_without_a_manifest_is_not_an_output(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = store.folder(step())
    folder.mkdir(parents=True)
    (folder / "value.json").write_text('{"value": 666}')
    assert store.cached(step(), Number, lambda _: Number(value=1)).value.value == 1


def _slow_make(root: str, log: str) -> None:
    def make(_: Path) -> Number:
        with Path(log).open("a") as stream:
            stream.write("made\n")
        time.sleep(0.5)
        return Number(value=os.getpid())

    Store(Path(root)).cached(step(), Number, make)


def test_two_processes_do_the_work_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    log = tmp_path / "log"
    both = [context.Process(target=_slow_make, args=(str(tmp_path / "s"), str(log))) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert log.read_text() == "made\n"


def test_a_killed_process_releases_its_lock(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    log = tmp_path / "log"
    process = context.Process(target=_slow_make, args=(str(tmp_path / "s"), str(log)))
    process.start()
    while not log.exists():
        time.sleep(0.01)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert Store(tmp_path / "s").cached(step(), Number, lambda _: Number(value=5)).value.value == 5


def test_differences_name_the_setting_and_the_input() -> None:
    before = step(settings={"by": 1, "deep": {"x": True}})
    now = step(settings={"by": 2, "deep": {"x": True}}, inputs={"data": "sha256:b"}, seed=3)
    assert differences(now, before) == [
        "settings: by: 1 → 2",
        "input data: sha256:a → sha256:b",
        "seed: 0 → 3",
    ]
