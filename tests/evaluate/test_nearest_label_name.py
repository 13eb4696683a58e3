"""The label whose name lies nearest."""

from tests.evaluate.lessons import LESSON, NEW
from tunewright.evaluate.baselines import nearest_label_name


def test_a_label_is_read_as_words() -> None:
    assert nearest_label_name.predict(
        LESSON, ["x", "y", "z"], NEW, nearest_label_name.Options()
    ).predicted.tolist() == [0, 1, 0]
    assert [nearest_label_name.in_words(name) for name in ("card_lost", "CardLost", "card-lost", "__")] == [
        "card lost"
    ] * 3 + ["__"]
