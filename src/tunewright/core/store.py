"""Step outputs addressed by the digest of what made them.

Key = sha256 over step name, version, settings, input digests and seed. A step works in ``work/<key>/``, which
survives a kill, so that long steps resume from their own checkpoints; when it is done its value is written, then
``manifest.json`` last, and the folder is renamed into ``steps/<step>/<key>/``. Nothing else means "complete".
(Shape after allenai/tango ``local_step_cache.py``.)
"""

import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from tunewright.core.digest import digest, file_digest
from tunewright.core.files import publish_text, sync_tree
from tunewright.core.frozen import Frozen
from tunewright.core.version import __version__

Value = TypeVar("Value", bound=Frozen)
MANIFEST = "manifest.json"
CLOCK = ".seconds"


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
        root: folder that holds ``steps/``, ``work/`` and ``locks/``.
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
        found = self.get(step, kind)
        if found is not None:
            return found
        with self._lock(step):
            found = self.get(step, kind)
            if found is not None:
                return found
            return self._make(step, kind, make)

    def get(self, step: Step, kind: type[Value]) -> Outcome[Value] | None:
        """The value of `step` when it is complete, else None."""
        folder = self.folder(step)
        manifest = folder / MANIFEST
        if not manifest.exists():
            return None
        kept = json.loads(manifest.read_text(encoding="utf-8"))
        return Outcome(step, kind.read(folder), folder, hit=True, seconds=kept["seconds"])

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
        kept = [json.loads(path.read_text(encoding="utf-8"))["step"] for path in reversed(manifests)]
        return [Step.model_validate(value) for value in kept]

    def _make(self, step: Step, kind: type[Value], make: Callable[[Path], Value]) -> Outcome[Value]:
        work = self.work(step)
        work.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        try:
            value = make(work)
        finally:
            spent = self._add_seconds(work, time.monotonic() - started)
        value.write(work)
        manifest = {
            "step": step.model_dump(mode="json"),
            "value": value.digest,
            "seconds": round(spent, 3),
            "tunewright": __version__,
            "files": {
                path.relative_to(work).as_posix(): file_digest(path)
                for path in sorted(work.rglob("*"))
                if path.is_file() and path.name not in {CLOCK, MANIFEST}
            },
        }
        (work / CLOCK).unlink(missing_ok=True)
        publish_text(work / MANIFEST, json.dumps(manifest, indent=2) + "\n")
        sync_tree(work)
        target = self.folder(step)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():  # a folder without a manifest: not ours, and not complete
            shutil.rmtree(target)
        work.replace(target)
        return Outcome(step, kind.read(target), target, hit=False, seconds=spent)

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
