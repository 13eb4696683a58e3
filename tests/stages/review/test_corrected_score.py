"""The corrected score: exact where all was read, unbiased and covering where not, and honest about what would decide."""

import numpy as np
import polars as pl
import pytest
from tests.stages.review.worlds import decided, finding, population, report, sample
from tests.worlds import of

from tunewright.core.score import Score
from tunewright.stages.review.corrected_score import LEAST, corrected_score, outlook

NONE = pl.Series("example_id", [], pl.String)
COLUMNS = ("row", "example_id", "content_digest", "label", "answer")


def frame(corpus):
    return corpus.scan(*COLUMNS).collect()


def test_a_census_gives_the_truth_without_an_interval() -> None:
    corpus = population(80)
    bad = np.arange(80) < 8
    audit = report(corpus, finding("a.x", [0, 1, 70, 71], "blocking"))
    drawn = sample(corpus, audit, 80)
    score = corrected_score(audit, frame(corpus), decided(corpus, drawn.rows["example_id"], bad), NONE, [drawn])
    assert (score.value, score.low, score.high, score.n) == (90.0, 90.0, 90.0, 80)


def test_after_cleaning_what_reviewers_found_counts_no_more() -> None:
    corpus = population(80)
    bad = np.arange(80) < 8
    drawn = sample(corpus, report(corpus), 80)
    decisions = decided(corpus, drawn.rows["example_id"], bad)
    left = of(corpus.scan().collect().filter(pl.col("row") >= 8).with_columns(row=pl.int_range(72)))
    gone = pl.Series("example_id", [f"id{i}" for i in range(8)])
    score = corrected_score(report(left), frame(left), decisions, gone, [drawn])
    assert (score.value, score.low, score.high) == (100.0, 100.0, 100.0)


def test_a_row_that_reviews_dropped_stands_for_the_others_like_it() -> None:
    """100 of 400 rows read, 10 of them defective and gone: about 30 of the 300 unread ones are, too."""
    corpus = population(400, classes=1)
    drawn = sample(corpus, report(corpus), 100)
    read = drawn.rows["example_id"].to_list()
    bad = np.isin(np.arange(400), [int(name[2:]) for name in read[:10]])
    decisions = decided(corpus, drawn.rows["example_id"], bad)
    left = of(
        corpus.scan().collect().filter(~pl.col("example_id").is_in(read[:10])).with_columns(row=pl.int_range(390))
    )
    score = corrected_score(report(left), frame(left), decisions, pl.Series("example_id", read[:10]), [drawn])
    assert score.value == pytest.approx(100 * (1 - 30 / 390))
    # What another fix dropped is no longer asked about, and stands for nothing.
    other = corrected_score(report(left), frame(left), decisions, NONE, [drawn])
    assert other.value == 100.0
    assert other.high == 100.0
    assert other.low < 99


@pytest.mark.parametrize(("n", "hits"), [(200, 20), (600, 3), (400, 0)])
def test_the_interval_ends_where_wilson_says_for_what_was_read_of_one_stratum(n: int, hits: int) -> None:
    """Its ends are the roots of (p - x)^2 = z^2 x (1 - x) / m, m = 1 / (1 / read + 1 / unread), in whole rows."""
    rows, z2 = 8000, 1.959963984540054**2
    corpus = population(rows, classes=1)
    drawn = sample(corpus, report(corpus), n)
    read = [int(name[2:]) for name in drawn.rows["example_id"]]
    bad = np.isin(np.arange(rows), read[:hits])
    score = corrected_score(
        report(corpus), frame(corpus), decided(corpus, drawn.rows["example_id"], bad), NONE, [drawn]
    )
    p, m, unread = hits / n, 1 / (1 / n + 1 / (rows - n)), rows - n
    least, most = sorted(np.roots([1 + z2 / m, -(2 * p + z2 / m), p * p]).real)
    assert score.value == pytest.approx(100 * (1 - (p * unread + hits) / rows))
    assert score.high == pytest.approx(100 * (1 - (np.floor(unread * least + 1e-9) + hits) / rows))
    assert score.low == pytest.approx(100 * (1 - (np.ceil(unread * most) + hits) / rows))


def test_a_mended_row_is_known_to_be_right() -> None:
    corpus = population(60)
    drawn = sample(corpus, report(corpus), 60)
    bad = np.arange(60) == 5
    decisions = decided(corpus, drawn.rows["example_id"], bad).with_columns(
        new_label=pl.when(pl.col("example_id") == "id5").then(pl.lit("c9"))
    )
    mended = (
        corpus.scan()
        .collect()
        .with_columns(
            label=pl.when(pl.col("row") == 5).then(pl.lit("c9")).otherwise("label"),
            content_digest=pl.when(pl.col("row") == 5).then(pl.lit("new")).otherwise("content_digest"),
        )
    )
    assert corrected_score(report(of(mended)), frame(of(mended)), decisions, NONE, [drawn]).value == 100.0
    assert corrected_score(report(corpus), frame(corpus), decisions, NONE, [drawn]).value == pytest.approx(
        100 * 59 / 60
    )


def test_a_review_of_a_row_that_was_edited_since_says_nothing() -> None:
    corpus = population(60)
    drawn = sample(corpus, report(corpus), 60)
    edited = of(corpus.scan().collect().with_columns(content_digest=pl.lit("other")))
    assert (
        corrected_score(
            report(edited), frame(edited), decided(corpus, drawn.rows["example_id"], np.arange(60) < 30), NONE, [drawn]
        )
        is None
    )


def test_too_few_reviews_correct_nothing() -> None:
    corpus = population(500)
    drawn = sample(corpus, report(corpus), 100)
    for n, there in ((LEAST - 1, False), (LEAST, True)):
        decisions = decided(corpus, drawn.rows["example_id"][:n], np.zeros(500, dtype=bool))
        assert (corrected_score(report(corpus), frame(corpus), decisions, NONE, [drawn]) is not None) == there


def test_two_samples_count_by_what_was_read_of_each() -> None:
    corpus = population(4000, classes=1)
    rng = np.random.default_rng(5)
    bad = rng.random(4000) < 0.1
    first = sample(corpus, report(corpus), 200)
    second = sample(corpus, report(corpus), 600, known=first.rows["example_id"])
    single = corrected_score(
        report(corpus), frame(corpus), decided(corpus, first.rows["example_id"], bad), NONE, [first]
    )
    ids = pl.concat([first.rows["example_id"], second.rows["example_id"]])
    both = corrected_score(report(corpus), frame(corpus), decided(corpus, ids, bad), NONE, [first, second])
    assert both.n == 800
    assert both.high - both.low < 0.6 * (single.high - single.low)
    assert both.low <= 100 * (1 - bad.mean()) <= both.high


def score(value: float, low: float, high: float, n: int = 400) -> Score:
    return Score(metric="quality_score", value=value, n=n, low=low, high=high, unit="points")


def test_an_interval_on_one_side_of_the_bar_decides() -> None:
    assert outlook(score(90, 86, 93), ">= 85", 5000).outcome == "pass"
    failed = outlook(score(80, 77, 84), ">= 85", 5000)
    assert (failed.outcome, failed.more) == ("fail", 0)
    assert "too many rows that nobody read" in failed.words


def test_an_interval_across_the_bar_asks_for_as_many_rows_as_would_decide() -> None:
    undecided = outlook(score(87, 83, 90), ">= 85", 5000)
    assert undecided.outcome == "review more"
    assert undecided.more == 1200  # half of the distance needs four times the rows: 1,600 less the 400 that were read
    assert "review about 1,200 more rows" in undecided.words
    assert outlook(score(84, 80, 86), ">= 85", 5000).more == 1200
    assert outlook(score(87, 83, 90), ">= 85", 70).more == 70
    assert outlook(score(85, 83, 90), ">= 85", 900).more == 900
