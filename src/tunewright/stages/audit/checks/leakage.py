"""Training rows that the evaluation already holds: a score over them is no score.

Where the file brings its own split, ``exact`` is the same normalized prompt on two sides and blocks; ``near`` is a
near-duplicate of one, and warns. The split that Tunewright makes keeps copies on one side, so nothing is dropped here.

Against a file of questions to be judged on (``data.evaluation``) no split is needed: ``evaluation_exact`` is a row that
the file holds and is dropped, ``evaluation_near`` nearly one, and ``evaluation_answer`` a row of replies whose answer
stands in it, nearly or wholly. A conversation is compared by its last question; one too short to mean anything alone
("yes please") by all that was said before it too. Answers of fewer than 12 words (datatrove's measure of overlap,
`pipeline/decont`) and answers that a desk gives to everybody are no sign of a leak.

Published sets have it too: 25 of 3,080 test questions of banking77 stand in its training file, and 19 of 4,500 of
clinc150.
"""

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding, NotChecked, Severity
from tunewright.core.frozen import Frozen
from tunewright.similarity.exact import exact_between, exact_groups
from tunewright.similarity.near_duplicates import near_between, near_duplicates

#: kind -> severity, message, fix
KINDS: dict[str, tuple[Severity, str, str | None]] = {
    "exact": ("blocking", "the same text is in {side}, line {other_line}", None),
    "near": ("warning", "nearly the same text is in {side}, line {other_line}", None),
    "evaluation_exact": ("blocking", "the evaluation file asks the same in line {evaluation_line}", "drop"),
    "evaluation_near": (
        "warning",
        "the evaluation file asks nearly the same in line {evaluation_line} (similarity {jaccard:.2f})",
        None,
    ),
    "evaluation_answer": (
        "warning",
        "its answer is that of line {evaluation_line} of the evaluation file (similarity {jaccard:.2f})",
        None,
    ),
}


class Options(Frozen):
    """How alike two texts must be to give each other away."""

    near: bool = Field(True, description="Also compare near-duplicates, as a warning.")
    turn_words: int = Field(4, ge=0, description="A later question of fewer words is compared with what came before.")
    answer_words: int = Field(12, ge=1, description="Answers of fewer words are not compared with the evaluation's.")
    answer_copies: int = Field(3, ge=1, description="An answer that more rows give is a standing one, and no leak.")


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Training rows with a copy on another side or in the evaluation file, each with the row it gives away."""
    rows = corpus.scan("row", "line", "split").collect()
    divided = rows["split"].drop_nulls().n_unique() > 1
    evaluation = corpus.context.evaluation
    if not divided and evaluation is None:
        raise NotChecked(
            "the rows are not divided yet; the split keeps copies on one side. "
            "Questions you will be judged on can be given with data.evaluation"
        )
    hits = _between_sides(corpus, rows, options) if divided else {}
    if evaluation is not None:
        hits |= _in_evaluation(corpus, evaluation, options)
    return tuple(_finding(kind, leaked) for kind, leaked in hits.items() if leaked.height)


def _finding(kind: str, rows: pl.DataFrame) -> Finding:
    severity, message, fix = KINDS[kind]
    return Finding.of(rows, check="leakage", kind=kind, severity=severity, message=message, fix=fix)


# ------------------------------------------------------------------ between the sides of a split


def _between_sides(corpus: Corpus, rows: pl.DataFrame, options: Options) -> dict[str, pl.DataFrame]:
    exact = _given_away(exact_groups(corpus, "prompt"), rows)
    if not options.near:
        return {"exact": exact}
    near = _given_away(near_duplicates(corpus).select("row", "representative"), rows)
    return {"exact": exact, "near": near.join(exact, on="row", how="anti")}


def _given_away(groups: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Training rows of groups that reach another side, each with the first row of its group over there."""
    placed = groups.join(rows, on="row").drop_nulls("split")
    away = (
        placed.filter(pl.col("split") != "train")
        .sort("row")
        .group_by("representative", maintain_order=True)
        .first()
        .select("representative", other="row", other_line="line", side="split")
    )
    return (
        placed.filter(pl.col("split") == "train")
        .join(away, on="representative")
        .select("row", "other", "other_line", "side")
        .sort("row")
    )


# ------------------------------------------------------------------ against the evaluation file


def _in_evaluation(corpus: Corpus, evaluation: pl.DataFrame, options: Options) -> dict[str, pl.DataFrame]:
    columns = ["row", "prompt", "answer", "messages"]
    rows = corpus.scan(*columns, "split").filter(pl.col("split").ne_missing("test")).collect()
    mine, theirs = _asked(rows, options), _asked(evaluation.select(columns), options)
    exact = exact_between(mine, theirs, "asked").with_columns(jaccard=pl.lit(1.0))
    hits = {"evaluation_exact": exact}
    if options.near:
        near = near_between(
            corpus, evaluation.join(theirs.filter("alone"), on="row", how="semi", maintain_order="left")
        )
        near = near.join(mine.filter("alone"), on="row", how="semi")
        hits["evaluation_near"] = near.join(exact, on="row", how="anti")
    if corpus.dataset.task == "reply":
        answers = _answers(corpus, rows, evaluation, options)
        hits["evaluation_answer"] = answers.join(pl.concat([*hits.values()]), on="row", how="anti")
    lines = evaluation.select(other="row", evaluation_line="line")
    return {
        kind: leaked.join(lines, on="other").select("row", "evaluation_line", "jaccard")
        for kind, leaked in hits.items()
    }


def _asked(rows: pl.DataFrame, options: Options) -> pl.DataFrame:
    """`row`, `asked`, what a row asks, and `alone`, whether its last question says it without what came before."""
    spoken = pl.col("messages").list.eval(pl.element().struct.field("role").is_in(["user", "assistant"]))
    later = (spoken.list.sum() > len(("user", "assistant"))).fill_null(value=False)
    short = pl.col("prompt").fill_null("").str.count_matches(r"\S+") < options.turn_words
    marked = rows.with_columns(alone=~(later & short))
    turns = marked.filter(~pl.col("alone")).explode("messages").unnest("messages")
    place = pl.int_range(pl.len())
    before = place < place.filter(pl.col("role") == "assistant").max().fill_null(pl.len())
    earlier = (
        turns.filter(before.over("row") & (pl.col("role") != "system"))
        .group_by("row", "alone", maintain_order=True)
        .agg(asked=pl.col("content").fill_null("").str.join("\n"))
    )
    columns = ["row", "alone", "asked"]
    return pl.concat([marked.filter("alone").with_columns(asked="prompt").select(columns), earlier.select(columns)])


def _answers(corpus: Corpus, rows: pl.DataFrame, evaluation: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Rows whose answer is, nearly or wholly, one of the evaluation file that few rows give."""
    long = pl.col("answer").str.count_matches(r"\S+") >= options.answer_words
    if options.near:
        leaked = near_between(corpus, evaluation.filter(long), column="answer")
    else:
        leaked = exact_between(rows, evaluation.filter(long), "answer").with_columns(jaccard=pl.lit(1.0))
    leaked = leaked.join(rows.filter(long), on="row", how="semi")
    return leaked.filter(pl.len().over("other") <= options.answer_copies)
