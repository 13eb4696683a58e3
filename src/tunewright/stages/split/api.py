"""Stratified train, validation and test rows; copies and near-identical texts never straddle two of them.

Rows that must stay together form groups: the same normalized prompt, a near-duplicate of one representative, and,
when asked, one subject or source. Within each class the groups are put in an order that depends only on the seed
and on their content, and the first of them go to test and validation until their shares are filled; so the split
does not depend on the order of the file, and a row added later moves few others.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.divided import Division
from tunewright.core.errors import UserError
from tunewright.similarity.exact import exact_groups
from tunewright.similarity.near_duplicates import near_duplicates
from tunewright.stages.split.settings import SplitSettings

SPLITS = ("train", "validation", "test")


def split(corpus: Corpus, settings: SplitSettings, *, seed: int) -> tuple[pl.DataFrame, Division]:
    """The rows of `corpus` with `split` filled in, and the count of each side.

    Raises:
        UserError: E-SPLIT-001 when a side would be empty, E-SPLIT-002 when the file's own split column holds
            anything but train, validation and test.
    """
    frame = corpus.scan().collect()
    use_own = settings.given and frame["split"].null_count() == 0 and len(frame) > 0
    groups = _groups(corpus, frame, settings)
    if use_own:
        _refuse_unknown(frame)
        frame = _carve_validation(frame, groups, settings, seed)
    else:
        frame = frame.with_columns(split=_assign(frame, groups, settings.test, settings.validation, seed))
    division = Division(
        rows={side: frame.filter(pl.col("split") == side).height for side in SPLITS},
        groups=int(np.unique(groups).size),
        classes=_classes(frame),
        given=use_own,
    )
    _refuse_empty(division)
    return frame, division


def _groups(corpus: Corpus, frame: pl.DataFrame, settings: SplitSettings) -> npt.NDArray[np.int64]:
    """A group number for each row, shape ``(n_rows,)``: connected components of "must stay together"."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    exact = exact_groups(corpus, "prompt").select("row", "representative")
    edges = [exact]
    if settings.near_duplicates:
        edges.append(near_duplicates(corpus, column="prompt").select("row", "representative"))
    if settings.by:
        same = frame.select("row", key=pl.col(settings.by)).drop_nulls()
        edges.append(same.select("row", representative=pl.col("row").min().over("key")))
    pairs = pl.concat(edges)
    n = frame.height
    ones = np.ones(pairs.height, dtype=np.int8)
    graph = coo_matrix((ones, (pairs["row"].to_numpy(), pairs["representative"].to_numpy())), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _assign(frame: pl.DataFrame, groups: npt.NDArray[np.int64], test: float, validation: float, seed: int) -> pl.Series:
    """The side of each row: per class, groups in seeded order fill test, then validation, then train."""
    rows = frame.select("label", group=pl.Series(groups), order=_seeded_order(frame["content_digest"], seed))
    table = (
        rows.group_by("group")
        .agg(label=pl.col("label").mode().sort().first(), order=pl.col("order").min(), size=pl.len())
        .sort("label", "order", "group")
        .with_columns(
            rank=pl.int_range(pl.len()).over("label"),
            count=pl.len().over("label"),
            before=(pl.col("size").cum_sum() - pl.col("size")).over("label"),
            total=pl.col("size").sum().over("label"),
        )
        .with_columns(middle=(pl.col("before") + pl.col("size") / 2) / pl.col("total"))
        .with_columns(
            # A class of three groups or more is seen on every side, or its recall could not be measured at all.
            split=pl.when((pl.col("middle") < test) | ((pl.col("rank") == 0) & (pl.col("count") >= 3)))
            .then(pl.lit("test"))
            .when((pl.col("middle") < test + validation) | ((pl.col("rank") == 1) & (pl.col("count") >= 3)))
            .then(pl.lit("validation"))
            .otherwise(pl.lit("train"))
        )
    )
    return rows.select("group").join(table, on="group", how="left", maintain_order="left")["split"]


def _seeded_order(digests: pl.Series, seed: int) -> pl.Series:
    """A pseudo-random number per row from its content and the seed (splitmix64's finalizer; Steele et al. 2014)."""
    raw = digests.str.slice(0, 15).str.to_integer(base=16).cast(pl.UInt64).to_numpy()
    with np.errstate(over="ignore"):
        z = raw + np.uint64(0x9E3779B97F4A7C15) * np.uint64(seed + 1)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return pl.Series("order", z ^ (z >> np.uint64(31)))


def _carve_validation(
    frame: pl.DataFrame, groups: npt.NDArray[np.int64], settings: SplitSettings, seed: int
) -> pl.DataFrame:
    """The file's own split, with the sides that it lacks taken from its training rows."""
    have = set(frame["split"].unique())
    if {"test", "validation"} <= have:
        return frame
    train = frame.filter(pl.col("split") == "train")
    sides = _assign(
        train,
        groups[train["row"].to_numpy()],
        0.0 if "test" in have else settings.test,
        0.0 if "validation" in have else settings.validation,
        seed,
    )
    if "test" in have:  # the first group of each class must not leave for a test side that exists already
        sides = sides.replace("test", "validation")
    elif "validation" in have:
        sides = sides.replace("validation", "train")
    moved = train.select("row", side=sides)
    joined = frame.join(moved, on="row", how="left", maintain_order="left")
    return joined.with_columns(split=pl.coalesce("side", "split")).drop("side")


def _refuse_unknown(frame: pl.DataFrame) -> None:
    """Raise E-SPLIT-002 when the file's own split column holds anything but the three splits."""
    unknown = sorted(set(frame["split"].unique()) - set(SPLITS))
    if unknown:
        raise UserError(
            "E-SPLIT-002",
            f"The split column holds {', '.join(map(repr, unknown[:3]))}.",
            why="Rows would be left out of training and evaluation alike.",
            fix="Use train, validation and test, or set split.given: false.",
        )


def _refuse_empty(division: Division) -> None:
    """Raise E-SPLIT-001 when a split has no row."""
    empty = [side for side in SPLITS if not division.rows[side]]
    if empty:
        raise UserError(
            "E-SPLIT-001",
            f"No row is left for {' and '.join(empty)}: {division.groups} groups of texts that belong together.",
            why="A model that is not tested on unseen rows has no score.",
            fix="Add rows, or raise split.test and split.validation.",
        )


def _classes(frame: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Rows of each class by split, sorted by class; rows without a label are left out."""
    counts = frame.drop_nulls("label").group_by("label", "split").len().sort("label", "split")
    table: dict[str, dict[str, int]] = {}
    for label, side, rows in counts.rows():  # one row per class and side, not per example
        table.setdefault(label, dict.fromkeys(SPLITS, 0))[side] = rows
    return table
