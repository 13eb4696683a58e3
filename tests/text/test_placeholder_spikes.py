"""Which short texts are filed as if they said nothing."""

import random

import polars as pl
from tests.worlds import rows

from tunewright.text.placeholder_spikes import filed_anywhere

CLASSES = ("billing", "login", "delivery", "refund")
REAL = [f"my order number {i} has not come in spite of three calls to you" for i in range(200)]


def told(texts: dict[str, str], words: int = 6, classes: tuple[str, ...] = CLASSES) -> list[str]:
    """The texts found among `texts` (text -> the initials of its labels) and ordinary rows of every class."""
    named = {name[0]: name for name in classes}
    added = [(text, named[initial]) for text, initials in texts.items() for initial in initials]
    prompts = [*REAL, *(text for text, _ in added)]
    labels = [*(classes[i % len(classes)] for i in range(len(REAL))), *(label for _, label in added)]
    frame = rows(prompts, labels)
    found = filed_anywhere(frame, words)
    return frame.join(found, on="row", how="semi")["prompt"].unique().sort().to_list()


def test_a_short_text_under_any_label_is_found() -> None:
    assert told({"content expired": "bldr", "body lost": "bld", "Body  lost!": "r"}) == [
        "Body  lost!", "body lost", "content expired",
    ]  # fmt: skip


def test_a_short_text_of_one_class_with_mistakes_in_its_labels_is_not() -> None:
    assert told({"reset password": "llllllb", "where is it": "dddr", "money back": "rrrrrrrrrrbld"}) == []


def test_a_short_text_between_two_classes_is_not() -> None:
    assert told({"charged twice": "bbbrrr"}) == []


def test_twice_is_no_spike() -> None:
    assert told({"content expired": "bl"}) == []


def test_short_is_measured_by_what_is_usual_in_the_column() -> None:
    long = REAL[0].replace("number 0", "again")
    assert told({long: "bldrbldr"}, words=20) == []
    assert told({"a text of more than six words": "bldr"}) == []
    assert told({"a text of more than six words": "bldr"}, words=7) == ["a text of more than six words"]


def test_of_two_classes_it_takes_more_rows_to_tell() -> None:
    two = ("spam", "ham")
    assert told({"body lost": "ssh"}, classes=two) == []
    assert told({"body lost": "sshh"}, classes=two) == ["body lost"]


def test_a_common_class_is_no_evidence_that_a_text_says_nothing() -> None:
    texts, labels = [*REAL, *["thank you"] * 10], ["praise"] * 180 + ["other"] * 20 + ["praise"] * 9 + ["other"]
    assert filed_anywhere(rows(texts, labels), 6).is_empty()


def test_nothing_is_found_without_classes_to_be_filed_under() -> None:
    texts = [*REAL, *["body lost"] * 5]
    assert filed_anywhere(rows(texts, ["billing"] * len(texts)), 6).is_empty()
    assert filed_anywhere(rows(texts, [None] * len(texts)), 6).is_empty()
    assert filed_anywhere(rows([None] * 3, ["a", "b", "c"]), 6).is_empty()


def test_the_order_of_rows_changes_nothing() -> None:
    texts = [*REAL, *["content expired"] * 4, *["reset password"] * 4]
    labels = [*(CLASSES[i % 4] for i in range(len(REAL))), *CLASSES, *["login"] * 4]
    frame = rows(texts, labels)
    whole = filed_anywhere(frame, 6)["row"].to_list()
    order = list(range(len(texts)))
    random.Random(4).shuffle(order)
    assert whole == [200, 201, 202, 203]
    assert sorted(filed_anywhere(frame.select(pl.all().gather(order)), 6)["row"].to_list()) == whole
