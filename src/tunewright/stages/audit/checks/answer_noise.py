"""Answers that fit another question than their own: moved by a row, or pasted from another case.

Only rows whose question is asked more than once are judged, and two things must come together. The answer shares few of
its words with the question and with the other answers to it (weighted by rarity, so that house style counts for little;
the idea of ROUGE, Lin 2004, W04-1013, against all the others at once). And it is not what such a question is answered
with elsewhere: ridge regressions between the vectors of questions and of answers, fitted without the row, say what is
expected, and a quarter of rows drawn at random come closer to it than the row itself. Words alone were right in one
flag of five, as short answers in other words share next to nothing; with the regressions it is seven of eight, at a
recall of 0.73 to 0.93 (golden replies of 1,500 rows, seeds 0 and 1). 100,000 rows took six minutes on two cores with a
load of 16, nearly all of it for the vectors.

The flags are for a person to look at. Contradicting facts are for the check ``conflicts``.
"""

import math

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding, NotChecked
from tunewright.core.frozen import Frozen
from tunewright.similarity.answer_groups import answer_groups

#: Words are compared by their first letters, so that "refunds" and "refunded" are one.
STEM = 5
FOLDS = 5
#: Answers drawn: the share that fits better is known to within 2 points.
DRAWN = 500
#: Added to the diagonal; vectors have length one, so this is the weight of one row.
RIDGE = 1.0
#: Cosines nearer than this are equal: another row's copy of an answer fits no better than the answer itself.
TIE = 1e-6
BATCH = 20_000


class Options(Frozen):
    """When an answer is called unlike the others."""

    near: bool = Field(True, description="Also compare answers to nearly the same question.")
    max_support: float = Field(
        0.6, ge=0, le=1, description="Weighted share of its words that the others or the question have, at most."
    )
    max_better: float = Field(
        0.25, ge=0, lt=1, description="Share of answers drawn at random that may fit the question better."
    )
    min_words: int = Field(3, ge=1, description="Different words an answer needs to be judged.")
    min_rows: int = Field(200, ge=10, description="Answers needed to learn which answer goes with which question.")
    seed: int = Field(0, description="Seed of the folds and of the draw.")


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Rows whose answer is unlike the other answers to its question, the least supported first."""
    if corpus.column("answer").null_count() == len(corpus):
        raise NotChecked("the rows have no answers")
    if len(corpus) < options.min_rows:
        raise NotChecked(f"fewer than {options.min_rows} rows do not tell which answer goes with which question")
    groups = answer_groups(corpus, near=options.near)
    # The same answer twice supports itself by being a copy, which says nothing about it.
    groups = groups.filter(pl.col("answer").n_unique().over("group") > 1)
    if groups.is_empty():
        return ()
    few = _support(corpus, groups).filter(
        (pl.col("words") >= options.min_words) & (pl.col("support") <= options.max_support)
    )
    if few.is_empty():
        return ()
    better = _better(corpus, options)[few["row"].to_numpy()]
    judged = few.with_columns(better=pl.Series(better)).filter(pl.col("better") > options.max_better)
    if judged.is_empty():
        return ()
    lines = groups.sort("row")
    others = lines.group_by("group", maintain_order=True).agg(pl.col("row").head(2), pl.col("line").head(2))
    first = pl.col("row_others").list.first() == pl.col("row")
    at = first.cast(pl.Int64)
    frame = judged.join(others, on="group", suffix="_others").select(
        "row",
        score="better",
        answers="answers",
        better="better",
        other=pl.col("row_others").list.get(at),
        other_line=pl.col("line").list.get(at),
    )
    return (
        Finding.of(
            frame,
            check="answer_noise",
            kind="unlike",
            severity="warning",
            message="its answer is unlike the {answers} others to the same question, as in line {other_line}, and "
            "{better:.0%} of all answers would fit better",
        ),
    )


def _support(corpus: Corpus, groups: pl.DataFrame) -> pl.DataFrame:
    """`row`, `group`, `answers` (others of the group), `words` and `support` of every row of `groups`."""
    weights = _weights(corpus)
    questions = corpus.scan("row", "prompt").join(groups.lazy().select("row", "group"), on="row").collect()
    question_words = (
        _words(questions, "prompt").join(questions.select("row", "group"), on="row").select("group", "word").unique()
    )
    answer_words = _words(groups, "answer").join(groups.select("row", "group"), on="row")
    shared = pl.len().over("group", "word") > 1
    known = answer_words.with_columns(shared=shared).join(
        question_words.with_columns(asked=pl.lit(value=True)), on=["group", "word"], how="left"
    )
    supported = pl.col("shared") | pl.col("asked").fill_null(value=False)
    return (
        known.join(weights, on="word", how="left")
        .sort("row", "word")
        .group_by("row", maintain_order=True)
        .agg(words=pl.len(), support=(pl.col("weight") * supported).sum() / pl.col("weight").sum())
        .join(groups.select("row", "group", answers=pl.len().over("group") - 1), on="row", maintain_order="left")
    )


def _better(corpus: Corpus, options: Options) -> npt.NDArray[np.float64]:
    """Share of answers drawn at random that fit each question better than its own, ``(n_rows,)``.

    The mean of both directions: answers to a question, and questions to an answer.
    """
    from tunewright.similarity.text_features import text_features

    texts = corpus.scan("prompt", "answer").select(pl.concat_str("prompt", "answer", separator="\n", ignore_nulls=True))
    mark = texts.collect().to_series().hash(options.seed).to_numpy()
    # Folds, draws and sums follow the texts, so that the order of the rows changes nothing.
    order = np.argsort(mark, kind="stable")
    questions, answers = (text_features(corpus, side, seed=options.seed)[order] for side in ("prompt", "answer"))
    fold = mark[order] % FOLDS
    better = np.empty(len(order))
    better[order] = (_closer(questions, answers, fold) + _closer(answers, questions, fold)) / 2
    return better


def _closer(
    inputs: npt.NDArray[np.float32], targets: npt.NDArray[np.float32], fold: npt.NDArray[np.uint64]
) -> npt.NDArray[np.float64]:
    """Share of the first :data:`DRAWN` of `targets` that are closer than a row's own to what `inputs` makes expect."""
    own_way, across = inputs.T @ inputs, inputs.T @ targets
    drawn = targets[:DRAWN]
    shares = np.zeros(len(inputs))
    for number in range(FOLDS):
        held = np.flatnonzero(fold == number)
        gram = own_way - inputs[held].T @ inputs[held] + RIDGE * np.eye(inputs.shape[1])
        weights = np.linalg.solve(gram, across - inputs[held].T @ targets[held])
        for start in range(0, len(held), BATCH):
            rows = held[start : start + BATCH]
            expected = inputs[rows] @ weights
            own = (expected * targets[rows]).sum(axis=1, keepdims=True)
            shares[rows] = (expected @ drawn.T > own + TIE).mean(axis=1)
    return shares


def _weights(corpus: Corpus) -> pl.DataFrame:
    """`word` and `weight`: the logarithm of answers per answer with the word, smoothed so that none weighs nothing."""

    def make() -> pl.DataFrame:
        words = _words(corpus.scan("row", "answer").collect(), "answer")
        n = max(words["row"].n_unique(), 1)
        counted = words.group_by("word").agg(answers=pl.len())
        return counted.select("word", weight=(math.log(n + 1) - pl.col("answers").log()).clip(0.01)).sort("word")

    return corpus.frame_evidence("answer_weights", [1, STEM], make)


def _words(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """`row` and each different `word` of its text, cut to its stem; numbers differ from case to case and are none."""
    words = pl.col(column).fill_null("").str.to_lowercase().str.extract_all(r"[\p{L}\p{M}]+")
    return (
        frame.select("row", word=words.list.eval(pl.element().str.slice(0, STEM)).list.unique())
        .explode("word")
        .drop_nulls("word")
    )
