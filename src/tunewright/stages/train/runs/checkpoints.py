"""Checkpoints that are whole or absent: written aside, hashed, renamed; a damaged one is passed over aloud.

The manifest lists the SHA-256 of every file and is written last, before the folder gets its name.
"""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tunewright.core.digest import file_digest
from tunewright.core.files import sync_tree
from tunewright.core.progress import Progress
from tunewright.stages.train.distributed.process_group import ALONE, ProcessGroup
from tunewright.stages.train.runs.fingerprint import RunFingerprint, fingerprint_mismatch
from tunewright.stages.train.runs.history import History

FOLDER = "checkpoints"
MANIFEST = "manifest.json"
#: The newest, and one before it in case the newest is damaged; the best is kept besides.
KEPT = 2
_NAME = re.compile(r"checkpoint-(\d+)")


class Checkpoints:
    """The checkpoints of one run.

    Args:
        work: the run's work folder, with what it was begun with.
        plan: digest of the plan; a checkpoint of another plan is refused, and told what differs.
        progress: told of a damaged checkpoint.
        group: the processes of the run, of which the leader alone writes.
    """

    def __init__(self, work: Path, plan: str, progress: Progress, group: ProcessGroup = ALONE) -> None:
        self._folder = work / FOLDER
        self._plan = plan
        self._fingerprint = RunFingerprint.load(work)
        self._progress = progress
        self._writes = group.is_leader
        self._folder.mkdir(parents=True, exist_ok=True)
        for leftover in self._folder.glob(".aside-*") if self._writes else ():
            shutil.rmtree(leftover)

    def at(self, step: int) -> Path:
        """The folder of the checkpoint of `step`."""
        return self._folder / f"checkpoint-{step}"

    @contextmanager
    def writing(self, step: int) -> Iterator[Path]:
        """A folder beside the others; when the block ends, its ``checkpoint-N`` is hashed, synced and renamed."""
        aside = self._folder / f".aside-{step}"
        checkpoint = aside / self.at(step).name
        checkpoint.mkdir(parents=True)
        yield aside
        files = {path.name: file_digest(path) for path in sorted(checkpoint.iterdir())}
        fingerprint = self._fingerprint.model_dump(mode="json") if self._fingerprint else None
        manifest = {"plan": self._plan, "begun": fingerprint, "step": step, "files": files}
        (checkpoint / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        sync_tree(checkpoint)
        if self.at(step).exists():
            shutil.rmtree(self.at(step))
        checkpoint.rename(self.at(step))
        sync_tree(self._folder)
        aside.rmdir()

    def newest(self) -> Path | None:
        """The newest checkpoint that is as it was written, as is the best it speaks of; others are said and removed.

        Raises:
            UserError: E-TRAIN-010 for a checkpoint of another plan.
        """
        for step in sorted(self._steps(), reverse=True):
            fault = self._fault(self.at(step)) or self._fault_of_best(step)
            if not fault:
                return self.at(step)
            self._progress.say(f"The checkpoint of step {step} is damaged ({fault}); going back to one before it.")
            shutil.rmtree(self.at(step))
        return None

    def last(self) -> int:
        """The step of the newest checkpoint, 0 where there is none."""
        return max(self._steps(), default=0)

    def _fault_of_best(self, step: int) -> str:
        """What is wrong with the checkpoint of the best step that the one of `step` speaks of; empty if nothing is."""
        best = History.best_in(self.at(step))
        fault = self._fault(self.at(best)) if best not in (0, step) else ""
        return f"of its best step {best}, {fault}" if fault else ""

    def trim(self, best: int) -> None:
        """Remove all but the newest few and the best."""
        if not self._writes:
            return
        for step in sorted(self._steps(), reverse=True)[KEPT:]:
            if step != best:
                shutil.rmtree(self.at(step))

    def _steps(self) -> list[int]:
        """The steps of all checkpoints, in no order."""
        names = [_NAME.fullmatch(path.name) for path in self._folder.iterdir()]
        return [int(name.group(1)) for name in names if name]

    def _fault(self, folder: Path) -> str:
        """What is wrong with the checkpoint in `folder`; empty if nothing is.

        Raises:
            UserError: E-TRAIN-010 when it is of another plan.
        """
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return "its manifest is missing or unreadable"
        before = RunFingerprint.model_validate(manifest["begun"]) if manifest.get("begun") else None
        differing = self._fingerprint.differences(before) if self._fingerprint and before else ()
        if differing or manifest["plan"] != self._plan:
            raise fingerprint_mismatch(f"The checkpoint {folder}", differing)
        for name, digest in manifest["files"].items():
            if not (folder / name).exists():
                return f"{name} is missing"
            if file_digest(folder / name) != digest:
                return f"{name} has changed"
        return ""
