"""Rows with nothing to learn from, by what is wrong with them."""

import pytest
from tests.worlds import corpus, found

from tunewright.stages.audit.checks.missing import Options, check


@pytest.mark.parametrize("text", [None, "", "   ", "...", "?!", "--", "\t\n"])
def test_an_empty_prompt_blocks_and_is_dropped(text: str | None) -> None:
    (finding,) = check(corpus([text, "a real question"], ["a", "b"]), Options())
    assert (finding.name, finding.severity, finding.fix) == ("missing.prompt_empty", "blocking", "drop")
    assert finding.frame["row"].to_list() == [0]


@pytest.mark.parametrize(
    "text",
    [
        "N/A",
        "n/a.",
        "TBD",
        "Lorem ipsum",
        "<redacted>",
        "[text]",
        "{message}",
        "xxxxxx",
        "aaa",
        "'none'",
        " test ",
        "TODO",
        "<p></p>",
        "<div><br/></div>",
        "&#160;",
    ],
)
def test_a_placeholder_is_told_from_a_text(text: str) -> None:
    assert found(check(corpus([text, "a real test of mine"], ["a", "b"]), Options()), "missing.prompt_placeholder") == [
        0
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Hello {{first_name}}, welcome",
        "Dear [INSERT NAME HERE]",
        "Hi <your name>, thanks",
        "code %ORDER_ID% is late",
        "pay ${amount}",
    ],
)
def test_a_slot_nobody_filled_is_left_to_a_person(text: str) -> None:
    (finding,) = check(corpus([text, "a real question"], ["a", "b"]), Options())
    assert (finding.name, finding.fix, finding.frame["row"].to_list()) == ("missing.prompt_template", None, [0])


@pytest.mark.parametrize(
    "text",
    [
        "ok",
        "no",
        "5",
        "👍",
        "a test",
        "100%",
        "C++",
        "<3 this bank",
        "<p>ok</p>",
        "<b>1</b>",
        "none of my cards work",
        "[sic] he said",
    ],
)
def test_short_is_not_missing(text: str) -> None:
    assert check(corpus([text, "other"], ["a", "b"]), Options()) == ()


def test_a_class_may_be_called_unknown_but_not_nothing() -> None:
    findings = check(corpus(["one q", "two q", "three q"], ["unknown", None, " "]), Options())
    assert [(f.name, f.frame["row"].to_list()) for f in findings] == [("missing.label_empty", [1, 2])]


def test_a_handful_of_rows_called_tbd_were_never_labelled() -> None:
    labels = ["card"] * 150 + ["login"] * 149 + ["TBD"]
    findings = check(corpus([f"question number {i} of mine" for i in range(300)], labels), Options())
    assert [(f.name, f.frame["row"].to_list()) for f in findings] == [("missing.label_placeholder", [299])]


def test_answers_that_echo_refuse_or_repeat_to_everybody() -> None:
    prompts = [f"question number {i}" for i in range(20)]
    answers = (
        ["Please wait."] * 8
        + [f"a proper answer to {i}" for i in range(8, 18)]
        + ["Question number 18", "As an AI language model, I"]
    )
    findings = check(corpus(prompts, answers=answers), Options())
    assert found(findings, "missing.answer_echo") == [18]
    assert found(findings, "missing.answer_refusal") == [19]
    assert found(findings, "missing.answer_spike") == list(range(8))


def test_a_column_of_nulls_is_all_missing() -> None:
    assert found(check(corpus([None] * 3, ["a"] * 3), Options()), "missing.prompt_empty") == [0, 1, 2]


def test_a_placeholder_that_no_list_has_shows_by_its_labels() -> None:
    prompts = [f"question number {i} about a thing of mine" for i in range(40)]
    labels = ["card", "login", "loan", "fees"] * 10
    findings = check(corpus([*prompts, *["body was lost"] * 4, "tbd"], [*labels, *labels[:4], "card"]), Options())
    assert found(findings, "missing.prompt_spike") == [40, 41, 42, 43]
    assert found(findings, "missing.prompt_placeholder") == [44]
    (spike,) = [finding for finding in findings if finding.kind == "prompt_spike"]
    assert (spike.severity, spike.fix) == ("warning", None)


def test_known_placeholders_are_not_told_twice() -> None:
    prompts = [f"question number {i} about a thing of mine" for i in range(40)]
    labels = ["card", "login", "loan", "fees"] * 10
    findings = check(corpus([*prompts, *["tbd"] * 4], [*labels, *labels[:4]]), Options())
    assert [finding.name for finding in findings] == ["missing.prompt_placeholder"]
