"""Pairs of rows that say the same in other words, and how alike two rows of this corpus must be for that.

Compared are rows that are no copies of each other already, and only where numbers and negations are equal
(`text/invariants.py`). The score of a pair is the lesser of two cosines: of the whole texts, and of what either says
that the other does not. The second one tells a restatement from a template with other content: on invented reports it
kept 69 of 87 restatements and none of 6 strangers with the same number in them (seeds 0 and 1).

The threshold is found by target-decoy counting (Elias and Gygi 2007, doi 10.1038/nmeth1019; the added one is Barber and
Candes 2015, arXiv 1404.5609): pairs with different labels are no restatements, so their number above a threshold says
how many of the pairs with one label are chance. Pairs that share a number are counted apart from those without any:
among few rows with one order number a lower cosine means more.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.frozen import Frozen
from tunewright.similarity.near_duplicates import near_duplicates
from tunewright.similarity.neighbors import neighbors
from tunewright.similarity.semantic_vectors import Embed, Vectors, vectors_of
from tunewright.text.invariants import invariants, may_be_the_same
from tunewright.text.placeholders import says_nothing

#: Raised when the same options would give other pairs; part of the key that they are kept under.
VERSION = 2
#: Score below which no pair is the same, whatever its neighbors: with the same number in both, and without any.
LEAST = {True: 0.45, False: 0.8}
#: Neighbors of a row that are looked at, and rows up to which all pairs of a group are.
NEIGHBORS, SMALL = 3, 16


class SemanticOptions(Frozen):
    """What reads the texts, and how sure a pair must be."""

    model: str = Field(
        "auto",
        description="What reads the texts: auto, tfidf, base (the model to tune), or an encoder.",
    )
    encoder_rows: int = Field(
        1000,
        ge=0,
        description="Rows to compare up to which auto takes the bundled encoder; beyond, tfidf, which takes seconds.",
    )
    false_rate: float = Field(
        0.1, gt=0, lt=1, description="Share of found pairs that may be chance, measured on pairs of other labels."
    )
    threshold: float | None = Field(
        None, gt=0, le=1, description="Similarity from which a pair says the same; empty finds it from the data."
    )
    uncalibrated: float = Field(
        0.9, gt=0, le=1, description="Threshold where there are too few labelled pairs to find one."
    )


def semantic_pairs(corpus: Corpus, options: SemanticOptions) -> pl.DataFrame:
    """Pairs of rows of one label that say the same.

    Returns:
        `one`, `two` (rows), `similarity`, `threshold` it had to reach, `calibrated` and `model`, sorted.
    """
    target = corpus.context.target
    base = target.base if target else None

    def make() -> pl.DataFrame:
        rows = _rows(corpus)
        min_scores = {kind: min(least, options.threshold or 1.0) for kind, least in LEAST.items()}
        nothing = _above(_scored(rows.clear(), _unread, min_scores), options).with_columns(model=pl.lit(""))
        if rows.is_empty():
            return nothing
        model = options.model
        if model == "auto":
            model = "all-MiniLM-L6-v2" if rows.height <= options.encoder_rows else "tfidf"
        embed = vectors_of(model, rows["text"], base=base, progress=corpus.progress)
        scored = _scored(rows, embed, min_scores)
        reaching = [_above(part, options) for _, part in scored.group_by("anchored", maintain_order=True)]
        return (
            pl.concat([_above(scored.clear(), options), *reaching]).sort("one", "two").with_columns(model=pl.lit(model))
        )

    return corpus.frame_evidence("semantic_pairs", [VERSION, options.content(), base], make)


def _unread(texts: pl.Series) -> Vectors:
    """Zeros in the place of vectors, ``(n, 1)``: what an empty corpus is read with."""
    return np.zeros((len(texts), 1), np.float32)


def _rows(corpus: Corpus) -> pl.DataFrame:
    """Rows that some other row may restate, by text: `row`, `label`, `text`, `group`, and what may not differ."""
    rows = (
        corpus.scan("row", "label", "source_id", "prompt").collect().rename({"source_id": "source", "prompt": "text"})
    )
    rows = rows.join(says_nothing(rows, "text"), on="row", how="anti")
    near = near_duplicates(corpus)
    copies = near.filter((pl.col("first") != pl.col("row")) | (pl.col("twin") != pl.col("row")))
    rows = rows.join(copies, on="row", how="anti").sort("text", "row")
    described = rows.drop("source").with_columns(invariants(rows).drop("row"))
    alike = ["numbers", "negations"]
    clusters = near.select("row", "cluster")
    return (
        described.with_columns(size=pl.len().over(alike), group=pl.struct(alike).rank("dense"))
        .filter(pl.col("size") > 1)
        .join(clusters, on="row", how="left", maintain_order="left")
        .with_columns(anchored=pl.col("numbers").list.len() > 0)
    )


def _scored(rows: pl.DataFrame, embed: Embed, min_scores: dict[bool, float]) -> pl.DataFrame:
    """Every pair that may be the same: `left`, `right`, `same` label, `anchored`, `score`."""
    vectors = embed(rows["text"]) if rows.height else np.zeros((0, 1), np.float32)
    numbered = rows.with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))
    pairs = pl.concat(list(_candidates(numbered, vectors, min_scores)))
    left = numbered.select(at_one="at", one="row", label_one="label", cluster_one="cluster", anchored="anchored")
    right = numbered.select(at_two="at", two="row", label_two="label", cluster_two="cluster")
    paired = pairs.join(left, on="at_one", maintain_order="left").join(right, on="at_two", maintain_order="left")
    # Copies with other words in one cluster are left to the check that found the cluster.
    paired = paired.filter((pl.col("cluster_one") != pl.col("cluster_two")).fill_null(value=True))
    paired = may_be_the_same(paired, rows.select("row", "names", "words"))
    rest = _rest(paired, embed)
    scored = paired.select(
        pl.min_horizontal("one", "two").alias("one"),
        pl.max_horizontal("one", "two").alias("two"),
        "anchored",
        same=pl.col("label_one").eq_missing(pl.col("label_two")),
        labelled=pl.col("label_one").is_not_null() & pl.col("label_two").is_not_null(),
        score=pl.Series(np.minimum(paired["cosine"].to_numpy(), rest), dtype=pl.Float64),
    )
    return scored.filter(pl.col("score") >= pl.col("anchored").replace_strict(min_scores, return_dtype=pl.Float64))


def _candidates(rows: pl.DataFrame, vectors: Vectors, min_scores: dict[bool, float]) -> Iterator[pl.DataFrame]:
    """`at_one`, `at_two`, `cosine` of near pairs inside each group."""
    few = rows.filter(pl.col("size") <= SMALL).select("at", "group", "anchored")
    pairs = few.join(few.select("group", at_two="at"), on="group").filter(pl.col("at") < pl.col("at_two"))
    first, second = pairs["at"].to_numpy(), pairs["at_two"].to_numpy()
    least = pairs["anchored"].replace_strict(min_scores, return_dtype=pl.Float64).to_numpy()
    cosine = _cosines(vectors, first, second)
    near = cosine >= least
    yield _pairs(first[near], second[near], cosine[near])
    for part in rows.filter(pl.col("size") > SMALL).partition_by("group", maintain_order=True):
        at = part["at"].to_numpy()
        left, right, _ = neighbors(vectors[at], count=NEIGHBORS, least=min_scores[part["anchored"][0]])
        yield _pairs(at[left], at[right], _cosines(vectors, at[left], at[right]))


def _cosines(vectors: Vectors, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Cosine of each pair to six digits, row by row: the sum of a pair has one order wherever the pair stands."""
    parts = [
        np.einsum(
            "ij,ij->i", vectors[first[at : at + 65536]].astype(float), vectors[second[at : at + 65536]].astype(float)
        )
        for at in range(0, len(first), 65536)
    ]
    return np.round(np.concatenate([np.zeros(0), *parts]), 6)


def _pairs(
    first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], cosine: npt.NDArray[np.float64]
) -> pl.DataFrame:
    return pl.DataFrame(
        {"at_one": first, "at_two": second, "cosine": cosine},
        schema={"at_one": pl.Int64, "at_two": pl.Int64, "cosine": pl.Float64},
    )


def _rest(pairs: pl.DataFrame, embed: Embed) -> npt.NDArray[np.float64]:
    """Cosine of what each text of a pair says that the other does not; 1 where one of them adds nothing."""
    numbered = pairs.select("words", "words_two").with_row_index("pair")
    mine, theirs = _only(numbered, "words", "words_two"), _only(numbered, "words_two", "words")
    texts = pl.concat([mine, theirs]).unique().sort()
    if texts.is_empty():
        return np.ones(0)
    vectors = embed(texts)
    places = pl.Series(range(len(texts)), dtype=pl.Int64)
    first = mine.replace_strict(texts, places, return_dtype=pl.Int64).to_numpy()
    second = theirs.replace_strict(texts, places, return_dtype=pl.Int64).to_numpy()
    nothing = ((mine == "") | (theirs == "")).to_numpy()
    return np.where(nothing, 1.0, _cosines(vectors, first, second))


def _only(pairs: pl.DataFrame, words: str, others: str) -> pl.Series:
    """The `words` of each pair that are not among its `others`, in their order, as one text."""
    mine = pairs.select("pair", word=words).explode("word", empty_as_null=True)
    theirs = pairs.select("pair", word=others).explode("word", empty_as_null=True)
    left = (
        mine.join(theirs, on=["pair", "word"], how="anti", maintain_order="left")
        .group_by("pair", maintain_order=True)
        .agg(text=pl.col("word").str.join(" "))
    )
    return pairs.select("pair").join(left, on="pair", how="left", maintain_order="left")["text"].fill_null("")


def _above(pairs: pl.DataFrame, options: SemanticOptions) -> pl.DataFrame:
    """The pairs of one label that reach the threshold of their kind."""
    calibrated = calibrated_threshold(pairs, options.false_rate) if options.threshold is None else None
    threshold = options.threshold or calibrated or options.uncalibrated
    return pairs.filter(pl.col("same") & (pl.col("score") >= threshold)).select(
        "one",
        "two",
        similarity="score",
        threshold=pl.lit(threshold),
        calibrated=pl.lit(calibrated is not None),
    )


def calibrated_threshold(pairs: pl.DataFrame, false_rate: float) -> float | None:
    """The least score from which at most `false_rate` of the pairs of one label are chance; None if none is.

    Args:
        pairs: `score`, `same` (the labels are equal) and `labelled`.
        false_rate: (pairs of different labels + 1) / pairs of one label, among those at or above the score.
    """
    counted = (
        pairs.filter("labelled")
        .group_by("score")
        .agg(same=pl.col("same").sum(), other=(~pl.col("same")).sum())
        .sort("score", descending=True)
        .with_columns(pl.col("same").cum_sum(), pl.col("other").cum_sum())
        .filter((pl.col("other") + 1) <= false_rate * pl.col("same"))
    )
    least = counted["score"].min()
    return None if least is None else float(least)  # type: ignore[arg-type]
