"""Rows that are another row with a few words or letters changed.

Kinds: ``both`` has the same label and the same (or nearly the same) answer too. Of replies it blocks: it adds nothing.
Of labelled texts it warns, since another wording of the same question is what a classifier should see, and the split
keeps both on one side: 15.7 % of banking77's own questions are near-copies, up to 31 % of one class. ``prompt`` has
another answer and is counted for information. ``template`` differs from its kin in numbers, dates or amounts (words
with a digit): such tickets are real and distinct, but a thousand of them outweigh the rest, so they warn. Rows with
another label are left to the conflicts check, exact copies to exact_duplicates.

Each row names the row that stays. Thresholds, shingles and what they find of planted copies: see
docs/decisions/010-near-duplicates.md; in short, Jaccard 0.6 finds nine in ten one-edit copies of 12-word questions.
"""

from typing import Literal

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding, Severity
from tunewright.similarity.exact import exact_groups
from tunewright.similarity.near_duplicate_options import NearDuplicateOptions
from tunewright.similarity.near_duplicates import cluster_texts, near_duplicates


class Options(NearDuplicateOptions):
    """How alike two prompts must be, how hard to look, and what becomes of copies."""

    remove: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Whether copies block and go: auto removes those of replies, not of labelled texts.",
    )


#: kind -> severity, message, fix
KINDS: dict[str, tuple[Severity, str, str | None]] = {
    "both": ("blocking", "is line {other_line} with an edit (similarity {jaccard:.2f}), answer and all", "keep_one"),
    "prompt": (
        "info",
        "asks nearly the same as line {other_line} (similarity {jaccard:.2f}), answered otherwise",
        None,
    ),
    "template": ("warning", "is the text of line {other_line} with other numbers (similarity {jaccard:.2f})", None),
}


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Near-copies, each with the row and the line that it resembles."""
    rows = _kinds(corpus, options)
    removed = options.remove == "always" or (options.remove == "auto" and corpus.dataset.task == "reply")
    kinds = KINDS if removed else {**KINDS, "both": ("warning", KINDS["both"][1], None)}
    return tuple(
        Finding.of(
            hits.select("row", "other", "other_line", "jaccard", "cluster", score="jaccard"),
            check="near_duplicates",
            kind=kind,
            severity=severity,
            message=message,
            fix=fix,
            facts={"clusters": hits["cluster"].n_unique()},
        )
        for kind, (severity, message, fix) in kinds.items()
        if (hits := rows.filter(pl.col("kind") == kind)).height
    )


def _kinds(corpus: Corpus, options: Options) -> pl.DataFrame:
    """Every near-copy with what it resembles and its kind; null where another check judges it."""
    exact = exact_groups(corpus, "prompt").filter(pl.col("row") != pl.col("representative"))
    # The very options that other stages ask with, so that the clusters are computed once.
    alike = NearDuplicateOptions.model_validate(options.model_dump(exclude={"remove"}))
    near = near_duplicates(corpus, column="prompt", options=alike).join(exact, on="row", how="anti")
    copies = pl.col("twin") != pl.col("row")
    near = near.filter(copies | (pl.col("representative") != pl.col("row"))).select(
        "row",
        "cluster",
        copy=copies,
        other=pl.when(copies).then("twin").otherwise("representative"),
        jaccard=pl.when(copies).then("twin_jaccard").otherwise("jaccard"),
    )
    texts = corpus.scan("row", "line", "label", "answer").collect()
    joined = near.join(texts, on="row", how="left").join(
        texts.rename({"row": "other", "line": "other_line", "label": "other_label", "answer": "other_answer"}),
        on="other",
        how="left",
    )
    same_label = pl.col("label").eq_missing(pl.col("other_label"))
    return joined.with_columns(same_answer=_same_answer(joined)).select(
        "row",
        "other",
        "other_line",
        "jaccard",
        "cluster",
        kind=pl.when(~pl.col("copy"))
        .then(pl.lit("template"))
        .when(same_label & pl.col("same_answer"))
        .then(pl.lit("both"))
        .when(same_label)
        .then(pl.lit("prompt")),
    )


def _same_answer(pairs: pl.DataFrame) -> pl.Series:
    """Whether `answer` and `other_answer` are equal, or near-duplicates of one answer, shape ``(n_pairs,)``."""
    answers = pl.concat([pairs["answer"], pairs["other_answer"]])
    near_answers = cluster_texts(answers)
    clusters = pl.DataFrame({"row": pl.int_range(len(answers), eager=True)}).join(
        near_answers.select("row", "cluster"), on="row", how="left", maintain_order="left"
    )["cluster"]
    near = clusters.head(pairs.height) == clusters.tail(pairs.height)
    return pairs["answer"].eq_missing(pairs["other_answer"]) | near.fill_null(value=False)
