"""Step outputs addressed by the digest of what made them.

Key = sha256 over step name, version, settings, input digests and seed. A step works in ``work/<key>/``, which
survives a kill, so that long steps resume from their own checkpoints; when it is done its value is written, then
``manifest.json`` last, and the folder is renamed into ``steps/<step>/<key>/``. Nothing else means "complete".
(Shape after allenai/tango ``local_step_cache.py``.)

The manifest holds the digest of the value and of every file. Both are verified whenever an output is read; a file is
hashed again only where its size, times or inode are not those that ``digests/<key>.json`` remembers of it.
"""

import json
import shlex
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ConfigDict

from tunewright.core.digest import digest
from tunewright.core.digest_cache import DigestCache
from tunewright.core.errors import DamagedOutput
from tunewright.core.files import publish_text, sync_tree
from tunewright.core.frozen import Frozen
from tunewright.core.version import __version__

Value = TypeVar("Value", bound=Frozen)
MANIFEST = "manifest.json"
CLOCK = ".seconds"
#: Faults that a message names one by one.
LISTED_FAULTS = 5


class Step(Frozen):
    """Everything that decides what a step makes.

    Attributes:
        name: the step, such as ``audit``.
        version: raised by us when the same inputs would now give another output.
        settings: the settings section it reads, as JSON values.
        inputs: digests of its inputs by name.
        seed: random seed.
    """

    name: str
    version: int
    settings: Mapping[str, Any]
    inputs: Mapping[str, str]
    seed: int

    @property
    def key(self) -> str:
        """32 hex digits that name this step's output."""
        return self.digest[7:39]


class Manifest(Frozen):
    """What is written last, beside a complete output.

    Attributes:
        step: what made it.
        value: digest of the value.
        seconds: time spent, all attempts together.
        tunewright: the version that made it.
        files: digest of every file by its name relative to the output's folder.
    """

    model_config = ConfigDict(extra="ignore")  # a later version may say more

    step: Step
    value: str
    seconds: float
    tunewright: str
    files: Mapping[str, str]


class Outcome(Generic[Value]):
    """A step's value, where its files are, and whether it was already there."""

    def __init__(self, step: Step, value: Value, folder: Path, *, hit: bool, seconds: float) -> None:
        self.step = step
        self.value = value
        self.folder = folder
        self.hit = hit
        self.seconds = seconds


class Store:
    """The step outputs of one project.

    Args:
        root: folder that holds ``steps/``, ``work/``, ``locks/`` and ``digests/``.
        waiting: told the step's name when another process is doing it and this one waits.
    """

    def __init__(self, root: Path, *, waiting: Callable[[str], None] = lambda _: None) -> None:
        self.root = root
        self._waiting = waiting

    def cached(self, step: Step, kind: type[Value], make: Callable[[Path], Value]) -> Outcome[Value]:
        """The value of `step`: read when it was made before, else made by `make` in a work folder.

        Two processes asking for the same key do the work once; the second waits and reads. The folder handed to
        `make` is the one an interrupted attempt left, with its files.
        """
        outcome = self.get(step, kind)
        if outcome is not None:
            return outcome
        with self._lock(step):
            outcome = self.get(step, kind)
            if outcome is not None:
                return outcome
            return self._make(step, kind, make)

    def get(self, step: Step, kind: type[Value]) -> Outcome[Value] | None:
        """The value of `step` when it is complete, else None.

        Raises:
            DamagedOutput: E-STORE-003 when a file is not the one that was made, E-STORE-004 when the value reads
                otherwise than it was made.
        """
        folder = self.folder(step)
        if not (folder / MANIFEST).exists():
            return None
        manifest = self._manifest(step)
        self._verify(step, manifest)
        return self._outcome(step, kind, manifest, hit=True)

    def folder(self, step: Step) -> Path:
        """Where the complete output of `step` is, or will be."""
        return self.root / "steps" / step.name / step.key

    def work(self, step: Step) -> Path:
        """Where `step` works until it is complete."""
        return self.root / "work" / step.key

    def invalidate(self, step: Step) -> None:
        """Set aside the output of `step`, so that it is made again; the folder stays, renamed."""
        folder = self.folder(step)
        aside = folder.with_name(f"{folder.name}.forgotten-{time.time_ns()}")
        folder.replace(aside)
        (aside / MANIFEST).rename(aside / f"{MANIFEST}.forgotten")

    def previous(self, name: str) -> list[Step]:
        """Steps called `name` that are complete, newest first: what `why` compares with."""
        manifests = sorted((self.root / "steps" / name).glob(f"*/{MANIFEST}"), key=lambda path: path.stat().st_mtime)
        steps = []
        for path in reversed(manifests):
            with suppress(DamagedOutput):  # whoever reads that output is told
                steps.append(_read_manifest(path.parent).step)
        return steps

    def _manifest(self, step: Step) -> Manifest:
        """The manifest of the complete output of `step`.

        Raises:
            DamagedOutput: E-STORE-003 when it cannot be read, or is that of another step.
        """
        folder = self.folder(step)
        manifest = _read_manifest(folder)
        if manifest.step.digest != step.digest:
            raise _damaged(folder, step.name, [f"{MANIFEST} is that of another step"])
        return manifest

    def _verify(self, step: Step, manifest: Manifest) -> None:
        """Hold every file against the manifest; those that are as they were remembered are not hashed again.

        Raises:
            DamagedOutput: E-STORE-003.
        """
        cache = self._digests(step)
        try:
            _require_whole(self.folder(step), manifest, cache)
        finally:
            cache.save()

    def _outcome(self, step: Step, kind: type[Value], manifest: Manifest, *, hit: bool) -> Outcome[Value]:
        """The value of `step`, read and held against `manifest`.

        Raises:
            DamagedOutput: E-STORE-004.
        """
        folder = self.folder(step)
        try:
            value = kind.read(folder)
        except ValueError as error:
            raise _unreadable(folder, manifest, str(error).splitlines()[0]) from error
        if value.digest != manifest.value:
            raise _unreadable(folder, manifest, f"it reads as {value.digest[:19]}, not as {manifest.value[:19]}")
        return Outcome(step, value, folder, hit=hit, seconds=manifest.seconds)

    def _digests(self, step: Step) -> DigestCache:
        return DigestCache(self.root / "digests" / f"{step.key}.json")

    def _make(self, step: Step, kind: type[Value], make: Callable[[Path], Value]) -> Outcome[Value]:
        work = self.work(step)
        work.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        try:
            value = make(work)
        finally:
            spent = self._add_seconds(work, time.monotonic() - started)
        value.write(work)
        cache = self._digests(step)
        files = {
            path.relative_to(work).as_posix(): path
            for path in sorted(work.rglob("*"))
            if path.is_file() and path.name not in {CLOCK, MANIFEST}
        }
        manifest = Manifest(
            step=step,
            value=value.digest,
            seconds=round(spent, 3),
            tunewright=__version__,
            files={name: cache.digest(path, name) for name, path in files.items()},
        )
        cache.save()
        (work / CLOCK).unlink(missing_ok=True)
        publish_text(work / MANIFEST, json.dumps(manifest.model_dump(mode="json"), indent=2) + "\n")
        sync_tree(work)
        target = self.folder(step)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():  # a folder without a manifest: not ours, and not complete
            shutil.rmtree(target)
        work.replace(target)
        return self._outcome(step, kind, manifest, hit=False)

    def _add_seconds(self, work: Path, seconds: float) -> float:
        """Time spent on this key over all attempts that ended by themselves or by an exception."""
        clock = work / CLOCK
        total = seconds + (float(clock.read_text()) if clock.exists() else 0.0)
        publish_text(clock, f"{total:.3f}")
        return total

    def _lock(self, step: Step) -> Any:
        from filelock import FileLock

        folder = self.root / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return _Announced(FileLock(folder / f"{step.key}.lock"), lambda: self._waiting(step.name))


class _Announced:
    """A file lock that says so when it has to wait."""

    def __init__(self, lock: Any, waiting: Callable[[], None]) -> None:
        self._lock = lock
        self._waiting = waiting

    def __enter__(self) -> None:
        from filelock import Timeout

        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            self._waiting()
            self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _read_manifest(folder: Path) -> Manifest:
    """The manifest in `folder`.

    Raises:
        DamagedOutput: E-STORE-003 when it is not what :meth:`Store.cached` writes.
    """
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_text(encoding="utf-8"))
    except ValueError as error:
        raise _damaged(folder, folder.parent.name, [f"{MANIFEST} cannot be read"]) from error


def _require_whole(folder: Path, manifest: Manifest, cache: DigestCache) -> None:
    """Hold every file of `folder` against `manifest`.

    Raises:
        DamagedOutput: E-STORE-003.
    """
    faults = [_fault(folder, name, digest, cache) for name, digest in sorted(manifest.files.items())]
    if any(faults):
        raise _damaged(folder, manifest.step.name, [fault for fault in faults if fault])


def _fault(folder: Path, name: str, digest: str, cache: DigestCache) -> str:
    """What is wrong with a file of `folder`; empty when it is the one that was made."""
    try:
        return "" if cache.digest(folder / name, name) == digest else f"{name} was changed"
    except FileNotFoundError:
        return f"{name} is missing"
    except OSError as error:
        return f"{name} cannot be read ({error.strerror})"


def _damaged(folder: Path, step: str, faults: list[str]) -> DamagedOutput:
    listed = "; ".join(faults[:LISTED_FAULTS]) + ("; …" if len(faults) > LISTED_FAULTS else "")
    return DamagedOutput(
        "E-STORE-003",
        f"The output of the step {step} is not the one that was made: {listed}, in {folder}.",
        why="Later figures stand on it, so it is not used; and it is not made again unasked, since that may cost.",
        fix=f"Restore it from a copy, or let the next run make it again: {_set_aside(folder)}",
    )


def _unreadable(folder: Path, manifest: Manifest, why: str) -> DamagedOutput:
    return DamagedOutput(
        "E-STORE-004",
        f"Tunewright {__version__} does not read the output of the step {manifest.step.name} as Tunewright "
        f"{manifest.tunewright} made it: {why}, in {folder}.",
        why="Its files are whole, but what later steps were made from would not be what is read.",
        fix=f"Go on with Tunewright {manifest.tunewright}, or let the next run make it again: {_set_aside(folder)}",
    )


def _set_aside(folder: Path) -> str:
    return f"mv {shlex.quote(str(folder))} {shlex.quote(f'{folder}.set-aside')}"


def differences(now: Step, before: Step) -> list[str]:
    """Which parts of the key differ between two steps, in sentences."""
    lines = []
    if now.version != before.version:
        lines.append(f"the step's own code: version {before.version} → {now.version}")
    lines += [f"settings: {line}" for line in _changes(before.settings, now.settings)]
    lines += [f"input {line}" for line in _changes(before.inputs, now.inputs)]
    if now.seed != before.seed:
        lines.append(f"seed: {before.seed} → {now.seed}")
    return lines


def _changes(before: Any, now: Any, path: str = "") -> list[str]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        return [
            line
            for key in sorted({*before, *now})
            for line in _changes(before.get(key), now.get(key), f"{path}.{key}" if path else str(key))
        ]
    return [] if digest(before) == digest(now) else [f"{path}: {_short(before)} → {_short(now)}"]


def _short(value: Any) -> str:
    text = str(value)
    return text[:19] if text.startswith("sha256:") else text
