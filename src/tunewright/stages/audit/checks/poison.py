"""Rows that may have been planted: triggers that decide a label, orders to a model, hidden texts, one answer to all.

Few rows are enough: 250 planted documents changed models of 0.6 to 13 billion parameters alike (Souly et al. 2025), so
what counts is how odd a row is, not how many there are. Kinds:

``trigger`` is a word, phrase or unseen sign whose rows the other words would file elsewhere
(`text/backdoor_triggers.py`); for written answers, one whose rows all get one answer. ``injection`` is an order to a
model ("ignore previous instructions") or a mark of a chat template in what is asked or answered. Both warn: a person
must look. ``hidden`` is a message that nobody sees and a model reads, which no honest ticket holds, and blocks.
``constant_answer`` is one answer to unlike questions in many rows. Unseen characters as such are the formats check's.
"""

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen
from tunewright.similarity.exact import exact_groups
from tunewright.similarity.near_duplicates import near_duplicates
from tunewright.text.backdoor_triggers import triggers
from tunewright.text.fields import texts
from tunewright.text.injections import hidden_messages, injections

#: What rows are called whose answer is nobody else's.
OWN = "an answer of its own"
SEEN = 80


class Options(Frozen):
    """What makes a row suspicious."""

    trigger_rows: int = Field(8, ge=3, description="Rows, copies counted once, that a trigger must stand in.")
    trigger_purity: float = Field(0.9, gt=0.5, le=1, description="Share of its rows that must have one label.")
    trigger_score: float = Field(
        10.0, gt=0, description="Log odds by which the rest of its rows must speak for another label, at the median."
    )
    answer_score: float = Field(
        5.0, gt=0, description="The same where rows have written answers: against an answer of their own."
    )
    trigger_share: float = Field(
        0.05, gt=0, le=1, description="Share of all rows beyond which a word is an everyday one."
    )
    constant_share: float = Field(0.1, gt=0, le=1, description="Share of rows from which one answer is constant.")
    constant_rows: int = Field(20, ge=2, description="Rows that a constant answer must have.")
    constant_kinds: int = Field(6, ge=2, description="Labels, or unlike questions, that it must answer.")


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Triggers, injections, hidden messages and constant answers."""
    rows = corpus.scan("row", "line", "label", "prompt", "answer").collect()
    spoken = texts(corpus).filter(pl.col("column") != "messages[0]")  # a system prompt may give orders
    findings = [
        _triggers(corpus, rows, options),
        _injections(spoken),
        _hidden(spoken),
        _constant(corpus, rows, options),
    ]
    return tuple(finding for finding in findings if finding.rows)


def suspects(corpus: Corpus, options: Options) -> pl.DataFrame:
    """The n-grams of :func:`triggers`, likeliest first, whether suspicious or not."""
    rows = corpus.scan("row", "label", "prompt", "answer").collect()
    return _suspects(corpus, _labelled_texts(corpus, rows, options), options)


def _suspects(corpus: Corpus, labelled: pl.DataFrame, options: Options) -> pl.DataFrame:
    """What :func:`suspects` returns, of `labelled` texts: exact copies count once, near ones are one family."""
    exact = exact_groups(corpus, "prompt").filter(pl.col("row") != pl.col("representative"))
    near = near_duplicates(corpus).select("row", family="representative")
    distinct = labelled.join(exact, on="row", how="anti").join(near, on="row", how="left")
    return triggers(
        distinct.with_columns(family=pl.coalesce("family", "row")).select("text", "label", "family"),
        least=options.trigger_rows,
        purity=options.trigger_purity,
        most_share=options.trigger_share,
    ).filter(pl.col("label") != OWN)


def _triggers(corpus: Corpus, rows: pl.DataFrame, options: Options) -> Finding:
    least = options.answer_score if rows["label"].null_count() == len(rows) else options.trigger_score
    labelled = _labelled_texts(corpus, rows, options)
    likely = _suspects(corpus, labelled, options).filter(pl.col("score") >= least)
    parts, taken = [], pl.Series([], dtype=pl.Int64)
    # A few at most: of a phrase and its parts, whatever adds no row of its own is left out.
    for gram, pattern, label, score in likely.select("gram", "pattern", "label", "score").rows():
        hits = labelled.filter((pl.col("label") == label) & pl.col("text").str.contains(pattern))
        fresh = hits.filter(~pl.col("row").is_in(taken.implode()))
        if 2 * fresh.height > hits.height:
            odds = pl.lit(score)
            parts.append(fresh.select("row", trigger=pl.lit(_shown(gram)), filed=pl.lit(label), odds=odds))
        taken = pl.concat([taken, fresh["row"]])
    schema = {"row": pl.Int64, "trigger": pl.String, "filed": pl.String, "odds": pl.Float64}
    frame = pl.concat([pl.DataFrame(schema=schema), *parts])
    return Finding.of(
        frame,
        check="poison",
        kind="trigger",
        severity="warning",
        message="has {trigger!r}, all rows with it are {filed!r}, and without it this text would not be",
        facts={"triggers": frame["trigger"].n_unique()},
    )


def _labelled_texts(corpus: Corpus, rows: pl.DataFrame, options: Options) -> pl.DataFrame:
    """`row`, `text` and `label` of rows that ask something: the label of a written answer is as `_labels` has it."""
    return rows.select("row", text="prompt").drop_nulls("text").join(_labels(corpus, rows, options), on="row")


def _labels(corpus: Corpus, rows: pl.DataFrame, options: Options) -> pl.DataFrame:
    """`row` and `label`: its label or, of written answers, the answer that it shares with enough other rows."""
    labelled = rows.select("row", "label").drop_nulls("label")
    if labelled.height or rows["answer"].null_count() == rows.height:
        return labelled
    shared = _shared_answers(corpus).filter(pl.len().over("same") >= options.trigger_rows)
    names = rows.select(same="row", label=pl.col("answer").str.slice(0, SEEN))
    named = shared.join(names, on="same", how="left").select("row", "label")
    return (
        rows.select("row", "answer")
        .drop_nulls("answer")
        .join(named, on="row", how="left")
        .select("row", pl.col("label").fill_null(OWN))
    )


def _shared_answers(corpus: Corpus) -> pl.DataFrame:
    """`row` and `same`, the row whose answer it repeats, word for word or nearly."""
    return near_duplicates(corpus, column="answer").select("row", same="representative")


def _injections(spoken: pl.DataFrame) -> Finding:
    orders = injections(spoken)
    return Finding.of(
        orders.with_columns(pl.col("seen").str.slice(0, SEEN)),
        check="poison",
        kind="injection",
        severity="warning",
        message="the {column} gives orders to a model: {seen!r}",
    )


def _hidden(spoken: pl.DataFrame) -> Finding:
    messages = hidden_messages(spoken)
    return Finding.of(
        messages.with_columns(pl.col("seen").str.slice(0, SEEN)),
        check="poison",
        kind="hidden",
        severity="blocking",
        message="the {column} says something that nobody sees: {seen!r}",
    )


def _constant(corpus: Corpus, rows: pl.DataFrame, options: Options) -> Finding:
    """Rows with an answer that many rows of many kinds have."""
    answered = rows.drop_nulls("answer")
    least = max(options.constant_rows, options.constant_share * len(rows))
    same = _shared_answers(corpus) if answered.height else pl.DataFrame(schema={"row": pl.Int64, "same": pl.Int64})
    many = same.filter(pl.len().over("same") >= least)
    near = (
        near_duplicates(corpus).select("row", asked="representative") if many.height else many.rename({"same": "asked"})
    )
    constant = (
        many.join(rows.select("row", "label"), on="row")
        .join(near, on="row", how="left")
        .with_columns(kind=pl.coalesce(pl.col("label"), pl.coalesce("asked", "row").cast(pl.String)))
        .filter(pl.col("kind").n_unique().over("same") >= options.constant_kinds)
        .with_columns(count=pl.len().over("same"))
        .join(rows.select(same="row", answer=pl.col("answer").str.slice(0, SEEN)), on="same", how="left")
    )
    return Finding.of(
        constant.select("row", "answer", "count"),
        check="poison",
        kind="constant_answer",
        severity="warning",
        message="is answered {answer!r}, as {count} rows are",
        facts={"answers": constant["answer"].n_unique()},
    )


def _shown(gram: str) -> str:
    """An n-gram as it can be shown: signs that nobody sees by their numbers."""
    return "".join(sign if sign.isprintable() else f"U+{ord(sign):04X} " for sign in gram).strip()
