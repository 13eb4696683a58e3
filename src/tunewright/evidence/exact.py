"""Groups of rows that are equal after normalization: by prompt, by answer, or by both.

Texts are grouped by a 64-bit hash first; where hashes meet, the normalized texts themselves decide.
"""

from typing import Literal

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.evidence.normalize import normalized, normalized_keys

Side = Literal["prompt", "answer", "both"]
VERSION = 2


def exact_groups(corpus: Corpus, side: Side) -> pl.DataFrame:
    """Every row that has an exact-normalized copy: `row` and `representative`, the first row of its group.

    Rows whose text is empty are in no group. ``both`` compares the prompt together with the answer and the label.
    """
    columns: list[str] = ["prompt", "answer", "label"] if side == "both" else [side]

    def make() -> pl.DataFrame:
        met = _hashes_meet(corpus, columns)
        texts = corpus.scan("row", *columns).join(met.lazy(), on="row", how="semi")
        same = [f"key_{name}" for name in columns]
        return (
            texts.select("row", *[normalized(name).alias(f"key_{name}") for name in columns])
            .with_columns(size=pl.len().over(same), representative=pl.col("row").min().over(same))
            .filter(pl.col("size") > 1)
            .select("row", "representative")
            .sort("row")
            .collect()
        )

    return corpus.frame_evidence("exact_groups", [VERSION, side], make)


def _hashes_meet(corpus: Corpus, columns: list[str]) -> pl.DataFrame:
    """Rows that share the hashes of all `columns` with another row; an empty first column is in no group."""
    joined, *others = [_keys(corpus, name).rename({"key": name}) for name in columns]
    for keys in others:
        joined = joined.join(keys, on="row", how="left")
    # Null is a value here: two rows without an answer have the same answer.
    return joined.filter(pl.struct(columns).is_duplicated()).select("row")


def _keys(corpus: Corpus, column: str) -> pl.DataFrame:
    """Hashes of one column; another release of polars may hash otherwise, so its version is part of the key."""
    return corpus.frame_evidence(
        "text_keys",
        [VERSION, column, pl.__version__],
        lambda: normalized_keys(corpus.scan("row", column).collect(), column),
    )
