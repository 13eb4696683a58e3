"""Evidence is computed once for the same rows and the same settings, and anew for any others."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tunewright.core.corpus import Corpus
from tunewright.core.dataset import Dataset

ROWS = pl.DataFrame({"row": [0, 1, 2], "prompt": ["a", "b", "c"]})


def corpus(folder: Path | None, root: str = "sha256:rows") -> Corpus:
    return Corpus(Dataset(table="t", version=0, rows=3, task="reply", root=root), ROWS.lazy(), evidence=folder)


class Maker:
    """Makes evidence that says how it was made, and counts."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.made: list[Any] = []

    def __call__(self, rows: Corpus, name: str, settings: Any) -> Any:
        def make() -> Any:
            self.made.append(settings)
            number = len(self.made)
            return pl.DataFrame({"number": [number]}) if self.kind == "frame" else np.array([number])

        if self.kind == "frame":
            return rows.frame_evidence(name, settings, make)["number"].item()
        return int(rows.array_evidence(name, settings, make)[0])


@pytest.mark.parametrize("kind", ["frame", "array"])
@pytest.mark.parametrize("where", ["in memory", "on disk"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"threshold": 0.8}, {"threshold": 0.9}),
        ([1, {"column": "prompt"}], [1, {"column": "answer"}]),
        ([1], [2]),
        (None, 0),
    ],
)
def test_a_changed_setting_is_another_evidence(kind: str, where: str, first: Any, second: Any, tmp_path: Path) -> None:
    make, folder = Maker(kind), tmp_path if where == "on disk" else None
    rows = corpus(folder)
    assert (make(rows, "pairs", first), make(rows, "pairs", second)) == (1, 2)
    again = corpus(folder) if folder else rows
    assert (make(again, "pairs", first), make(again, "pairs", second)) == (1, 2), "each is what it was"
    assert make.made == [first, second]


@pytest.mark.parametrize("kind", ["frame", "array"])
def test_other_rows_and_other_names_have_evidence_of_their_own(kind: str, tmp_path: Path) -> None:
    make = Maker(kind)
    assert make(corpus(tmp_path), "pairs", 1) == 1
    assert make(corpus(tmp_path, root="sha256:others"), "pairs", 1) == 2
    assert make(corpus(tmp_path), "groups", 1) == 3
    assert make(corpus(tmp_path), "pairs", 1) == 1


@pytest.mark.parametrize(("kind", "suffix"), [("frame", "parquet"), ("array", "npy")])
@pytest.mark.parametrize("length", [0, 9, 100])
def test_evidence_that_was_cut_short_is_made_again(kind: str, suffix: str, length: int, tmp_path: Path) -> None:
    make = Maker(kind)
    assert make(corpus(tmp_path), "pairs", 1) == 1
    (file,) = tmp_path.glob(f"*.{suffix}")
    file.write_bytes(file.read_bytes()[:length])
    assert make(corpus(tmp_path), "pairs", 1) == 2
    assert make(corpus(tmp_path), "pairs", 1) == 2, "and kept"


def test_a_view_is_of_few_rows() -> None:
    assert corpus(None).view([2, 0])["prompt"].to_list() == ["a", "c"]
    with pytest.raises(ValueError, match="at most 1000 rows, 1001 were asked for"):
        corpus(None).view(range(1001))
