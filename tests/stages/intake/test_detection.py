"""The guess about columns and task, with how sure it is."""

from pathlib import Path

import pytest

from tunewright.stages.intake.detect import detect
from tunewright.stages.intake.settings import DataSettings


def guess(folder: Path, header: str, *rows: str):
    path = folder / "t.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return detect(path, DataSettings())


TICKETS = [
    "1,where is my card today,card",
    "2,cannot log in at all,login",
    "3,card got lost again,card",
    "4,reset my password please,login",
]


@pytest.mark.parametrize(
    ("header", "sure"),
    [
        ("id,message,category", True),
        ("ticket_id,Customer Message,Ticket Category", True),
        ("id,QuestionText,IntentLabel", True),
        ("nr,wording,bucket", False),
        ("id,topical,classy", False),  # "topic" and "class" are not whole words of these
    ],
)
def test_columns_are_told_by_whole_words_of_their_names_then_by_content(
    tmp_path: Path, header: str, sure: bool
) -> None:
    detection = guess(tmp_path, header, *TICKETS)
    names = header.split(",")
    assert dict(detection.columns) == {"prompt": names[1], "label": names[2]}
    assert detection.task == "classify"
    assert (detection.confidence >= 0.9) is sure


def test_an_answer_makes_it_a_reply(tmp_path: Path) -> None:
    detection = guess(
        tmp_path,
        "question,answer",
        "where is it,it is on its way to you",
        "who are you,we are your bank and friend",
        "what now,please wait a little while",
    )
    assert detection.task == "reply"
    assert detection.confidence >= 0.9


def test_a_label_and_an_answer_are_a_question(tmp_path: Path) -> None:
    detection = guess(
        tmp_path,
        "text,label,answer",
        *[f"text number {i} here,{'ab'[i % 2]},the answer to number {i}" for i in range(8)],
    )
    assert detection.confidence < 0.9
    assert any("classify or reply" in reason for reason in detection.reasons)


def test_the_preview_shows_five_rows_with_lines(tmp_path: Path) -> None:
    detection = guess(tmp_path, "text,label", *[f"text number {i},{'ab'[i % 2]}" for i in range(9)])
    assert [row["line"] for row in detection.preview] == ["2", "3", "4", "5", "6"]
    assert detection.preview[0] == {"line": "2", "prompt": "text number 0", "label": "a"}
