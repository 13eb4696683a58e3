"""The base of every value that flows between rooms: frozen, closed to unknown keys, and known by its digest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from tunewright.core.digest import digest

VALUE_FILE = "value.json"


class Frozen(BaseModel):
    """A frozen value with a content digest.

    Fields named in ``EXCLUDED_FROM_DIGEST`` (clock times, latencies, paths) are kept and shown but stay out of the
    digest, so that two honest runs of the same thing have the same digest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())
    EXCLUDED_FROM_DIGEST: ClassVar[frozenset[str]] = frozenset()

    def __eq__(self, other: object) -> bool:
        """Equal in type and in every field; columns kept aside are covered by the digests that the fields hold."""
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def digest(self) -> str:
        """``sha256:<hex>`` of the canonical JSON of every field that is not a measurement of this run's clock."""
        return digest(self.content())

    def content(self) -> dict[str, Any]:
        """What the digest covers: this value as JSON, nested values by their own content."""
        return {
            name: _content(getattr(self, name))
            for name in type(self).model_fields
            if name not in type(self).EXCLUDED_FROM_DIGEST
        }

    def write(self, folder: Path) -> None:
        """Keep this value in `folder`; a value with columns also writes its Parquet files there."""
        (folder / VALUE_FILE).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The value kept in `folder` by :meth:`write`."""
        return cls.model_validate_json((folder / VALUE_FILE).read_text(encoding="utf-8"))


def _content(value: Any) -> Any:
    if isinstance(value, Frozen):
        return value.content()
    if isinstance(value, Mapping):
        return {str(key): _content(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_content(item) for item in value]
    if isinstance(value, frozenset | set):
        return sorted(_content(item) for item in value)
    if isinstance(value, Path):
        return value.as_posix()
    return value
