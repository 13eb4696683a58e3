"""Digests are remembered between processes for as long as the file is the same one, and never longer."""

import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tunewright.core import digest_cache
from tunewright.core.digest import file_digest
from tunewright.core.digest_cache import FRESH_NS, DigestCache, user_cache

SCRIPT = """
import sys
from pathlib import Path
from tunewright.core import digest_cache

def counted(path, plain=digest_cache.file_digest):
    print("read", path.name)
    return plain(path)

digest_cache.file_digest = counted
with digest_cache.digest_cache(Path(sys.argv[1])) as cache:
    print(cache.digest(Path(sys.argv[2])))
"""


def old(path: Path, content: bytes) -> Path:
    """`path` with `content`, written long enough ago to be remembered."""
    path.write_bytes(content)
    time.sleep(2 * FRESH_NS / 1e9)
    return path


def in_another_process(cache: Path, file: Path) -> list[str]:
    call = [sys.executable, "-c", SCRIPT, str(cache), str(file)]
    return subprocess.run(call, capture_output=True, text=True, check=True).stdout.splitlines()


def test_two_processes_read_a_file_once(tmp_path: Path) -> None:
    cache, file = tmp_path / "cache" / "digests.json", old(tmp_path / "weights", b"abc")
    assert in_another_process(cache, file) == ["read weights", file_digest(file)]
    assert in_another_process(cache, file) == [file_digest(file)]


@pytest.mark.parametrize("clock", ["as it is", "set back"])
def test_other_content_of_the_same_size_is_seen(tmp_path: Path, clock: str) -> None:
    cache, file = tmp_path / "digests.json", old(tmp_path / "weights", b"abc")
    first, before = in_another_process(cache, file)[-1], file.stat()
    file.write_bytes(b"abd")
    if clock == "set back":
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    second = in_another_process(cache, file)[-1]
    assert first != second == file_digest(file)


def test_what_was_written_just_now_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a tick of the file system's clock a second write would leave no trace."""
    monkeypatch.setattr(digest_cache, "FRESH_NS", 3_600_000_000_000)
    file, cache = tmp_path / "weights", DigestCache(tmp_path / "digests.json")
    file.write_bytes(b"abc")
    assert cache.digest(file) == file_digest(file)
    cache.save()
    assert not (tmp_path / "digests.json").exists()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"x": 5}', '{"x": [1, 2, 3, 4]}', '{"x": [1, 2, "3", 4, "d"]}', "\x00"]
)
def test_a_cache_that_cannot_be_read_is_ignored_and_written_anew(tmp_path: Path, text: str) -> None:
    cache, file = tmp_path / "digests.json", old(tmp_path / "weights", b"abc")
    cache.write_text(text)
    assert in_another_process(cache, file) == ["read weights", file_digest(file)]
    assert in_another_process(cache, file) == [file_digest(file)]


def test_files_that_are_gone_are_forgotten_and_others_of_other_processes_stay(tmp_path: Path) -> None:
    cache = tmp_path / "digests.json"
    first, second, third = (old(tmp_path / name, name.encode()) for name in ("first", "second", "third"))
    slow = DigestCache(cache)
    slow.digest(first)
    in_another_process(cache, second)
    slow.save()
    assert in_another_process(cache, first) == [file_digest(first)]
    assert in_another_process(cache, second) == [file_digest(second)]
    second.unlink()
    in_another_process(cache, third)
    assert "second" not in cache.read_text()
    assert in_another_process(cache, first) == [file_digest(first)]


def _remember(cache: Path, folder: Path, number: int) -> None:
    for turn in range(20):
        with digest_cache.digest_cache(cache) as digests:
            digests.digest(folder / f"{number}-{turn}")


def test_many_processes_at_once_leave_a_whole_cache_without_a_wrong_digest(tmp_path: Path) -> None:
    files = {f"{number}-{turn}": f"{number} {turn}".encode() for number in range(4) for turn in range(20)}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    time.sleep(2 * FRESH_NS / 1e9)
    cache = tmp_path / "digests.json"
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_remember, args=(cache, tmp_path, number)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    entries = digest_cache._read(cache)
    assert entries, "the cache is whole"
    assert {name: digest for name, (_, digest) in entries.items()} == {
        name: file_digest(Path(name)) for name in entries
    }
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_the_users_cache_is_where_the_specification_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache("x.json") == tmp_path / "tunewright" / "x.json"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/of/me")
    assert user_cache("x.json") == Path("/home/of/me/.cache/tunewright/x.json")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert user_cache("x.json") == Path("/home/of/me/.cache/tunewright/x.json")


def test_a_user_without_a_home_hashes_every_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert user_cache("x.json") is None
    file = old(tmp_path / "weights", b"abc")
    with digest_cache.digest_cache(user_cache("x.json")) as cache:
        assert cache.digest(file) == file_digest(file)
