"""The rows a method trains and validates on, with what each weighs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.errors import UserError


@dataclass(frozen=True)
class LabelledRows:
    """Texts with their label's index.

    Attributes:
        rows: positions in the corpus.
        texts: the prompts.
        targets: label indices, shape ``(n,)``.
        weights: what each row's loss weighs, shape ``(n,)``, mean 1 (so that weights do not raise the learning rate).
    """

    rows: npt.NDArray[np.int64]
    texts: list[str]
    targets: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]


def labelled(corpus: Corpus, split: str, labels: tuple[str, ...]) -> LabelledRows:
    """The rows of one split that have one of `labels`, in `row` order.

    Raises:
        UserError: E-TRAIN-007 when there is none.
    """
    index = pl.DataFrame({"label": list(labels), "target": range(len(labels))}, schema_overrides={"target": pl.Int64})
    frame = (
        corpus.scan("row", "prompt", "label", "weight", "split")
        .filter(pl.col("split") == split)
        .join(index.lazy(), on="label", how="inner")
        .sort("row")
        .collect()
    )
    if frame.is_empty():
        raise none_in(split, "one of the plan's labels")
    weights = frame["weight"].fill_null(1.0).to_numpy()
    return LabelledRows(
        rows=frame["row"].to_numpy(),
        texts=frame["prompt"].fill_null("").to_list(),
        targets=frame["target"].to_numpy(),
        weights=(weights / weights.mean()).astype(np.float32),
    )


def none_in(split: str, what: str) -> UserError:
    """The error that a split has no row to use."""
    return UserError(
        "E-TRAIN-007",
        f"No row of the {split} split has {what}.",
        why="Without training rows nothing is learned, and without validation rows no checkpoint can be chosen.",
        fix="Look at `tunewright split`; give more rows, or other shares in `split:`.",
    )
