"""The plain reviewer: keys on a pipe, every answer kept at once, a killed sitting goes on."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.stages.review.worlds import finding, population, project, report, sample
from tests.worlds import of, rows

from tunewright.project import Project
from tunewright.stages.review import terminal

PROGRAM = [sys.executable, "-m", "tunewright.cli.main", "review", "next"]


def sitting(typed: str, drawn=None):
    """What a sitting kept, what it showed, and its account."""
    corpus = population(12)
    drawn = drawn or sample(corpus, report(corpus, finding("a.x", list(range(12)))), 12)
    saved, shown = [], []
    session = terminal.review(
        drawn.rows, drawn.header, iter(typed.splitlines()), shown.append, lambda card, *answer: saved.append(answer)
    )
    return saved, "\n".join(shown), session


def test_each_key_does_what_it_says() -> None:
    saved, shown, session = sitting("o\nD too short\ns\nl 2\nl c0\nl\n3\nq\no\n")
    assert saved == [
        ("ok", "", "", ""), ("defective", "", "", "too short"), ("", "c1", "", ""), ("", "c0", "", ""), ("", "c2", "", ""),
    ]  # fmt: skip
    assert (session.answered, session.skipped, session.left) == (5, 1, 7)
    assert "a.x: found here" in shown
    assert "   1 c0" in shown


def test_what_is_no_key_and_no_label_is_asked_again() -> None:
    saved, shown, _ = sitting("what?\nl 9\nl nothing\n\no\n")
    assert saved == [("ok", "", "", "")]
    assert shown.count("A key and Enter") == 2
    assert "There is no label '9'" in shown
    assert "There is no label 'nothing'" in shown


def test_of_a_reply_the_right_answer_is_typed() -> None:
    corpus = of(rows(["q"], answers=["a"], content_digest=["d0"]))
    drawn = sample(corpus, report(corpus), 1)
    assert sitting("l\nthe right one\n", drawn)[0] == [("", "", "the right one", "")]
    assert "answer: a" in sitting("", drawn)[1]


def test_a_row_cannot_command_the_terminal() -> None:
    corpus = of(rows(["\x1b[2Jgone\x07\nnext"], ["x"], content_digest=["d0"]))
    shown = sitting("", sample(corpus, report(corpus), 1))[1]
    assert "\x1b" not in shown
    assert "�[2Jgone�\nnext" in shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("terminal") / "desk"
    project(folder).review_sample(60)
    return folder


def piped(folder: Path, typed: str, reviewer: str) -> dict:
    process = subprocess.run(
        [*PROGRAM, "-C", str(folder), "--json", "--reviewer", reviewer],
        input=typed,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(process.stdout)["data"]


def here(folder: Path, typed: str, reviewer: str) -> dict:
    """The same without another process."""
    return Project.open(folder).review_next(typed.splitlines(), lambda _: None, reviewer=reviewer).model_dump()


def test_a_pipe_is_read_line_by_line_and_the_next_call_goes_on(folder: Path) -> None:
    assert piped(folder, "o\nd\ns\n", "ann") == {"reviewer": "ann", "answered": 2, "skipped": 1, "left": 58}
    assert here(folder, "o\n" * 100, "ann") == {"reviewer": "ann", "answered": 58, "skipped": 0, "left": 0}
    assert here(folder, "q\n", "bo") == {"reviewer": "bo", "answered": 0, "skipped": 0, "left": 60}
    events = [e.detail for e in Project.open(folder).events().events if e.kind == "review.answered"]
    assert events == [{"reviewer": "ann", "answers": 2}, {"reviewer": "ann", "answers": 58}]
    status = Project.open(folder).review_status()
    assert (status.reviewed, status.reviewers, status.sets[0].reviewed) == (60, {"ann": 60}, 60)


def test_a_kill_between_two_answers_keeps_the_first(folder: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "-C", str(folder), "--reviewer", "cem"], stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    process.stdin.write("d first\n")
    process.stdin.flush()
    shown = ""
    while "row 2 of 60" not in shown:
        shown += process.stderr.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stderr.close()
    assert here(folder, "", "cem") == {"reviewer": "cem", "answered": 0, "skipped": 0, "left": 59}
    assert Project.open(folder).review_status().reviewers["cem"] == 1


def test_half_a_line_that_a_kill_left_is_not_an_answer(folder: Path) -> None:
    here(folder, "o\n", "dan")
    (file,) = [p for p in (folder / ".tunewright/review/answers").iterdir() if '"dan"' in p.read_text()]
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"example_id": "ha')
    assert here(folder, "o\n", "dan")["left"] == 58
    lines = file.read_bytes().splitlines()
    assert len(lines) == 2
    assert file.read_bytes().startswith(whole)
    assert all(json.loads(line)["reviewer"] == "dan" for line in lines)
