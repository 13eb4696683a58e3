"""Answers that belong to another question, among answers that are only worded differently."""

import numpy as np
import pytest
from tests.worlds import corpus, found

from tunewright.core.corpus import Corpus
from tunewright.core.finding import NotChecked
from tunewright.stages.audit.checks import answer_noise
from tunewright.stages.audit.checks.answer_noise import Options, check

TOPICS = {
    "How long does a refund from {} take?": (
        "The refund of {} arrives within five days.",
        "Please allow a few days for the money to reach your account.",
        "We pay refunds back to your card in under a week.",
    ),
    "When does the shop at {} open?": (
        "The shop at {} opens at nine.",
        "Our doors are open from nine in the morning.",
        "You can come in from nine, Sundays too.",
    ),
    "Where is the damage form for {}?": (
        "The damage form for {} is on our website.",
        "You find the form under contact, at the bottom of the page.",
        "Please download the form from our website and send it in.",
    ),
    "Which bikes are there in {}?": (
        "There are city bikes and cargo bikes in {}.",
        "We rent out cargo bikes, tandems and city bikes.",
        "Cargo bikes, tandems, and a few electric city bikes.",
    ),
    "What does a week pass cost in {}?": (
        "A week pass costs thirty dollars in {}.",
        "You pay thirty dollars for seven days.",
        "The price of the pass is thirty dollars, helmet included.",
    ),
    "Who repairs the flat tire of my bike in {}?": (
        "Our mechanic in {} repairs the tire.",
        "Bring the bike to our mechanic, who puts a new tube into the tire.",
        "A mechanic comes by van and changes the tire on the spot.",
    ),
    "Can children ride along in {}?": (
        "Yes, children over six ride along in {}.",
        "Children from six years on may ride a bike of their own with their parents.",
        "There are child seats for small children, and bikes for those over six.",
    ),
    "Why was my account locked in {}?": (
        "Your account was locked in {} after three wrong passwords.",
        "We lock accounts when the password is wrong too often; reset it to log in.",
        "The wrong password was entered three times, so the login is blocked.",
    ),
}
PLACES = [
    f"{one}{two}" for one in ("Ash", "Birch", "Cedar", "Elm", "Fir", "Oak") for two in ("ford", "ham", "ley", "ton")
]


def rows(moved: dict[int, str] | None = None, order: list[int] | None = None) -> Corpus:
    """Three answers to each question about each place; `moved` are other answers by row."""
    asked = [
        (question.format(place), answer.format(place))
        for place in PLACES
        for question, told in TOPICS.items()
        for answer in told
    ]
    asked = [(question, (moved or {}).get(at, answer)) for at, (question, answer) in enumerate(asked)]
    asked = [asked[at] for at in order or range(len(asked))]
    return corpus([question for question, _ in asked], answers=[answer for _, answer in asked])


MOVED = {
    4: "A mechanic comes by van and changes the tire on the spot.",
    49: "Children from six years on may ride a bike of their own with their parents.",
    100: "Please allow a few days for the money to reach your account.",
}


def test_answers_to_another_question_are_found_with_one_that_fits() -> None:
    (finding,) = check(rows(MOVED), Options())
    assert finding.frame["row"].to_list() == sorted(MOVED)
    assert (finding.severity, finding.fix) == ("warning", None)
    first = finding.frame.row(0, named=True)
    assert (first["other"], first["other_line"], first["answers"]) == (3, 5, 2)
    assert first["score"] == first["better"] > 0.25
    assert finding.sentence(first).startswith(
        "its answer is unlike the 2 others to the same question, as in line 5, and "
    )


def test_answers_in_other_words_are_not_flagged() -> None:
    assert check(rows(), Options()) == ()


def test_an_answer_that_says_what_the_others_say_is_not_flagged_however_strange() -> None:
    strange = "Kindly observe the notice beside the fountain."
    assert (
        check(
            rows({0: strange, 1: strange + " Thanks.", 2: "Observe the notice beside the fountain, kindly."}), Options()
        )
        == ()
    )


def test_the_order_of_rows_changes_nothing_but_their_numbers() -> None:
    order = [at * 7 % 576 for at in range(576)]
    flagged = found(check(rows(MOVED, order), Options()), "answer_noise.unlike")
    assert sorted(order[at] for at in flagged) == sorted(MOVED)


def test_few_rows_and_rows_without_answers_say_so() -> None:
    with pytest.raises(NotChecked, match="no answers"):
        check(corpus(["hi"], ["a"]), Options())
    with pytest.raises(NotChecked, match="fewer than 200"):
        check(corpus(["hi"], answers=["yo"]), Options())


def test_a_row_without_an_answer_is_left_to_others() -> None:
    assert found(check(rows(MOVED | {5: "n/a", 7: ""}), Options()), "answer_noise.unlike") == sorted(MOVED)


def test_another_rows_copy_of_an_answer_fits_no_better_than_the_answer_itself() -> None:
    rng = np.random.default_rng(0)
    questions = rng.normal(size=(60, 8)).astype(np.float32)
    answers = np.tile(rng.normal(size=8).astype(np.float32), (60, 1))
    assert (answer_noise._closer(questions, answers, np.arange(60, dtype=np.uint64) % 5) == 0).all()
