"""The project's data as a Delta table; the only file that writes or opens one.

Every version carries who made it, why, and the key of the step that did, so that a commit repeated after a kill
is recognized instead of made twice.
"""

import re
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from tunewright.core.dataset import COLUMNS, Dataset, Task
from tunewright.core.digest import frame_digest
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.frozen import Frozen

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
                done = deltalake.DeltaTable(str(self.folder)).version()
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
        """
        import deltalake

        self._require(version)
        table = deltalake.DeltaTable(str(self.folder), version=version)
        # Files of a version share a schema, but Delta promises no order of rows.
        # It gives their paths as parts of an address: a blank in a folder's name comes back as %20.
        files = [unquote(uri) for uri in table.file_uris()]
        return pl.scan_parquet(files, schema=COLUMNS, glob=False).sort("row")

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
        """Every version, oldest first."""
        import deltalake

        if not (self.folder / "_delta_log").exists():
            return []
        entries = deltalake.DeltaTable(str(self.folder)).history()
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
