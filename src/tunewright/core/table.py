"""The project's data as a Delta table; the only file that writes or opens one.

Every version carries who made it, why, and the key of the step that did, so that a commit repeated after a kill
is recognized instead of made twice.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import polars as pl

from tunewright.core.dataset import COLUMNS, Dataset, Task
from tunewright.core.digest import frame_digest
from tunewright.core.errors import DamagedOutput, ExitCode, UserError
from tunewright.core.frozen import Frozen

if TYPE_CHECKING:
    from deltalake import DeltaTable

UNREADABLE = re.compile(r"[\[\]^|\\#?]|%[0-9A-Fa-f]{2}")


class Commit(Frozen):
    """One version of a table: who, why, and which step."""

    version: int
    when: str
    who: str
    why: str
    key: str
    rows: int


class Table:
    """A Delta table of rows in the columns of :data:`COLUMNS`.

    Args:
        folder: where it lies.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def commit(self, frame: pl.DataFrame, *, task: Task, who: str, why: str, key: str) -> Dataset:
        """Make `frame` the newest version, once: a second commit with the same key returns the first's version.

        Raises:
            UserError: E-STORE-002 when no table can be written at this path.
        """
        import deltalake

        assert who and why, "a commit says who and why"
        assert frame.schema == pl.Schema(COLUMNS), "a dataset has exactly the columns of COLUMNS"
        from filelock import FileLock

        self._require_name()
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder.with_suffix(".lock")):
            done = next((commit.version for commit in self.history() if commit.key == key), None)
            if done is None:
                metadata = {"actor": who, "reason": why, "key": key, "rows": str(frame.height)}
                deltalake.write_deltalake(
                    str(self.folder),
                    frame.to_arrow(),
                    mode="overwrite",
                    commit_properties=deltalake.CommitProperties(custom_metadata=metadata),
                )
                done = self._delta().version()
        return Dataset(table=self.folder.name, version=done, rows=frame.height, task=task, root=frame_digest(frame))

    def _require_name(self) -> None:
        """Stop when the path has signs that Delta (deltalake 1.6) takes for those of an address."""
        if signs := sorted(set(UNREADABLE.findall(str(self.folder.resolve())))):
            raise UserError(
                "E-STORE-002",
                f"The project's path {self.folder.resolve()} has {' and '.join(map(repr, signs))} in it.",
                why="Versions of the data are Delta tables, whose library cannot write below such a path.",
                fix="Rename or move the folder; blanks and letters of any language are fine.",
            )

    def scan(self, version: int) -> pl.LazyFrame:
        """The rows of one version, in `row` order.

        Raises:
            UserError: E-STORE-001 when there is no such version.
            DamagedOutput: E-STORE-005 when its files are not there as they were written.
        """
        self._require(version)
        table = self._delta(version)
        # Files of a version share a schema, but Delta promises no order of rows.
        # It gives their paths as parts of an address: a blank in a folder's name comes back as %20.
        files = [Path(unquote(uri)) for uri in table.file_uris()]
        added = pl.DataFrame(table.get_add_actions(flatten=True))
        names = [Path(unquote(path)).name for path in added["path"]]
        _require_sizes(files, dict(zip(names, added["size_bytes"], strict=True)))
        return pl.scan_parquet(files, schema=COLUMNS, glob=False).sort("row")

    def _delta(self, version: int | None = None) -> "DeltaTable":
        """The Delta table at `version`, or at its newest.

        Raises:
            DamagedOutput: E-STORE-005 when its log cannot be read.
        """
        import deltalake

        try:
            return deltalake.DeltaTable(str(self.folder), version=version)
        except deltalake.exceptions.DeltaError as error:
            raise _damaged(f"{self.folder / '_delta_log'} cannot be read ({str(error).splitlines()[0]})") from error

    def dataset(self, version: int) -> Dataset:
        """The header of one version, its digest computed from the rows."""
        frame = self.scan(version).collect()
        return Dataset(
            table=self.folder.name,
            version=version,
            rows=frame.height,
            task=frame["task"][0],
            root=frame_digest(frame),
        )

    def history(self) -> list[Commit]:
        """Every version, oldest first.

        Raises:
            DamagedOutput: E-STORE-005 when the log cannot be read.
        """
        if not (self.folder / "_delta_log").exists():
            return []
        entries = self._delta().history()
        return sorted((_commit(entry) for entry in entries), key=lambda commit: commit.version)

    def _require(self, version: int) -> None:
        known = [commit.version for commit in self.history()]
        if version not in known:
            raise UserError(
                "E-STORE-001",
                f"There is no version {version} of {self.folder.name!r}.",
                fix=f"Versions: {', '.join(map(str, known)) or 'none yet; run `tunewright run`'}.",
                exit_code=ExitCode.NOT_FOUND,
            )


def _require_sizes(files: Sequence[Path], sizes: Mapping[str, int]) -> None:
    """Stop at a file that is missing or of another size than the log says, before polars reads half of it.

    Raises:
        DamagedOutput: E-STORE-005.
    """
    for file in files:
        if not file.exists():
            raise _damaged(f"{file} is missing")
        if file.stat().st_size != sizes[file.name]:
            raise _damaged(f"{file} has {file.stat().st_size:,} bytes where {sizes[file.name]:,} were written")


def _damaged(what: str) -> DamagedOutput:
    return DamagedOutput(
        "E-STORE-005",
        f"A version of the data is not there as it was written: {what}.",
        why="Every step was made from a version of the data, so none is used that cannot be read whole.",
        fix="Restore it from a copy; or begin anew, in the project's folder: mv .tunewright .tunewright.set-aside",
    )


def _commit(entry: dict[str, object]) -> Commit:
    from datetime import UTC, datetime

    when = datetime.fromtimestamp(int(str(entry["timestamp"])) / 1000, UTC).isoformat(timespec="seconds")
    return Commit(
        version=int(str(entry["version"])),
        when=when,
        who=str(entry.get("actor", "")),
        why=str(entry.get("reason", "")),
        key=str(entry.get("key", "")),
        rows=int(str(entry.get("rows", 0))),
    )
