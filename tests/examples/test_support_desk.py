"""The bundled support desk: the same bytes each time, and every planted defect really there."""

import csv
import hashlib
import re
import subprocess
import sys
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import pytest

DESK = Path(__file__).parents[2] / "examples" / "support-desk"
#: Change this only together with a reason in the changelog: the demo's figures come from these bytes.
SHA256 = {
    "tickets.csv": "b9563fada952d8bd16c71174dc0c89ca1664b871a935b69dbacbd8eddbc47890",
    "truth.csv": "cd39efa41f063faaeecf43ff232ca39ccb17f8d99bcf9976d39ec2aff35cd6b9",
}
SIZES = {
    "exact_duplicate": 260,
    "near_duplicate": 130,
    "semantic_duplicate": 40,
    "missing_message": 70,
    "placeholder_message": 45,
    "missing_category": 25,
    "conflicting_label": 70,
    "label_noise": 50,
    "foreign_domain": 40,
    "mojibake": 30,
    "zero_width": 15,
    "html": 25,
}
Row = dict[str, str]


def generate(folder: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, str(DESK / "generate.py"), "--out", str(folder), *arguments], check=True)


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def words(text: str) -> list[str]:
    """What is left of a text without case, spaces and marks."""
    text = unicodedata.normalize("NFC", text).lower()
    return "".join(letter if letter.isalnum() else " " for letter in text).split()


def shingles(text: str) -> set[str]:
    joined = " ".join(words(text))
    return {joined[at : at + 4] for at in range(max(1, len(joined) - 3))}


def jaccard(one: str, other: str) -> float:
    first, second = shingles(one), shingles(other)
    return len(first & second) / len(first | second)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    generate(folder)
    return folder


@pytest.fixture(scope="module")
def tickets(desk: Path) -> dict[str, Row]:
    return {row["ticket_id"]: row for row in read(desk / "tickets.csv")}


@pytest.fixture(scope="module")
def truth(desk: Path) -> dict[str, list[Row]]:
    by_kind: dict[str, list[Row]] = defaultdict(list)
    for row in read(desk / "truth.csv"):
        by_kind[row["defect"]].append(row)
    return by_kind


@pytest.fixture(scope="module")
def clean(tickets: dict[str, Row], truth: dict[str, list[Row]]) -> list[Row]:
    spoiled = {row["ticket_id"] for kind in SIZES for row in truth[kind]}
    return [row for ticket_id, row in tickets.items() if ticket_id not in spoiled]


@pytest.mark.parametrize("name", SHA256)
def test_the_same_seed_gives_the_same_bytes(desk: Path, name: str) -> None:
    assert hashlib.sha256((desk / name).read_bytes()).hexdigest() == SHA256[name]


def test_another_seed_gives_other_tickets_with_as_many_defects(tmp_path: Path, tickets: dict[str, Row]) -> None:
    generate(tmp_path, "--seed", "8")
    messages = {row["message"] for row in read(tmp_path / "tickets.csv")}
    shared = messages & {row["message"] for row in tickets.values() if len(row["message"]) > 40}
    assert len(shared) < 10
    assert {
        kind: n for kind, n in Counter(r["defect"] for r in read(tmp_path / "truth.csv")).items() if kind in SIZES
    } == SIZES


def test_every_kind_of_defect_is_planted_as_often_as_the_readme_says(truth: dict[str, list[Row]]) -> None:
    assert {kind: len(truth[kind]) for kind in SIZES} == SIZES
    assert set(truth) - set(SIZES) == {
        f"pii_{kind}" for kind in ("address", "birthday", "card_number", "email", "iban", "name", "phone")
    }
    readme = (DESK / "README.md").read_text(encoding="utf-8")
    for kind, size in SIZES.items():
        line = next(line for line in readme.splitlines() if f"`{kind}`" in line and line.startswith("|"))
        assert str(size) in line, kind


def test_no_ticket_carries_two_planted_defects(truth: dict[str, list[Row]]) -> None:
    spoiled = Counter(row["ticket_id"] for kind in SIZES for row in truth[kind])
    spoiled.update(row["other_ticket"] for kind in SIZES for row in truth[kind] if row["other_ticket"])
    assert set(spoiled.values()) == {1}


def test_lines_point_at_the_ticket_in_the_file(desk: Path, truth: dict[str, list[Row]]) -> None:
    lines = (desk / "tickets.csv").read_text(encoding="utf-8").split("\n")
    for rows in truth.values():
        for row in rows:
            assert lines[int(row["line"]) - 1].startswith(row["ticket_id"] + ",")
            if row["other_ticket"]:
                assert lines[int(row["other_line"]) - 1].startswith(row["other_ticket"] + ",")


def test_exact_duplicates_have_the_same_words_and_label(tickets: dict[str, Row], truth: dict[str, list[Row]]) -> None:
    variants = set()
    for row in truth["exact_duplicate"]:
        one, other = tickets[row["ticket_id"]], tickets[row["other_ticket"]]
        assert words(one["message"]) == words(other["message"])
        assert one["category"] == other["category"]
        assert (one["message"] == other["message"]) == (row["detail"] == "identical") or row["detail"] in {
            "upper case", "lower case", "spaces", "end marks", "line breaks"
        }  # fmt: skip
        variants.add(row["detail"])
    assert variants == {"identical", "upper case", "lower case", "spaces", "end marks", "line breaks"}


def test_near_duplicates_differ_in_a_few_words(tickets: dict[str, Row], truth: dict[str, list[Row]]) -> None:
    for row in truth["near_duplicate"]:
        one, other = tickets[row["ticket_id"]], tickets[row["other_ticket"]]
        assert words(one["message"]) != words(other["message"])
        assert jaccard(one["message"], other["message"]) > 0.6
        assert one["category"] == other["category"]


def test_semantic_duplicates_say_the_same_in_other_words(tickets: dict[str, Row], truth: dict[str, list[Row]]) -> None:
    for row in truth["semantic_duplicate"]:
        one, other = tickets[row["ticket_id"]], tickets[row["other_ticket"]]
        assert jaccard(one["message"], other["message"]) < 0.6
        assert one["category"] == other["category"]


def test_conflicts_are_the_same_words_in_another_queue(tickets: dict[str, Row], truth: dict[str, list[Row]]) -> None:
    for row in truth["conflicting_label"]:
        one, other = tickets[row["ticket_id"]], tickets[row["other_ticket"]]
        assert words(one["message"]) == words(other["message"])
        assert one["category"] != other["category"]


def test_label_noise_names_the_queue_it_was_taken_from(tickets: dict[str, Row], truth: dict[str, list[Row]]) -> None:
    for row in truth["label_noise"]:
        right = row["detail"].removeprefix("was ")
        assert right and right != tickets[row["ticket_id"]]["category"]


def test_missing_and_placeholder_values_say_nothing(
    tickets: dict[str, Row], truth: dict[str, list[Row]], clean: list[Row]
) -> None:
    assert all(not tickets[row["ticket_id"]]["message"].strip() for row in truth["missing_message"])
    assert all(0 < len(tickets[row["ticket_id"]]["message"]) <= 26 for row in truth["placeholder_message"])
    queues = {row["category"] for row in clean}
    assert len(queues) == 12
    assert all(tickets[row["ticket_id"]]["category"] not in queues for row in truth["missing_category"])


def test_damaged_text_is_damaged_and_nothing_else_is(
    tickets: dict[str, Row], truth: dict[str, list[Row]], clean: list[Row]
) -> None:
    damage = {
        "mojibake": re.compile("Ã|Â|Å|â‚¬|Ä"),
        "zero_width": re.compile("\u200b"),
        "html": re.compile("<(p|div|br)[ >]|&nbsp;"),
    }
    for kind, mark in damage.items():
        assert all(mark.search(tickets[row["ticket_id"]]["message"]) for row in truth[kind]), kind
        assert not any(mark.search(row["message"]) for row in clean), kind


def test_personal_data_stands_in_the_message_and_is_nobodys(
    tickets: dict[str, Row], truth: dict[str, list[Row]]
) -> None:
    for kind in [kind for kind in truth if kind.startswith("pii_")]:
        assert len(truth[kind]) > 100
        assert all(row["detail"] in tickets[row["ticket_id"]]["message"] for row in truth[kind]), kind
    assert all(row["detail"].endswith("@example.com") for row in truth["pii_email"])
    fiction = re.compile(r"(\+44 7700|07700) 900\d{3}|020 7946 0\d{3}|\(415\) 555-01\d{2}")
    assert all(fiction.fullmatch(row["detail"]) for row in truth["pii_phone"])
    for row in truth["pii_iban"]:
        compact = row["detail"].replace(" ", "")
        assert compact[4:8] == "LARK"
        assert int("".join(str(int(sign, 36)) for sign in compact[4:] + compact[:4])) % 97 == 1
    for row in truth["pii_card_number"]:
        digits = [int(sign) for sign in reversed(row["detail"].replace(" ", ""))]
        assert sum(digits[::2]) % 10 == -sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2]) % 10


def test_each_channel_writes_dates_its_own_way_and_letters_cannot_be_told(tickets: dict[str, Row]) -> None:
    shape = {
        "chat": r"\d{4}-\d\d-\d\d \d\d:\d\d",
        "email": r"\d\d/\d\d/\d{4} \d\d:\d\d",
        "phone": r"\d\d/\d\d/\d{4} \d\d:\d\d [AP]M",
        "letter": r"\d\d/\d\d/\d{4}",
    }
    days: dict[str, list[int]] = defaultdict(list)
    for row in tickets.values():
        assert re.fullmatch(shape[row["channel"]], row["received"])
        days[row["channel"]].append(
            max(int(part) for part in row["received"][:5].split("/")) if "/" in row["received"] else 0
        )
    assert max(days["email"]) > 12 and max(days["phone"]) > 12
    assert max(days["letter"]) <= 12


def test_the_queues_are_mildly_imbalanced(clean: list[Row]) -> None:
    sizes = Counter(row["category"] for row in clean)
    assert sum(sizes.values()) == 4000 - sum(SIZES.values())
    assert min(sizes.values()) >= 80
    assert 3 < max(sizes.values()) / min(sizes.values()) < 6


def test_no_two_clean_tickets_are_alike(clean: list[Row]) -> None:
    assert len({" ".join(words(row["message"])) for row in clean}) == len(clean)
    sets = [
        {tuple(found[at : at + 3]) for at in range(max(1, len(found) - 2))}
        for found in (words(row["message"]) for row in clean)
    ]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, found in enumerate(sets):
        shared = Counter(other for sequence in found for other in holders[sequence])
        assert all(count <= 0.3 * (len(found) + len(sets[other]) - count) for other, count in shared.items())
        for sequence in found:
            holders[sequence].append(number)
