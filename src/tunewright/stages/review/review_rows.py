"""The sampled rows as a reviewer sees them: the texts, what was found, and where."""

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.stages.review.store import REVIEW_ROW_COLUMNS, SPANS
from tunewright.text.fields import turns


def review_rows(corpus: Corpus, findings: list[Finding], picked: pl.DataFrame) -> pl.DataFrame:
    """The rows of `picked` (`row`, `stratum`, `inclusion`, `part`) in its order, in ``REVIEW_ROW_COLUMNS``."""
    columns = ("row", "example_id", "content_digest", "line", "prompt", "answer", "label", "messages")
    rows = picked.join(corpus.scan(*columns).collect(), on="row", how="left", maintain_order="left")
    blocking = [finding for finding in findings if finding.severity == "blocking"]
    flagged = _finding_rows(blocking).select("row").unique().with_columns(flagged=pl.lit(value=True))
    scores = _finding_rows(findings).group_by("row").agg(worst=pl.col("score").max())
    for frame in (
        _finding_sentences(findings, picked["row"]),
        _finding_spans(findings),
        flagged,
        scores,
        _other_turns(rows),
    ):
        rows = rows.join(frame, on="row", how="left", maintain_order="left")
    return rows.with_columns(
        pl.col("found").fill_null([]),
        pl.col("spans").fill_null([]),
        pl.col("flagged").fill_null(value=False),
        pl.col("before").fill_null(""),
        text=pl.col("prompt"),
        score=1 - pl.col("worst").fill_null(0.0).clip(0, 1),
    ).select(pl.col(name).cast(kind) for name, kind in REVIEW_ROW_COLUMNS.items())


def _finding_rows(findings: list[Finding]) -> pl.DataFrame:
    """`row`, `score`: the rows of all findings put together, a row once for each of its findings."""
    frames = [finding.frame.select("row", "score") for finding in findings]
    return pl.concat([pl.DataFrame(schema={"row": pl.Int64, "score": pl.Float64}), *frames])


def _finding_sentences(findings: list[Finding], rows: pl.Series) -> pl.DataFrame:
    """`row`, `found`: each finding of the sampled rows as a sentence."""
    sentences: list[tuple[int, str]] = []
    for finding in findings:
        hits = finding.frame.filter(pl.col("row").is_in(rows.implode()))
        sentences += [
            (values["row"], f"{finding.name}: {finding.sentence(values)}") for values in hits.rows(named=True)
        ]
    frame = pl.DataFrame(sentences, schema={"row": pl.Int64, "found": pl.String}, orient="row")
    return frame.group_by("row", maintain_order=True).agg(pl.col("found").unique(maintain_order=True))


def _finding_spans(findings: list[Finding]) -> pl.DataFrame:
    """`row`, `spans`: what was found at a place in a text, such as personal data."""
    place = ["column", "start", "end", "type"]
    frames = [
        finding.frame.select("row", *place).with_columns(pl.col("start", "end").cast(pl.Int64))
        for finding in findings
        if set(place) <= set(finding.frame.columns)
    ]
    empty = pl.DataFrame(schema={"row": pl.Int64, "spans": SPANS})
    if not frames:
        return empty
    return (
        pl.concat(frames)
        .drop_nulls()
        .sort("row", *place)
        .group_by("row", maintain_order=True)
        .agg(spans=pl.struct(place))
    )


def _other_turns(rows: pl.DataFrame) -> pl.DataFrame:
    """`row`, `before`: the turns that are neither the question nor its answer, one a line."""
    context = turns(rows).filter(pl.col("column").str.starts_with("messages[") & pl.col("content").is_not_null())
    line = pl.format("{}: {}", pl.col("role").fill_null("?"), "content")
    return context.sort("row", "at").group_by("row", maintain_order=True).agg(before=line.str.join("\n"))
