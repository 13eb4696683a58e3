"""Every text of a row under the name of its place: the prompt, the answer, and the other turns of a conversation.

The prompt and the answer are each also a turn: the answer is the last assistant turn, the prompt the last user turn
before it. What stands in the remaining turns (a system prompt, earlier exchanges) is seen by the model too, so it is
audited and mended under the name ``messages[i]``, `i` counted from 0.
"""

import polars as pl

from tunewright.core.corpus import Corpus

TURN = r"^messages\[(\d+)\]$"


def texts(corpus: Corpus) -> pl.DataFrame:
    """`row`, `column`, `text`: every text that is not null, prompts first, each place in `row` order."""
    sides = corpus.scan("row", "prompt", "answer").collect()
    frames = [
        sides.select("row", column=pl.lit(name), text=pl.col(name)).drop_nulls("text")
        for name in ("prompt", "answer")
        if sides[name].null_count() < sides.height
    ]
    return pl.concat([*frames, _other_turns(corpus)])


def sourced_texts(corpus: Corpus) -> pl.DataFrame:
    """:func:`texts` with the `source` that each row came from, null where it is not known."""
    sources = corpus.scan("row", "source_id").rename({"source_id": "source"}).collect()
    return texts(corpus).join(sources, on="row", how="left", maintain_order="left")


def turns(rows: pl.DataFrame) -> pl.DataFrame:
    """The turns of `rows` (`row`, `prompt`, `answer`, `messages`), one a line.

    Returns:
        `row`, `at`, `role`, `content`, `weight`, and `column`, the place whose text the turn holds.
    """
    spoken = (
        rows.filter(pl.col("messages").list.len() > 0)
        .select("row", "prompt", "answer", "messages")
        .explode("messages")
        .unnest("messages")
        .with_columns(at=pl.int_range(pl.len()).over("row"))
    )
    answer = pl.col("at").filter(pl.col("role") == "assistant").max().over("row")
    question = pl.col("at").filter((pl.col("role") == "user") & (pl.col("at") < pl.col("last"))).max().over("row")
    return (
        spoken.with_columns(last=answer.fill_null(pl.len().over("row")))
        .with_columns(question=question)
        .select(
            "row",
            "at",
            "role",
            "content",
            "weight",
            column=pl.when((pl.col("at") == pl.col("last")) & (pl.col("content") == pl.col("answer")))
            .then(pl.lit("answer"))
            .when((pl.col("at") == pl.col("question")) & (pl.col("content") == pl.col("prompt")))
            .then(pl.lit("prompt"))
            .otherwise(pl.format("messages[{}]", "at")),
        )
    )


def _other_turns(corpus: Corpus) -> pl.DataFrame:
    plain = 1 + pl.col("answer").is_not_null().cast(pl.Int64)
    longer = corpus.scan("row", "prompt", "answer", "messages").filter(pl.col("messages").list.len() > plain).collect()
    return (
        turns(longer)
        .filter(pl.col("column").str.contains(TURN))
        .select("row", "column", text="content")
        .drop_nulls("text")
    )
