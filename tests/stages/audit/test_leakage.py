"""What the test rows hold, the training rows must not."""

import polars as pl
import pytest
from tests.worlds import corpus, found, rows, turns

from tunewright.core.context import Context
from tunewright.core.corpus import Corpus
from tunewright.core.finding import NotChecked
from tunewright.stages.audit.checks.leakage import Options, check

NEAR = "I would like to know where my new debit card is"
TEXTS = ["where is my card", "Where is my CARD?", NEAR, NEAR + " please", "bye now", "see you"]
SPLITS = ["train", "test", "train", "validation", "train", "test"]


def test_the_training_row_is_flagged_and_names_what_it_gives_away() -> None:
    exact, near = check(corpus(TEXTS, ["a"] * 6, split=SPLITS), Options())
    assert (exact.name, exact.severity) == ("leakage.exact", "blocking")
    assert exact.frame.select("row", "other", "other_line", "side").rows() == [(0, 1, 3, "test")]
    assert (near.name, near.severity) == ("leakage.near", "warning")
    assert near.frame.select("row", "other", "side").rows() == [(2, 3, "validation")]


def test_copies_on_one_side_give_nothing_away() -> None:
    assert check(corpus(["a b", "a b", "c d"], ["x"] * 3, split=["train", "train", "test"]), Options()) == ()


@pytest.mark.parametrize("split", [[None] * 3, ["train"] * 3])
def test_undivided_rows_cannot_leak(split: list[str | None]) -> None:
    with pytest.raises(NotChecked, match="not divided"):
        check(corpus(["a", "b", "c"], ["x"] * 3, split=split), Options())


def test_the_order_of_the_rows_does_not_matter() -> None:
    order = [4, 1, 3, 0, 5, 2]
    mixed = corpus([TEXTS[i] for i in order], ["a"] * 6, split=[SPLITS[i] for i in order])
    told = {f.kind: {TEXTS[order[row]] for row in f.frame["row"]} for f in check(mixed, Options())}
    assert told == {"exact": {TEXTS[0]}, "near": {TEXTS[2]}}


# ------------------------------------------------------------------ against a given evaluation file


def judged(world: Corpus, evaluation: pl.DataFrame) -> Corpus:
    world.context = Context(evaluation=evaluation)
    return world


def test_a_question_of_the_evaluation_file_is_found_without_any_split() -> None:
    evaluation = rows(["something else", "BYE now!", NEAR + " please"], ["a"] * 3)
    exact, near = check(judged(corpus(["see you", "bye now", NEAR, "zebra"], ["a"] * 4), evaluation), Options())
    assert (exact.name, exact.severity, exact.fix) == ("leakage.evaluation_exact", "blocking", "drop")
    assert exact.frame.select("row", "evaluation_line").rows() == [(1, 3)]
    assert (near.name, near.severity, near.fix) == ("leakage.evaluation_near", "warning", None)
    assert near.frame.select("row", "evaluation_line").rows() == [(2, 4)]
    # 44 and 51 distinct runs of four characters, of which the first 44 are shared.
    assert near.frame["jaccard"].to_list() == [pytest.approx(44 / 51)]
    assert near.sentence(near.frame.row(0, named=True)).endswith("in line 4 (similarity 0.86)")


def test_the_nearest_question_is_named_and_of_equals_the_first() -> None:
    evaluation = rows([NEAR + " please thanks", NEAR + " please", NEAR.upper() + "  please!"], ["a"] * 3)
    (near,) = check(judged(corpus([NEAR], ["a"]), evaluation), Options())
    assert near.frame["evaluation_line"].to_list() == [3]


def test_of_equal_questions_of_the_evaluation_file_the_first_is_named() -> None:
    (exact,) = check(judged(corpus(["bye now"], ["a"]), rows(["hi", "bye now", "Bye now"], ["a"] * 3)), Options())
    assert exact.frame["evaluation_line"].to_list() == [3]


def test_rows_of_the_files_own_test_split_may_stand_in_the_evaluation_file() -> None:
    world = corpus(["bye now", "bye now"], ["a"] * 2, split=["train", "test"])
    findings = check(judged(world, rows(["bye now"], ["a"])), Options(near=False))
    assert found(findings, "leakage.evaluation_exact") == [0]
    assert found(findings, "leakage.exact") == [0]


def test_a_family_of_copies_is_found_whole() -> None:
    family = [f"my invoice number {at} was charged twice on the same day" for at in range(400)]
    evaluation = rows(["my invoice number 7777 was charged twice on the same day", "unrelated words here"], ["a"] * 2)
    (near,) = check(judged(corpus([*family, "quite another thing"], ["a"] * 401), evaluation), Options())
    assert near.frame["row"].to_list() == list(range(400))
    assert near.frame["jaccard"].min() >= 0.6


def conversation(*said: str) -> list[dict[str, object]]:
    roles = ("user", "assistant")
    return [{"role": roles[at % 2], "content": one, "weight": None} for at, one in enumerate(said)]


def test_a_later_question_too_short_to_mean_anything_is_held_against_all_that_was_said() -> None:
    chats = [
        conversation("my card is lost", "Shall I block it?", "yes please", "Done."),
        conversation("cancel my plan", "Are you sure?", "yes please", "Done."),
        conversation("hello", "How can I help?", "when does the branch in town open", "At nine."),
    ]
    prompts = ["yes please", "yes please", "when does the branch in town open"]
    world = corpus(prompts, answers=["Done.", "Done.", "At nine."], messages=chats)
    asked = [conversation("Cancel my plan!", "Are you sure?", "Yes please", "OK."), turns(prompts[2], "Nine o'clock.")]
    evaluation = rows(["Yes please", prompts[2]], answers=["OK.", "Nine o'clock."], messages=asked)
    (exact,) = check(judged(world, evaluation), Options())
    assert exact.frame.select("row", "evaluation_line").rows() == [(1, 2), (2, 3)]


LONG = "we have blocked the card and sent you a new one that arrives within five days at your address"


def test_an_answer_of_the_evaluation_file_warns_unless_it_is_short_or_given_to_everybody() -> None:
    standing = "thank you for writing to us, we have passed your message on to the team that looks after it"
    questions = ["lost it", "where are you", "help me out", "so slow", "no go", "what is it", "blocked again"]
    answers = [LONG, "In town.", *[standing] * 4, LONG.replace("five", "six")]
    evaluation = rows(["aaa bbb", "ccc ddd", "eee fff"], answers=[LONG.upper(), "in town", standing])
    world = judged(corpus(questions, answers=answers), evaluation)
    (told,) = check(world, Options())
    assert (told.name, told.severity, told.fix) == ("leakage.evaluation_answer", "warning", None)
    assert told.frame.select("row", "evaluation_line").rows() == [(0, 2), (6, 2)]
    (told,) = check(world, Options(near=False, answer_words=1, answer_copies=4))
    assert told.frame["row"].to_list() == [0, 1, 2, 3, 4, 5]


def test_an_evaluation_file_that_shares_nothing_is_no_finding() -> None:
    assert check(judged(corpus(["a b", None, ""], ["x"] * 3), rows(["c d", "", None], ["x"] * 3)), Options()) == ()
    assert check(judged(corpus(["a b"], ["x"]), rows([], [])), Options()) == ()
