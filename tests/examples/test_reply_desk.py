"""The bundled reply desk: the same bytes each time, and tickets that one can learn to answer."""

import csv
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

DESK = Path(__file__).parents[2] / "examples" / "reply-desk"
#: Change this only together with a reason in the changelog: the figures in its README come from these bytes.
SHA256 = {
    "tickets.csv": "fdc8d22c4cf7bc65d024ee4aa88568f599a96b5ad34a0d8dd1c180c83ad8c3aa",
    "new-tickets.csv": "eaecc51c7b1c1a923b69466c06ac391df8fa9bb0b9de299e1b0d132eb1116a6b",
}
Row = dict[str, str]


def generate(folder: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, str(DESK / "generate.py"), "--out", str(folder), *arguments], check=True)


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    generate(folder)
    return folder


@pytest.fixture(scope="module")
def rows(desk: Path) -> list[Row]:
    return read(desk / "tickets.csv")


@pytest.mark.parametrize("name", SHA256)
def test_the_same_seed_gives_the_same_bytes(desk: Path, name: str) -> None:
    assert hashlib.sha256((desk / name).read_bytes()).hexdigest() == SHA256[name]


def test_another_seed_gives_other_tickets(tmp_path: Path, rows: list[Row]) -> None:
    generate(tmp_path, "--seed", "12", "--rows", "200")
    others = read(tmp_path / "tickets.csv")
    assert len(others) == 200
    shared = {row["message"] for row in rows} & {row["message"] for row in others if len(row["message"]) > 80}
    assert not shared


def test_every_answer_is_the_same_kind_of_object_in_house_style(rows: list[Row]) -> None:
    answers = [json.loads(row["answer"]) for row in rows]
    assert {tuple(one) for one in answers} == {("category", "priority", "reply")}
    assert {one["priority"] for one in answers} == {"low", "normal", "high"}
    style = re.compile(r"Hello(?: [A-Z][a-z]+)?! .+\. Kind regards, your plant desk")
    assert all(style.fullmatch(one["reply"]) for one in answers)
    assert not any(sign in one["reply"] for one in answers for sign in "<>[]|")


def test_every_category_occurs_and_none_is_rare(rows: list[Row]) -> None:
    with (DESK / "phrases.toml").open("rb") as stream:
        matters = tomllib.load(stream)["matter"]
    sizes = Counter(json.loads(row["answer"])["category"] for row in rows)
    assert set(sizes) == {matter["category"] for matter in matters}
    assert min(sizes.values()) > 40


def test_a_reply_names_what_the_ticket_is_about(rows: list[Row]) -> None:
    """Who signs is greeted, and nobody else is."""
    for row in rows:
        reply = json.loads(row["answer"])["reply"]
        greeted = reply.removeprefix("Hello").partition("!")[0].strip()
        if greeted:
            assert greeted in row["message"]


def test_no_two_tickets_are_nearly_the_same(rows: list[Row]) -> None:
    assert len({row["message"] for row in rows}) == len(rows) == 1400
    assert len({row["ticket_id"] for row in rows}) == len(rows)


def test_later_tickets_have_no_answers_and_are_no_training_rows(desk: Path, rows: list[Row]) -> None:
    later = read(desk / "new-tickets.csv")
    assert len(later) == 20
    assert set(later[0]) == {"ticket_id", "message"}
    assert not {row["message"] for row in later} & {row["message"] for row in rows}


def test_its_configuration_runs_on_any_device() -> None:
    """Nothing in it is about a CPU, so that the same file serves a GPU."""
    from tunewright.config.load import load

    text = (DESK / "tunewright.yaml").read_text(encoding="utf-8")
    assert not re.search(r"cpu|cuda|threads|precision|device|gates", text, re.IGNORECASE)
    load(DESK)
