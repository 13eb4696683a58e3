"""Rows that say what another row says in other words, by the vectors of their texts.

A warning: they are real, and what a classifier should see, but ten wordings of one customer's matter outweigh the rest.
``reweight`` lets a family of them count like few (like one with ``growth: 0``) once it is named in ``clean.fixes``;
nothing is deleted. Exact and near copies are left to their own checks. Rows whose numbers, dates, codes, names or
negations differ are never called the same. How pairs are found and how the threshold is calibrated on rows with
other labels: `similarity/semantic.py`, `text/invariants.py`.
"""

import numpy as np
import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.similarity.semantic import SemanticOptions, semantic_pairs


class Options(SemanticOptions):
    """What reads the texts, and how sure a pair must be."""


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Rows that restate another, each with the row that stands for its family."""
    pairs = semantic_pairs(corpus, SemanticOptions.model_validate(options.model_dump()))
    if pairs.is_empty():
        return ()
    members = families(pairs.select("one", "two", "similarity"))
    lines = corpus.scan("row", "line").collect().rename({"row": "other", "line": "other_line"})
    restating = members.join(lines, on="other", how="left", maintain_order="left")
    return (
        Finding.of(
            restating.select("row", "other", "other_line", "similarity", "cluster", score="similarity"),
            check="semantic_duplicates",
            kind="prompt",
            severity="warning",
            message="says what line {other_line} says in other words (similarity {similarity:.2f})",
            fix="reweight",
            facts={"families": restating["cluster"].n_unique(), "model": pairs["model"][0],
                   "thresholds": sorted(pairs["threshold"].unique().to_list())},
        ),
    )  # fmt: skip


def families(pairs: pl.DataFrame) -> pl.DataFrame:
    """Each row with the row that it restates: nobody joins a family over a third row.

    A row with the most restatements stands for them, the first of equals; what is left is divided the same way.

    Args:
        pairs: `one`, `two`, `similarity`.

    Returns:
        `row`, `other` (who stands for the family), `similarity` to it and `cluster`, numbered by `other`.
    """
    from tunewright.kernels.families import assign_leaders

    both = pl.concat([pairs, pairs.select(one="two", two="one", similarity="similarity")])
    both = both.unique(["one", "two"], keep="last").sort("one", "two")
    rows, at = np.unique(both["one"].to_numpy(), return_inverse=True)
    neighbors = np.searchsorted(rows, both["two"].to_numpy())
    degrees = np.bincount(at, minlength=rows.size)
    leaders = np.full(rows.size, -1, dtype=np.int64)
    assign_leaders(np.argsort(-degrees, kind="stable"), np.concatenate([[0], np.cumsum(degrees)]), neighbors, leaders)
    members = both.filter(pl.Series(leaders[at] == neighbors)).select("similarity", row="one", other="two")
    return members.select("row", "other", "similarity", cluster=pl.col("other").rank("dense").cast(pl.Int64))
