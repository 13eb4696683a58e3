"""A packaged model with the proof of what it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

from pydantic import PrivateAttr

from tunewright.core.candidate import Candidate
from tunewright.core.dataset import Task
from tunewright.core.engine_ref import EngineRef, engine_of
from tunewright.core.frozen import VALUE_FILE, Frozen
from tunewright.core.gate import Verdict


class Release(Frozen):
    """A bundle that can be copied anywhere and answers as it did when it was evaluated.

    Attributes:
        name: project name and short digest.
        task: what it is for.
        kind: what answers, as it is stored: ``encoder``, ``decoder``, or the name of another engine.
        labels: label names in index order.
        candidate: digest of the candidate.
        scorecard: digest of its scorecard.
        data: digests of the datasets it came from, by step (raw, cleaned, split).
        verdicts: the gates it passed or was let through.
        weights: SHA-256 of each model file.
        parity_rows: test rows on which the packaged model gave the very bits that evaluation saw.
        created: when the bundle was made.
    """

    EXCLUDED_FROM_DIGEST: ClassVar[frozenset[str]] = frozenset({"created"})

    name: str
    task: Task
    kind: str
    labels: tuple[str, ...]
    candidate: str
    scorecard: str
    data: Mapping[str, str]
    verdicts: tuple[Verdict, ...]
    weights: Mapping[str, str]
    parity_rows: int
    created: str
    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """Where the bundle lies."""
        return self._folder

    @property
    def engine(self) -> EngineRef:
        """What answers for it, with the files of the bundle that it answers from."""
        folder = self.folder / Candidate.MODEL_FOLDER
        return EngineRef(engine=engine_of(self.kind), files=self.weights, folder=folder)

    def at(self, folder: Path) -> Self:
        """This release lying in `folder`."""
        self._folder = folder
        return self

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The release kept in `folder`."""
        return cls.model_validate_json((folder / VALUE_FILE).read_text(encoding="utf-8")).at(folder)
