"""Which engine answers, and where its files lie: what a candidate, a release and a step's key say of a model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from tunewright.core.dataset import Task
from tunewright.core.errors import UserError
from tunewright.core.frozen import Frozen

#: The words that candidates and releases store for the engines that there were before engines had names.
STORED_KINDS = {"encoder": "classifier", "decoder": "causal_lm"}

#: What answers a task: one engine gives labels, the other writes.
ENGINE_FOR_TASK: dict[Task, str] = {"classify": "classifier", "reply": "causal_lm", "extract": "causal_lm"}


def engine_of(kind: str) -> str:
    """The name of the engine that answers for a stored `kind`: one of the two old words, or a name as it is."""
    return STORED_KINDS.get(kind, kind)


class EngineRef(Frozen):
    """One engine to be opened; equal digests answer alike, wherever the files lie.

    Attributes:
        engine: name in the registry of engines, such as ``causal_lm`` or ``echo``.
        options: the engine's own options; what is left out is its default.
        files: SHA-256 of each file that the engine reads, by name; empty for one that reads none.
        folder: where those files lie on this machine.
    """

    EXCLUDED_FROM_DIGEST: ClassVar[frozenset[str]] = frozenset({"folder"})

    engine: str
    options: Mapping[str, Any] = {}
    files: Mapping[str, str] = {}
    folder: Path | None = None

    def require_folder(self) -> Path:
        """Where the engine's files lie.

        Raises:
            UserError: E-ENGINE-006 when the reference names no folder.
        """
        if self.folder is None:
            raise UserError(
                "E-ENGINE-006",
                f"The engine {self.engine!r} was named without a folder.",
                why="It answers with a model, and reads that from its files.",
                fix="Name the folder of the model, such as that of a release.",
            )
        return self.folder
