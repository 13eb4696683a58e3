"""The label whose name says the text."""

from dataclasses import replace

import pytest
from tests.stages.evaluate.lessons import LESSON, NEW

from tunewright.stages.evaluate.baselines import nearest_label_name
from tunewright.stages.evaluate.baselines.nearest_label_name import Options, in_words


@pytest.mark.parametrize("name", ["card_lost", "CardLost", "card-lost", " card  LOST ", "card.lost"])
def test_a_label_is_read_as_words(name: str) -> None:
    assert in_words(name) == "card lost"


def test_a_label_without_a_word_keeps_its_characters() -> None:
    assert in_words("__") == "__"


def test_it_reads_no_training_row() -> None:
    unread = replace(LESSON, texts=[], labels=LESSON.labels[:0], vectors=LESSON.vectors[:0])
    found = nearest_label_name.predict(unread, ["x", "y", "z"], NEW, Options())
    assert found.predicted.tolist() == [0, 1, 0]


def test_two_labels_in_the_same_words_tie_and_the_first_is_taken() -> None:
    twice = replace(LESSON, names=["log_in", "LogIn", "card"])
    assert nearest_label_name.predict(twice, ["y"], NEW[1:2], Options()).predicted.tolist() == [0]
