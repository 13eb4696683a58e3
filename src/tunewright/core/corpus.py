"""A dataset opened for reading, with shared evidence computed once."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from secrets import token_bytes
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from tunewright.core.context import Context
from tunewright.core.dataset import Dataset
from tunewright.core.digest import digest
from tunewright.core.progress import SILENT, Progress

Evidence = TypeVar("Evidence")
VIEW_LIMIT = 1000
SECRET_BYTES = 32


class Corpus:
    """Rows of one dataset, read lazily by column, and what has been computed about them.

    Args:
        dataset: the header of the rows.
        lazy: the rows themselves, in `row` order.
        evidence: folder where evidence is kept between runs; None keeps it in memory only.
        context: what the rows may be held against.
        progress: where long computations report.
        secret: random bytes that are forgotten with the corpus; handed on to one of the same rows further on in the
            same work, and new where none are given.
    """

    def __init__(
        self,
        dataset: Dataset,
        lazy: pl.LazyFrame,
        *,
        evidence: Path | None = None,
        context: Context | None = None,
        progress: Progress = SILENT,
        secret: bytes = b"",
    ) -> None:
        self.dataset = dataset
        self.context = context or Context()
        self.progress = progress
        self.secret = secret or token_bytes(SECRET_BYTES)
        self._lazy = lazy
        self._folder = evidence
        self._memory: dict[str, Any] = {}

    @property
    def evidence(self) -> Path | None:
        """Folder where evidence is kept between runs."""
        return self._folder

    def __len__(self) -> int:
        return self.dataset.rows

    def scan(self, *columns: str) -> pl.LazyFrame:
        """A lazy frame of the named columns (all when none is named)."""
        return self._lazy.select(columns) if columns else self._lazy

    def column(self, name: str) -> pl.Series:
        """One column in `row` order, shape ``(n_rows,)``."""
        return self.scan(name).collect().to_series()

    def batches(self, *columns: str, size: int = 8192) -> Iterator[pa.RecordBatch]:
        """Arrow batches of at most `size` rows, for models and tokenizers."""
        yield from self.scan(*columns).collect().to_arrow().to_batches(max_chunksize=size)

    def view(self, rows: Sequence[int]) -> pl.DataFrame:
        """All columns of a few rows, for people; at most 1,000 at a time."""
        if len(rows) > VIEW_LIMIT:
            raise ValueError(f"a view shows at most {VIEW_LIMIT} rows, {len(rows)} were asked for")
        return self._lazy.filter(pl.col("row").is_in(list(rows))).sort("row").collect()

    def frame_evidence(self, name: str, settings: Any, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """A frame computed once for this dataset and these settings, kept as Parquet."""
        key = self._key(name, settings)
        if key not in self._memory:
            path = self._path(key, ".parquet")
            frame = _readable(path, pl.read_parquet)
            if frame is None:
                frame = make()
                if path is not None:
                    _publish(path, frame.write_parquet)
            self._memory[key] = frame
        evidence: pl.DataFrame = self._memory[key]
        return evidence

    def array_evidence(self, name: str, settings: Any, make: Callable[[], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """An array whose first axis is rows, computed once and memory-mapped from ``.npy`` afterwards."""
        key = self._key(name, settings)
        if key not in self._memory:
            path = self._path(key, ".npy")
            array = _readable(path, lambda file: np.load(file, mmap_mode="r"))
            if array is None:
                array = make()
                if path is not None:
                    _publish(path, partial(_save, array=array))
            self._memory[key] = array
        evidence: npt.NDArray[Any] = self._memory[key]
        return evidence

    def _key(self, name: str, settings: Any) -> str:
        return f"{name}-{digest([self.dataset.root, settings])[7:31]}"

    def _path(self, key: str, suffix: str) -> Path | None:
        return None if self._folder is None else self._folder / (key + suffix)


def _readable(path: Path | None, read: Callable[[Path], Evidence]) -> Evidence | None:
    """What is kept at `path`; None when nothing is, or what was cut short: evidence can be made again."""
    if path is None or not path.exists():
        return None
    try:
        return read(path)
    except (pl.exceptions.PolarsError, ValueError, EOFError):
        return None


def _save(target: Path, array: npt.NDArray[Any]) -> None:
    with target.open("wb") as stream:
        np.save(stream, array)


def _publish(path: Path, write: Callable[[Path], object]) -> None:
    from tunewright.core.files import publish

    publish(path, write)
