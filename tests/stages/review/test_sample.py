"""The sample: its size, its strata, and the probability with which each row is in it."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stages.review.worlds import finding, population, report, sample

from tunewright.core.errors import UserError
from tunewright.stages.review.sample import allocate, select, strata

SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=12)


@given(SIZES, st.integers(1, 400))
def test_every_row_asked_for_is_allocated_and_no_stratum_gives_more_than_it_has(sizes, n) -> None:
    taken = allocate(np.array(sizes), n)
    assert taken.sum() == min(n, sum(sizes))
    assert (taken <= sizes).all()
    if n >= len(sizes):
        assert (taken >= 1).all()


def test_small_strata_get_more_than_their_share_by_the_root_of_their_size() -> None:
    assert allocate(np.array([10_000, 100]), 110).tolist() == [100, 10]


@given(SIZES, st.integers(1, 300), st.integers(0, 99))
def test_a_sample_has_the_asked_size_no_row_twice_and_chances_that_add_up(sizes, n, seed) -> None:
    stratum = np.repeat(np.arange(len(sizes)), sizes)
    n = min(n, len(stratum))
    drawn, inclusion, parts = select(stratum, n, seed)
    assert len(set(drawn.tolist())) == n
    assert ((inclusion > 0) & (inclusion <= 1)).all()
    assert parts.sum() == round(0.7 * n)
    # Of each stratum the chance is the same for every row, and the chances of all rows add up to n.
    by_stratum = dict(zip(stratum[drawn].tolist(), inclusion.tolist(), strict=True))
    if len(by_stratum) == len(sizes):
        assert sum(by_stratum[s] * size for s, size in enumerate(sizes)) == pytest.approx(n)


def test_rows_are_drawn_as_often_as_their_probability_says() -> None:
    sizes, n, draws = [200, 40, 8, 2], 60, 4000
    stratum = np.repeat(np.arange(4), sizes)
    seen, expected = np.zeros(len(stratum)), np.zeros(len(stratum))
    for seed in range(draws):
        drawn, inclusion, _ = select(stratum, n, seed)
        seen[drawn] += 1
        expected[drawn] = inclusion
    for s in range(4):
        rate, chance = seen[stratum == s].mean() / draws, expected[stratum == s][0]
        spread = np.sqrt(chance * (1 - chance) / (draws * sizes[s])) if chance < 1 else 0.0
        assert abs(rate - chance) <= 4 * spread + 1e-12, s
    # And within a stratum no row is preferred: the counts spread as a coin's would, or less.
    first = seen[stratum == 0] / draws
    assert first.std() < 1.2 * np.sqrt(expected[0] * (1 - expected[0]) / draws)


def test_the_first_half_of_a_sample_is_a_random_half() -> None:
    stratum = np.repeat(np.arange(3), [300, 60, 10])
    first = np.mean([(stratum[select(stratum, 100, seed)[0][:50]] == 0).mean() for seed in range(300)])
    every = np.mean([(stratum[select(stratum, 100, seed)[0]] == 0).mean() for seed in range(300)])
    assert first == pytest.approx(every, abs=0.015)


def test_strata_are_findings_times_classes() -> None:
    corpus = population(70)
    findings = [finding("a.x", [0, 1]), finding("b.y", [1])]
    names = strata(corpus.scan("row", "label").collect(), findings, most=50)
    assert names[0] == "a.x × c0"
    assert names[1] == "a.x + b.y × c1"
    assert names[3] == "nothing found × c2"


def test_many_strata_are_taken_together_from_the_smallest_on() -> None:
    corpus = population(700, classes=3)
    findings = [finding(f"check.k{i}", [i]) for i in range(40)]
    names = strata(corpus.scan("row", "label").collect(), findings, most=10)
    assert names.n_unique() <= 10
    assert "nothing found × c2" in names.to_list()
    assert "others × others" in names.to_list()


def test_what_reviewers_said_before_makes_no_stratum() -> None:
    corpus = population(70)
    drawn = sample(corpus, report(corpus, finding("reviewed.defective", [1], "blocking")), 30)
    assert all(name.startswith("nothing found") for name in drawn.header.strata)
    assert not drawn.rows["flagged"].any()


def test_a_sample_is_the_same_for_the_same_seed_and_whatever_the_order_of_rows() -> None:
    corpus = population(500)
    audit = report(corpus, finding("a.x", list(range(0, 500, 9)), "blocking"))
    first, again, other = (sample(corpus, audit, 100, seed) for seed in (1, 1, 2))
    assert first.rows.equals(again.rows)
    assert first.header.id == again.header.id != other.header.id
    assert set(first.rows["example_id"]) != set(other.rows["example_id"])
    shuffled = corpus.scan().collect().sample(fraction=1, shuffle=True, seed=3)
    from tunewright.core.corpus import Corpus

    moved = sample(Corpus(corpus.dataset, shuffled.lazy()), audit, 100, 1)
    assert moved.rows.equals(first.rows)


def test_a_card_tells_what_was_found_and_where() -> None:
    corpus = population(10)
    spans = {"column": ["prompt"], "start": [0], "end": [6], "type": ["person"]}
    audit = report(corpus, finding("pii.person", [4], **spans), finding("a.x", [4], "blocking"))
    card = sample(corpus, audit, 10).rows.filter(pl.col("example_id") == "id4").row(0, named=True)
    assert card["found"] == ["pii.person: found here", "a.x: found here"]
    assert card["spans"] == [{"column": "prompt", "start": 0, "end": 6, "type": "person"}]
    assert card["flagged"]
    assert (card["text"], card["label"], card["content_digest"]) == ("ticket 4", "c2", "d4")


def test_reviewed_rows_are_not_drawn_again_and_at_the_end_there_is_nothing_left() -> None:
    corpus = population(50)
    first = sample(corpus, report(corpus), 30)
    second = sample(corpus, report(corpus), 30, known=first.rows["example_id"])
    assert second.header.rows == second.header.population == 20
    assert set(second.rows["inclusion"]) == {1.0}
    every = pl.concat([first.rows, second.rows])["example_id"]
    assert every.n_unique() == 50
    with pytest.raises(UserError, match="Every row was reviewed"):
        sample(corpus, report(corpus), 5, known=every)
    with pytest.raises(UserError, match="0 rows cannot be drawn"):
        sample(corpus, report(corpus), 0)
