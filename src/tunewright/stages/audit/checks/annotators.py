"""Rows whose annotators disagree, how far all of them agree, and who is often wrong.

Agreement is Krippendorff's alpha: what reaches 0.8 can be relied on, what reaches 0.667 allows tentative conclusions
(Krippendorff 2018, p. 356), and the lower end of the interval decides. An annotator's quality comes from Dawid and
Skene's model (:mod:`tunewright.stats.annotator_agreement`); told apart are only those who judged enough texts together
with others, and only where there are three or more, since of two who differ nothing says which one errs. 100,000 rows
of three annotators take about 7 s.
"""

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding, NotChecked
from tunewright.core.frozen import Frozen
from tunewright.stats.annotator_agreement import RELIABLE, TENTATIVE, annotator_quality, consensus, krippendorff_alpha
from tunewright.stats.wilson import wilson_score

#: What intake keeps in `meta`, and the part of it that is read here.
SHAPE = pl.Struct({"annotators": pl.List(pl.Struct({"by": pl.String, "choices": pl.List(pl.String)}))})
WITH_ANNOTATORS = r'"annotators": ?\[\{"by"'


class Options(Frozen):
    """When annotators are called at odds."""

    majority: float = Field(0.5, ge=0, lt=1, description="Share of a row's annotators that must be exceeded.")
    min_shared: int = Field(20, ge=1, description="Texts judged together with others before a person is judged.")
    gap: float = Field(0.1, gt=0, lt=1, description="How far below the others an annotator's quality is told.")
    seed: int = Field(0, description="Seed of the interval's samples.")


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """The agreement of all annotators, the rows they disagree about, and those who disagree with everybody."""
    ratings = ratings_of(corpus)
    shared = ratings.filter(pl.col("rater").n_unique().over("unit") > 1)
    if shared.is_empty():
        raise NotChecked(
            "no row holds the labels of several annotators: import Label Studio's export, name their columns in "
            "data.annotators, or the column that says who labelled in data.annotator"
        )
    findings = [*_agreement(shared, options), _disagreement(corpus, shared, options), *_annotators(shared, options)]
    return tuple(finding for finding in findings if finding.rows or finding.facts)


def ratings_of(corpus: Corpus) -> pl.DataFrame:
    """What each annotator chose of each row: `unit` (the row), `rater`, `value` (several choices joined).

    An annotator without a name is called by the place among those of the row.
    """
    rows = corpus.scan("row", "meta").filter(pl.col("meta").str.contains(WITH_ANNOTATORS)).collect()
    rated = rows.select(unit="row", annotators=pl.col("meta").str.json_decode(SHAPE).struct.field("annotators"))
    named = pl.col("by").replace("", None)
    return (
        rated.explode("annotators")
        .with_columns(place=1 + pl.int_range(pl.len()).over("unit"))
        .unnest("annotators")
        .filter(pl.col("choices").list.len() > 0)
        .select("unit", rater=pl.coalesce(named, pl.format("no name {}", "place")), choices="choices")
        .with_columns(value=pl.col("choices").list.sort().list.join(" + "), several=pl.col("choices").list.len() > 1)
        .drop("choices")
    )


def _agreement(ratings: pl.DataFrame, options: Options) -> list[Finding]:
    score = krippendorff_alpha(ratings, seed=options.seed)
    if score.low is None:
        return []
    sure = score.low >= RELIABLE
    meaning = (
        "labels that can be relied on"
        if sure
        else "labels for tentative conclusions only"
        if score.low >= TENTATIVE
        else "labels that a model should not be judged by, until the guideline is clearer"
    )
    message = (
        "the annotators agree with an alpha of {alpha:.2f} ({low:.2f} to {high:.2f}; 1 is perfect, 0 is chance) on "
        "{texts:,} texts: {meaning}"
    )
    facts = {"alpha": score.value, "low": score.low, "high": score.high, "texts": score.n, "meaning": meaning}
    return [
        Finding.about(
            check="annotators", kind="agreement", message=message, severity="info" if sure else "warning", facts=facts
        )
    ]


def _disagreement(corpus: Corpus, ratings: pl.DataFrame, options: Options) -> Finding:
    """Rows without a majority, and rows labelled otherwise than the majority."""
    several = pl.col("several").any().over("unit")
    most = consensus(ratings)
    labels = corpus.scan("row", "label").collect().rename({"row": "unit"})
    votes = (
        ratings.with_columns(several=several)
        .group_by("unit", "value")
        .agg(votes=pl.len(), several=pl.col("several").any())
        .sort("unit", "votes", "value", descending=[False, True, False])
        .group_by("unit", maintain_order=True)
        .agg(
            said=pl.format("{} ({})", pl.col("value"), pl.col("votes")).str.join(", "), several=pl.col("several").any()
        )
    )
    judged = most.join(votes, on="unit").join(labels, on="unit", how="left")
    split = pl.col("share") <= options.majority
    overruled = ~pl.col("several") & (pl.col("label") != pl.col("value"))
    return Finding.of(
        judged.filter(split | overruled.fill_null(value=False)).select(
            row="unit",
            score=pl.when(split).then(1 - pl.col("share")).otherwise("share"),
            label=pl.col("label").fill_null("(nothing)"),
            said="said",
        ),
        check="annotators",
        kind="disagreement",
        severity="warning",
        message="labelled {label!r}; its annotators say {said}",
    )


def _annotators(ratings: pl.DataFrame, options: Options) -> list[Finding]:
    """One statement about everybody whose quality is surely below that of the others."""
    judged = annotator_quality(ratings).filter(
        (pl.col("shared") >= options.min_shared) & ~pl.col("rater").str.starts_with("no name ")
    )
    if judged.height < 3:
        return []
    median = float(judged["quality"].median())  # type: ignore[arg-type]
    tops = [
        wilson_score("quality", round(quality * shared), shared).high or 0.0
        for quality, shared in judged.select("quality", "shared").rows()
    ]
    low = judged.filter(pl.Series(tops) < median - options.gap)
    if low.is_empty():
        return []
    described = [
        f"{who!r} ({quality:.0%} of {n:,})" for who, quality, n in low.select("rater", "quality", "shared").rows()
    ]
    message = (
        "{who} named the right label far less often than the others ({others:.0%} for the middle one), as far as all "
        "labels together tell: look at their rows, or leave them out"
    )
    facts = {"who": ", ".join(described), "others": median, "annotators": low.rows(), "all": judged.rows()}
    return [Finding.about(check="annotators", kind="annotator", message=message, severity="warning", facts=facts)]
