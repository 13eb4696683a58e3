"""Rows that do not belong to your domain, judged by documents of it that you give.

Kinds: ``rows`` are unlike the documents one by one, with the words that tell them apart; ``blocks`` are sources and
months that hold many of them, since foreign rows come in blocks (another team's queue, a wrong export);
``few_documents`` says that there are too few documents to rely on the rest, and ``most_rows`` that the documents may
be of another kind than the rows (questions of ten words beside letters of sixty), whereupon the rows are told for
information only.

The share of the domain's own rows that is flagged by mistake is chosen, not found out afterwards (`false_alarms`). On
bank queries with a tenth of foreign rows and 500 documents the rows rank with AUROC 0.99 and six to seven in ten
foreign rows are flagged at one false alarm in a hundred; see :mod:`tunewright.similarity.domain`. A domain of many
subjects is better judged with ``features: embeddings`` (:mod:`tunewright.similarity.domain_meaning`). Rows that say
nothing are left to the missing check.
"""

import json
from collections.abc import Sequence
from typing import Any, Literal

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding, NotChecked, Severity
from tunewright.core.frozen import Frozen
from tunewright.similarity.domain import Judged, judge
from tunewright.text.keywords import topics
from tunewright.text.placeholders import says_nothing

#: Documents from which the measured figures hold, and below which nothing is judged.
ENOUGH, LEAST = 500, 20
#: Beyond this share of flagged rows the documents are suspected, not the rows.
MOST = 0.5
NO_TOPIC = "other things"
#: A column of `meta` is a date when nearly all of its values begin like one; other orders are not guessed at.
MONTH = r"^(?:19|20)\d{2}-(?:0[1-9]|1[0-2])(?:\b|-)"
LOOKED_AT = 200


class Options(Frozen):
    """How many mistakes are accepted, and what counts as a block."""

    features: Literal["ngrams", "embeddings"] = Field(
        "ngrams",
        description="ngrams needs no model; embeddings, by the pinned encoder, suit a domain of many subjects.",
    )
    false_alarms: float = Field(0.01, gt=0, le=0.2, description="Share of your own domain's rows flagged by mistake.")
    block_rows: int = Field(20, ge=2, description="Flagged rows from which a source or month can be a block.")
    block_share: float = Field(0.1, gt=0, le=1, description="Share of its rows that must be flagged for that.")
    block_times: float = Field(2.0, ge=1, description="How many times the share of all other rows this must be.")


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Rows, sources and months that are unlike the reference documents."""
    documents = corpus.context.references
    if len(documents) < LEAST:
        raise NotChecked(_how_to_give(len(documents)))
    rows = corpus.scan("row", "prompt", "source_id", "meta").collect()
    judged = rows.join(says_nothing(rows, "prompt"), on="row", how="anti")
    verdict = _judged(corpus, documents, judged, options)
    cut_off = verdict.cut_off(options.false_alarms)
    scored = judged.with_columns(
        # One half at the cut-off, near 1 for the most foreign.
        score=1 / (1 + (pl.Series(verdict.scores) - cut_off).exp()),
        foreign=pl.Series(verdict.scores <= cut_off),
    )
    about = {"documents": len(documents), "false_alarms": options.false_alarms, "judged": judged.height}
    most = _most(scored)
    by_row = _rows(scored, pl.Series(documents), "info" if most else "warning", about)
    return (*_few(len(documents)), *most, *by_row, *_blocks(scored, options))


def _judged(corpus: Corpus, documents: Sequence[str], judged: pl.DataFrame, options: Options) -> Judged:
    if options.features == "ngrams":
        return judge(documents, judged["prompt"], progress=corpus.progress)
    from tunewright.similarity.domain_meaning import judge_by_meaning
    from tunewright.similarity.embeddings import embeddings

    vectors = embeddings(corpus)[judged["row"].to_numpy()]
    return judge_by_meaning(documents, judged["prompt"], vectors, progress=corpus.progress)


def _how_to_give(documents: int) -> str:
    had = f"only {documents} reference documents were given" if documents else "no reference documents were given"
    return (
        f"{had}: name a folder of {ENOUGH} or more texts of your domain as data.references in tunewright.yaml, "
        "or audit a file with --set data.references=DIR"
    )


def _few(documents: int) -> list[Finding]:
    if documents >= ENOUGH:
        return []
    message = "only {documents} reference documents: what is called foreign is unsure below {enough}"
    facts = {"documents": documents, "enough": ENOUGH}
    return [Finding.about(check="domain_mismatch", kind="few_documents", message=message, facts=facts)]


def _most(scored: pl.DataFrame) -> list[Finding]:
    foreign = int(scored["foreign"].sum())
    if foreign <= MOST * scored.height:
        return []
    message = (
        "{foreign} of {rows} rows are unlike your documents: are the documents texts of the same kind as the rows?"
    )
    facts = {"foreign": foreign, "rows": scored.height}
    return [Finding.about(check="domain_mismatch", kind="most_rows", message=message, facts=facts)]


def _rows(scored: pl.DataFrame, documents: pl.Series, severity: Severity, facts: dict[str, Any]) -> list[Finding]:
    foreign = scored.filter("foreign")
    if foreign.is_empty():
        return []
    named = foreign.join(topics(foreign.select("row", text="prompt"), documents), on="row", how="left")
    named = named.with_columns(pl.col("topic").fill_null(NO_TOPIC)).with_columns(alike=pl.len().over("topic"))
    groups = named.group_by("topic").agg(rows=pl.len()).sort(["rows", "topic"], descending=[True, False])
    return [
        Finding.of(
            named.select("row", "score", "topic", "alike"),
            check="domain_mismatch",
            kind="rows",
            severity=severity,
            message="is unlike your documents; one of {alike} such rows about {topic}",
            facts={**facts, "topics": dict(zip(groups["topic"].to_list(), groups["rows"].to_list(), strict=True))},
        )
    ]


def _blocks(scored: pl.DataFrame, options: Options) -> list[Finding]:
    """A statement on the sources and months that hold many foreign rows, the largest first."""
    parts = [_counted(scored.select("foreign", name="source_id"), "source")]
    parts += [
        _counted(scored.select("foreign", name=_value(key).str.slice(0, 7)), f"{key} in")
        for key in _dates(scored["meta"])
    ]
    share = pl.col("foreign") / pl.col("rows")
    others = (int(scored["foreign"].sum()) - pl.col("foreign")) / (scored.height - pl.col("rows"))
    blocks = (
        pl.concat(parts)
        .filter(pl.col("foreign") >= options.block_rows, share >= options.block_share)
        .filter(share >= options.block_times * others)
        .sort(["foreign", "by", "name"], descending=[True, False, False])
    )
    if blocks.is_empty():
        return []
    described = blocks.select(
        pl.format("{} of {} rows of {} {}", "foreign", "rows", "by", pl.format("'{}'", pl.col("name")))
    ).to_series()
    more = f"; {len(described) - 1} more such blocks" if len(described) > 1 else ""
    facts = {"told": described[0], "more": more, "blocks": blocks.to_dict(as_series=False)}
    message = "{told} are unlike your documents{more}"
    return [Finding.about(check="domain_mismatch", kind="blocks", message=message, facts=facts)]


def _counted(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    """`by`, `name`, `rows` and `foreign` of each named part; one part alone is no block but the whole."""
    parts = rows.drop_nulls("name").group_by("name").agg(rows=pl.len(), foreign=pl.col("foreign").sum())
    parts = parts if parts.height > 1 else parts.clear()
    return parts.select(
        by=pl.lit(by), name=pl.col("name"), rows=pl.col("rows").cast(pl.Int64), foreign=pl.col("foreign").cast(pl.Int64)
    )


def _dates(meta: pl.Series) -> list[str]:
    """Keys of `meta` whose values are dates of the form 2025-03-04 in nearly every row."""
    first = [json.loads(text) for text in meta.drop_nulls().head(LOOKED_AT)]
    keys = sorted({key for values in first if isinstance(values, dict) for key in values if "'" not in key})
    frame = meta.to_frame("meta")
    shares = {key: frame.select(_value(key).str.contains(MONTH).fill_null(False).mean()).item() for key in keys}
    return [key for key, share in shares.items() if share >= 0.9]


def _value(key: str) -> pl.Expr:
    return pl.col("meta").str.json_path_match(f"$['{key}']")
