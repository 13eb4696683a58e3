"""Reliability and quality of annotators, held against the examples that the methods were published with."""

import numpy as np
import polars as pl
import pytest

from tunewright.stats.annotator_agreement import annotator_quality, consensus, dawid_skene, krippendorff_alpha

#: Krippendorff (2011), section C: four observers, twelve units, a point where nothing was said.
OBSERVERS = {"A": "123321412...", "B": "1233224125.3", "C": ".3332342251.", "D": "12332441251."}
#: Dawid and Skene (1979), table 1: 45 patients, seven ratings each, three of them by the first of five observers.
PATIENTS = [
    "1111111",
    "3334334",
    "1122122",
    "2223121",
    "2223222",
    "2223322",
    "1222111",
    "3333433",
    "2222223",
    "2322223",
    "4444444",
    "2223343",
    "1111111",
    "2223212",
    "1211111",
    "1112111",
    "1111111",
    "1111111",
    "2222221",
    "2221322",
    "2222222",
    "2222221",
    "2223222",
    "2212222",
    "1111111",
    "1111111",
    "2322222",
    "1111111",
    "1111111",
    "1121121",
    "1111111",
    "3333233",
    "1111111",
    "2222222",
    "2223232",
    "4334343",
    "2212232",
    "2323233",
    "3333432",
    "1111111",
    "1111111",
    "1212111",
    "2322222",
    "1211111",
    "2222222",
]


def ratings(said: dict[str, str]) -> pl.DataFrame:
    """Ratings by one sign a unit for each rater."""
    cells = [
        (unit, who, None if sign == "." else sign) for who, signs in said.items() for unit, sign in enumerate(signs)
    ]
    return pl.DataFrame(cells, schema={"unit": pl.Int64, "rater": pl.String, "value": pl.String}, orient="row")


def patients() -> pl.DataFrame:
    cells = [
        (unit, who, sign) for unit, signs in enumerate(PATIENTS) for who, sign in zip("1112345", signs, strict=True)
    ]
    return pl.DataFrame(cells, schema={"unit": pl.Int64, "rater": pl.String, "value": pl.String}, orient="row")


def test_alpha_is_that_of_krippendorffs_own_example() -> None:
    score = krippendorff_alpha(ratings(OBSERVERS))
    assert score.value == pytest.approx(0.743, abs=0.0005)
    assert score.n == 11, "the twelfth unit was judged by one observer only"
    assert score.low is not None
    assert score.high is not None
    assert 0.3 < score.low < score.value < score.high <= 1


def test_alpha_of_two_observers_and_two_values_is_that_of_krippendorffs_example() -> None:
    # Section A of the same paper: ten units, observed disagreement 4, alpha 0.095.
    assert krippendorff_alpha(ratings({"Meg": "0100000010", "Owen": "1110010000"})).value == pytest.approx(
        0.095, abs=0.0005
    )


def test_perfect_agreement_is_one_and_systematic_disagreement_below_zero() -> None:
    assert krippendorff_alpha(ratings({"A": "1212", "B": "1212"})).value == 1
    assert krippendorff_alpha(ratings({"A": "1212", "B": "2121"})).value == pytest.approx(-0.75)


def test_one_value_everywhere_has_no_interval() -> None:
    score = krippendorff_alpha(ratings({"A": "111", "B": "111"}))
    assert (score.value, score.low, score.method) == (1, None, "one value")


def test_units_that_nobody_shares_are_refused() -> None:
    with pytest.raises(ValueError, match="two raters"):
        krippendorff_alpha(ratings({"A": "12..", "B": "..12"}))


def test_the_order_of_rows_changes_nothing() -> None:
    straight, mixed = patients(), patients().sample(fraction=1, shuffle=True, seed=3)
    assert krippendorff_alpha(straight) == krippendorff_alpha(mixed)
    assert annotator_quality(straight).equals(annotator_quality(mixed))
    assert consensus(straight).equals(consensus(mixed))


def test_the_tables_of_raters_are_those_of_dawid_and_skene() -> None:
    _, prior, tables = dawid_skene(patients())
    # Their table 2: shares of the four classes, and the first observer's error rates.
    assert prior == pytest.approx([0.40, 0.42, 0.11, 0.07], abs=0.012)
    first = [[0.89, 0.11, 0.00, 0.00], [0.07, 0.88, 0.05, 0.00], [0.00, 0.34, 0.66, 0.00], [0.00, 0.00, 0.00, 1.00]]
    assert np.abs(tables[0] - first)[:2].max() < 0.02, "the classes with more than five patients"


def test_the_consensus_is_the_plurality_and_a_tie_says_so() -> None:
    found = consensus(ratings({"A": "abb", "B": "aba", "C": "bb."}))
    assert found.rows() == [(0, "a", 2 / 3, False, 3), (1, "b", 1.0, False, 3), (2, "a", 0.5, True, 2)]


def test_agreement_counts_a_tie_of_the_others_in_part() -> None:
    # Unit 0: A and B against C; unit 1: all agree; unit 2: A alone.
    found = annotator_quality(ratings({"A": "aba", "B": "ab.", "C": "bb."}))
    assert found.select("rater", "labelled", "shared", "agreement").rows() == [
        ("A", 3, 2, 0.75),  # B and C tie on unit 0
        ("B", 2, 2, 0.75),
        ("C", 2, 2, 0.5),
    ]


def test_a_rater_who_guesses_is_told_from_those_who_know() -> None:
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 4, 400)
    said = {
        who: "".join(str(sign) for sign in np.where(rng.random(400) < right, truth, rng.integers(0, 4, 400)))
        for who, right in {"ann": 0.95, "ben": 0.9, "cat": 0.9, "dan": 0.0}.items()
    }
    quality = dict(annotator_quality(ratings(said)).select("rater", "quality").rows())
    real = {who: float((np.array([int(sign) for sign in signs]) == truth).mean()) for who, signs in said.items()}
    assert all(abs(quality[who] - real[who]) < 0.03 for who in said), (quality, real)
    assert quality["dan"] < 0.35


def test_a_rater_who_shares_nothing_is_not_judged() -> None:
    found = annotator_quality(ratings({"A": "ab.", "B": "ab.", "C": "..a"}))
    assert found.row(2) == ("C", 1, 0, None, None)
