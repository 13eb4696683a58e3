"""What several people said of each text: a column each, a line each, or an export of Label Studio."""

import json
from pathlib import Path
from typing import Any

import pytest

from tunewright.core.errors import UserError
from tunewright.stages.intake.api import read
from tunewright.stages.intake.detect import detect, require_sure
from tunewright.stages.intake.rows import Intake
from tunewright.stages.intake.settings import DataSettings

WIDE = """text,ann,ben,cat,shift
where is my card,card,card,post,early
the app crashed,app,,app,late
hello there,,,,early
who are you,post,card,,late
"""
LONG = """message,label,who
where is my card,card,ann
the app crashed,app,ann
where is my card,post,ben
where is my card,card,cat
the app crashed,app,cat
the app crashed,app,ben
"""


def read_text(folder: Path, content: str, name: str = "t.csv", **options: Any) -> Intake:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    settings = DataSettings.model_validate(options)
    require_sure(detect(path, settings), name, confirmed=True)
    return read(path, settings)


def choices_of(intake: Intake) -> list[list[tuple[str, list[str]]]]:
    """Who chose what, row by row."""
    return [
        [(answer["by"], answer["choices"]) for answer in json.loads(meta)["annotators"]]
        for meta in intake.frame["meta"]
    ]


def test_a_column_each_becomes_what_they_said_and_the_consensus_is_the_label(tmp_path: Path) -> None:
    intake = read_text(tmp_path, WIDE, annotators=["ann", "ben", "cat"])
    assert intake.frame["label"].to_list() == ["card", "app", None, "card"], "of a tie the first by name"
    assert choices_of(intake) == [
        [("ann", ["card"]), ("ben", ["card"]), ("cat", ["post"])],
        [("ann", ["app"]), ("cat", ["app"])],
        [],
        [("ann", ["post"]), ("ben", ["card"])],
    ]
    assert json.loads(intake.frame["meta"][0])["shift"] == "early", "the other columns stay"
    assert intake.frame["line"].to_list() == [2, 3, 4, 5]


def test_the_users_own_label_is_kept_beside_them(tmp_path: Path) -> None:
    content = (
        "text,label,ann,ben\nwhere is my card,post,card,card\nthe app crashed,app,app,app\nand my card,post,card,x\n"
    )
    intake = read_text(tmp_path, content, annotators=["ann", "ben"])
    assert intake.frame["label"].to_list() == ["post", "app", "post"]
    named = read_text(
        tmp_path, content.replace("label", "final"), annotators=["ann", "ben"], columns={"label": "final"}
    )
    assert named.frame["label"].to_list() == ["post", "app", "post"]


def test_a_line_each_becomes_one_row_a_text_with_its_first_line(tmp_path: Path) -> None:
    intake = read_text(tmp_path, LONG, annotator="who")
    assert intake.frame.select("line", "prompt", "label").rows() == [
        (2, "where is my card", "card"),
        (3, "the app crashed", "app"),
    ]
    assert choices_of(intake) == [
        [("ann", ["card"]), ("ben", ["post"]), ("cat", ["card"])],
        [("ann", ["app"]), ("cat", ["app"]), ("ben", ["app"])],
    ]
    assert "6 lines of annotators about 2 texts" in intake.detection.reasons


def test_columns_of_any_name_stay_the_users_own(tmp_path: Path) -> None:
    content = (
        "text,ann,ben,unit,line,value,rater\nwhere is my card,card,card,kg,9,3,x\nthe app crashed,app,app,m,8,4,y\n"
    )
    intake = read_text(tmp_path, content, annotators=["ann", "ben"])
    own_columns = {name: value for name, value in json.loads(intake.frame["meta"][0]).items() if name != "annotators"}
    assert own_columns == {"unit": "kg", "line": "9", "value": "3", "rater": "x"}
    assert intake.frame["line"].to_list() == [2, 3]
    long = "text,label,who,unit,line\nwhere is my card,card,ann,kg,9\nwhere is my card,card,ben,m,8\n"
    intake = read_text(tmp_path, long, annotator="who", columns={"prompt": "text", "label": "label"})
    assert json.loads(intake.frame["meta"][0])["line"] == "9"


def test_label_studio_says_who_in_words(tmp_path: Path) -> None:
    def one(by: Any, choice: str) -> dict[str, Any]:
        return {"completed_by": by, "result": [{"value": {"choices": [choice]}, "type": "choices"}]}

    tasks = [{"id": 1, "data": {"text": "hi"}, "annotations": [one(7, "a"), one({"id": 8, "email": "b@x.org"}, "b")]}]
    intake = read_text(tmp_path, json.dumps(tasks), "t.json")
    assert choices_of(intake) == [[("7", ["a"]), ("b@x.org", ["b"])]]


@pytest.mark.parametrize(
    ("content", "settings", "code", "words"),
    [
        (WIDE, {"annotators": ["ann", "bern"]}, "E-DATA-016", "bern"),
        (WIDE, {"annotators": ["ann"], "annotator": "ben"}, "E-DATA-021", "Both"),
        (WIDE.replace("shift", "annotators"), {"annotators": ["ann"]}, "E-DATA-021", "of its own"),
        (WIDE, {"annotators": ["ann", "ben"], "task": "reply"}, "E-DATA-021", "reply"),
    ],
)
def test_what_cannot_be_put_together_is_refused(
    tmp_path: Path, content: str, settings: dict[str, Any], code: str, words: str
) -> None:
    with pytest.raises(UserError, match=words) as error:
        read_text(tmp_path, content, **settings)
    assert error.value.code == code
