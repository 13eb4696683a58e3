"""Answers to one question: rows whose prompt, and whatever was said before it, are the same or nearly so.

A last turn such as "yes" asks another thing in every conversation, so earlier turns, system prompt included, must be
equal. Rows whose prompt or answer says nothing are in no group; other checks have them.
"""

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.similarity.exact import exact_groups
from tunewright.text.normalize import normalized
from tunewright.text.placeholders import says_nothing

#: What does not change a question. Every other word can: near-duplicate clusters, tried first, put the causes of one
#: hereditary disease with those of the next (1,072 of 13,970 medical answers "contradicted" each other).
SAY_LITTLE = (
    "a", "an", "the", "i", "me", "my", "we", "us", "our", "you", "your", "it", "is", "are", "am", "was", "were", "be",
    "been", "do", "does", "did", "have", "has", "had", "will", "would", "can", "could", "should", "may", "like", "want",
    "need", "know", "tell", "help", "please", "kindly", "thank", "thanks", "many", "hi", "hello", "hey", "dear", "good",
    "morning", "afternoon", "evening", "day", "there", "team", "regards", "best", "just", "so", "and", "advise", "to",
    "of", "that", "this", "now", "really", "also",
)  # fmt: skip


def answer_groups(corpus: Corpus, *, near: bool) -> pl.DataFrame:
    """`row`, `group` (its first row), `prompt`, `answer` and `line` of every row that shares its question with another.

    Args:
        corpus: rows with answers.
        near: also prompts that hold the same words but for :data:`SAY_LITTLE`, in any order; otherwise prompts that
            are equal after normalization.
    """
    lazy = corpus.scan("row", "line", "prompt", "answer", "messages")
    if near:
        words = normalized("prompt").str.split(" ")
        telling = words.list.set_difference(list(SAY_LITTLE)).list.sort()
        lazy = lazy.with_columns(question=telling.list.join(" "), words=telling.list.len()).filter(pl.col("words") > 1)
        lazy = lazy.filter(pl.col("question").is_duplicated())
    else:
        alike = exact_groups(corpus, "prompt").select("row", question="representative")
        lazy = lazy.join(alike.lazy(), on="row")
    rows = lazy.collect()
    for side in ("prompt", "answer"):
        rows = rows.join(says_nothing(rows, side), on="row", how="anti")
    same = ["question", "before"]
    return (
        rows.with_columns(before=_before(pl.col("messages")))
        .with_columns(group=pl.col("row").min().over(same, order_by="row"), size=pl.len().over(same))
        .filter(pl.col("size") > 1)
        .select("row", "group", "prompt", "answer", "line")
        .sort("row")
    )


def _before(messages: pl.Expr) -> pl.Expr:
    """Roles and contents before the last question and answer, as one text."""
    earlier = messages.list.head(pl.max_horizontal(messages.list.len().cast(pl.Int64) - 2, pl.lit(0)))
    turn = pl.element().struct.field("role").fill_null("") + "\n" + pl.element().struct.field("content").fill_null("")
    return earlier.list.eval(turn).list.join("\n\n").fill_null("")
