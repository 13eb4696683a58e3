"""Which engine answers, and where its files lie: what a candidate, a release and a step's key say of a model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from tunewright.core.frozen import Frozen

#: The words that candidates and releases store for the engines that there were before engines had names.
STORED_KINDS = {"encoder": "classifier", "decoder": "causal_lm"}


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
