"""Versions of the data: who, why, and each made once."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tunewright.core.dataset import COLUMNS
from tunewright.core.errors import DamagedOutput, ExitCode, UserError
from tunewright.core.table import Table


def rows(*prompts: str) -> pl.DataFrame:
    frame = pl.DataFrame({"row": range(len(prompts)), "prompt": prompts, "task": ["classify"] * len(prompts)})
    missing = [pl.lit(None, kind).alias(name) for name, kind in COLUMNS.items() if name not in frame.columns]
    return frame.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in COLUMNS.items())


def test_every_version_stays_readable_with_who_and_why(tmp_path: Path) -> None:
    table = Table(tmp_path / "data")
    first = table.commit(rows("a", "b"), task="classify", who="dana", why="read x.csv", key="k1")
    second = table.commit(rows("a"), task="classify", who="ed", why="clean", key="k2")
    assert [(c.version, c.who, c.why, c.rows) for c in table.history()] == [
        (0, "dana", "read x.csv", 2),
        (1, "ed", "clean", 1),
    ]
    assert table.scan(0).collect()["prompt"].to_list() == ["a", "b"]
    assert table.scan(1).collect()["prompt"].to_list() == ["a"]
    assert first.digest != second.digest


@pytest.mark.parametrize("name", ["my desk", "50% off", "desk *", "Büro"])
def test_a_folder_of_any_name_is_read_back(name: str, tmp_path: Path) -> None:
    table = Table(tmp_path / name / "data")
    table.commit(rows("a", "b"), task="classify", who="dana", why="w", key="k")
    assert table.scan(0).collect()["prompt"].to_list() == ["a", "b"]


@pytest.mark.parametrize("name", ["50%20off", "desk [old]", "a|b", "desk #3"])
def test_a_folder_that_delta_cannot_write_to_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as told:
        Table(tmp_path / name / "data").commit(rows("a"), task="classify", who="dana", why="w", key="k")
    assert told.value.code == "E-STORE-002"


def test_a_commit_repeated_after_a_kill_is_recognized(tmp_path: Path) -> None:
    table = Table(tmp_path / "data")
    first = table.commit(rows("a"), task="classify", who="dana", why="w", key="same")
    again = table.commit(rows("a"), task="classify", who="dana", why="w", key="same")
    assert first == again
    assert len(table.history()) == 1


def test_the_digest_is_of_the_rows_and_not_of_the_version(tmp_path: Path) -> None:
    table = Table(tmp_path / "data")
    first = table.commit(rows("a"), task="classify", who="d", why="w", key="1")
    later = table.commit(rows("a"), task="classify", who="d", why="w", key="2")
    assert first.version != later.version
    assert first.digest == later.digest == table.dataset(1).digest


def test_an_unknown_version_names_those_that_exist(tmp_path: Path) -> None:
    table = Table(tmp_path / "data")
    table.commit(rows("a"), task="classify", who="d", why="w", key="1")
    with pytest.raises(UserError, match="no version 7") as caught:
        table.scan(7)
    assert caught.value.fix == "Versions: 0."


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:50])


@pytest.mark.parametrize(
    ("pattern", "harm", "what"),
    [
        ("*.parquet", cut_short, r"parquet has 50 bytes where [\d,]+ were written"),
        ("*.parquet", Path.unlink, r"parquet is missing"),
        ("_delta_log/*.json", cut_short, r"_delta_log cannot be read \(.+\)"),
    ],
)
def test_a_damaged_version_is_an_error_of_ours_before_polars_or_delta_stumble(
    tmp_path: Path, pattern: str, harm: Callable[[Path], None], what: str
) -> None:
    table = Table(tmp_path / "my desk" / "data")
    table.commit(rows("a", "b"), task="classify", who="dana", why="w", key="k")
    assert table.scan(0).collect().height == 2
    harm(next(table.folder.glob(pattern)))
    with pytest.raises(DamagedOutput, match=what) as damaged:
        table.scan(0)
    assert (damaged.value.code, damaged.value.exit_code) == ("E-STORE-005", ExitCode.DENIED)
    assert damaged.value.fix.endswith("mv .tunewright .tunewright.set-aside")
