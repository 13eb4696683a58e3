"""Groups of rows that are equal after normalization: by prompt, by answer, or by both."""

from typing import Literal

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.evidence.normalize import normalized

Side = Literal["prompt", "answer", "both"]
VERSION = 1


def exact_groups(corpus: Corpus, side: Side) -> pl.DataFrame:
    """Every row that has an exact-normalized copy: `row` and `representative`, the first row of its group.

    Rows whose text is empty are in no group. ``both`` compares the prompt together with the answer and the label.
    """

    def make() -> pl.DataFrame:
        columns = ["prompt", "answer", "label"] if side == "both" else [side]
        keys = [normalized(name).alias(f"key_{name}") for name in columns]
        main = "key_prompt" if side == "both" else f"key_{side}"
        return (
            corpus.scan("row", *columns)
            .select("row", *keys)
            .filter(pl.col(main) != "")
            .with_columns(
                size=pl.len().over([f"key_{name}" for name in columns]),
                representative=pl.col("row").min().over([f"key_{name}" for name in columns]),
            )
            .filter(pl.col("size") > 1)
            .select("row", "representative")
            .sort("row")
            .collect()
        )

    return corpus.frame_evidence("exact_groups", [VERSION, side], make)
