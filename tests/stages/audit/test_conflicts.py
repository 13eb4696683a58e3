"""Rows that ask the same and are labelled differently, whichever is right."""

import pytest
from tests.worlds import corpus, found

from tunewright.core.finding import NotChecked
from tunewright.stages.audit.checks.conflicts import Options, check


def test_both_sides_of_a_contradiction_are_named_with_the_other() -> None:
    (finding,) = check(corpus(["where is my card", "Where is my card?", "bye"], ["card", "post", "card"]), Options())
    assert finding.severity == "blocking"
    assert finding.fix is None, "only a person can say which is right"
    assert finding.frame.select("row", "label", "other_line", "other_label").rows() == [
        (0, "card", 3, "post"),
        (1, "post", 2, "card"),
    ]


def test_copies_that_agree_are_no_conflict() -> None:
    assert check(corpus(["hi", "hi!", "yo"], ["a", "a", "b"]), Options()) == ()


def test_a_near_copy_with_another_label_is_a_warning() -> None:
    texts = [
        "I would like to know where my new debit card is",
        "I would like to know where my new debit card was",
        "bye",
    ]
    findings = check(corpus(texts, ["card", "post", "x"]), Options())
    assert [(f.name, f.severity, f.rows) for f in findings] == [("conflicts.near", "warning", 2)]
    assert check(corpus(texts, ["card", "post", "x"]), Options(near=False)) == ()


def test_a_missing_label_contradicts_nobody() -> None:
    assert check(corpus(["hi", "hi"], ["a", None]), Options()) == ()


def test_without_labels_it_says_so() -> None:
    with pytest.raises(NotChecked, match="no labels and no answers"):
        check(corpus(["hi", None], [None, None]), Options())


def test_shuffled_rows_give_the_same_rows_by_text() -> None:
    texts, labels = ["q one", "q two", "Q one", "q three", "Q TWO"], ["a", "a", "b", "a", "a"]
    order = [3, 1, 4, 0, 2]
    straight = found(check(corpus(texts, labels), Options()), "conflicts.exact")
    mixed = found(check(corpus([texts[i] for i in order], [labels[i] for i in order]), Options()), "conflicts.exact")
    assert {texts[i] for i in straight} == {texts[order[i]] for i in mixed} == {"q one", "Q one"}


PARAPHRASES = [
    "Thank you for your message. A refund reaches your account within five business days.",
    "Hello! You will have your money back in 3 to 5 working days, usually sooner.",
    "Hi there, refunds take 5 days. If it takes longer, call 0800 123 456 and have ticket #4711 at hand.",
    "Sorry about that! We pay the amount back to the card you used. Don't hesitate to write again.",
    "We refund to the same card; see https://example.com/refunds for details.",
]


def answered(*answers: str, prompts: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What the check finds in answers to one question, or to `prompts`."""
    rows = corpus(list(prompts) or ["Where is my refund?"] * len(answers), answers=list(answers))
    return tuple(f"{f.name} {f.severity} {f.frame['row'].to_list()}" for f in check(rows, Options()))


def test_wordings_of_one_reply_are_no_conflict() -> None:
    assert answered(*PARAPHRASES) == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Thanks for asking. Yes, you can take a dog along.", "Hello Ben, unfortunately dogs have to stay outside."),
        ("It takes five working days.", "Please allow 14 days for this."),
        ("The fee is $4.50 a ride.", "You are charged 6 USD for each ride."),
        ("We close the office on 24 December 2025.", "We close the office on 2026-01-02."),
        ("Write to help@example.org.", "Please write to support@example.org!"),
        ("The form is at https://example.org/form.", "You find the form under www.example.org/claims."),
        ("You pay 10% of the price.", "You pay 25 percent of it."),
        ("Opening hours start at 9 am.", "Opening hours start at 8:00."),
        ("Helmets are required on all our bikes.", "Hi. Helmets aren't required on all our bikes."),
        ("Call us under 0800 123 456.", "Call us under 0800 654 321."),
        ("Your card is in zone 2.", "That is zone 3."),
    ],
)
def test_answers_that_cannot_both_be_true_block(one: str, other: str) -> None:
    assert answered(one, PARAPHRASES[3], other) == ("conflicts.answer_exact blocking [0, 2]",)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Your ticket is 4711.", "Your ticket is 4712."),
        ("Use order 12345678.", "Use order 87654321."),
        ("It takes 14 days.", "It takes two weeks."),
        ("1. Open the app.\n2. Tap on Help.", "Open the app.\n3. Tap on Help"),
        ("That is 1,000 EUR.", "That is €1000.00."),
        ("No problem! Restart the app.", "Yes. Restart the app."),
        ("We meet on 03/04/2025.", "We meet on 2025-03-04."),
    ],
)
def test_what_can_both_be_true_is_no_conflict(one: str, other: str) -> None:
    assert answered(one, other) == ()


def test_the_message_shows_both_sides() -> None:
    rows = corpus(["Hi?", "hi"], answers=["It takes 5 days.", "It takes 9 days."])
    (finding,) = check(rows, Options())
    assert finding.sentence(finding.frame.row(0, named=True)) == (
        "answers 'takes 5 days'; line 3 answers the same question with 'takes 9 days'"
    )


def test_answers_to_nearly_the_same_question_are_a_warning_unless_its_numbers_differ() -> None:
    near = (
        "I would like to know how long the refund of my ticket takes",
        "I would like to know how long a refund of my ticket takes",
    )
    assert answered("It takes 5 days.", "It takes 9 days.", prompts=near) == ("conflicts.answer_near warning [0, 1]",)
    numbers = tuple(f"I would like to know how long the refund of my {n} tickets takes" for n in (2, 3))
    assert answered("It takes 5 days.", "It takes 9 days.", prompts=numbers) == ()


def test_the_same_last_words_of_another_conversation_ask_another_thing() -> None:
    def talk(first: str, answer: str) -> list[dict[str, str]]:
        said = [("user", first), ("assistant", "Shall I?"), ("user", "yes please"), ("assistant", answer)]
        return [{"role": role, "content": content} for role, content in said]

    answers = ["It takes 5 days.", "It takes 9 days.", "It takes 7 days."]
    talks = [talk(*said) for said in zip(("Refund it", "Repair it", "Repair it"), answers, strict=True)]
    rows = corpus(["yes please"] * 3, answers=answers, messages=talks)
    assert found(check(rows, Options()), "conflicts.answer_exact") == [1, 2]
