"""Class sizes that a model would not survive, in figures."""

import pytest
from tests.worlds import corpus

from tunewright.core.finding import NotChecked
from tunewright.stages.audit.checks.class_imbalance import Options, check


def world(**sizes: int):
    labels = [label for label, count in sizes.items() for _ in range(count)]
    return corpus([f"text {i}" for i in range(len(labels))], labels)


def kinds(**sizes: int) -> list[str]:
    return [finding.kind for finding in check(world(**sizes), Options())]


def test_95_to_5_is_flagged() -> None:
    (finding,) = check(world(a=950, b=50), Options())
    assert finding.rows == 0, "a statement about the whole dataset"
    assert finding.facts["largest_share"] == pytest.approx(0.95)
    assert finding.facts["ratio"] == 19
    assert "95%" in finding.sentence()


@pytest.mark.parametrize(
    ("sizes", "flagged"), [((500, 500), False), ((900, 100), False), ((940, 60), False), ((960, 40), True)]
)
def test_where_the_line_is_for_two_classes(sizes: tuple[int, int], flagged: bool) -> None:
    assert ("shares" in kinds(a=sizes[0], b=sizes[1])) is flagged


def test_with_many_classes_a_share_is_judged_against_an_even_one() -> None:
    even = {f"c{i}": 50 for i in range(77)}
    assert kinds(**even) == []
    assert kinds(**{**even, "c0": 24}) == ["shares"]


def test_a_small_class_says_how_many_rows_are_missing() -> None:
    finding = check(world(a=200, b=12), Options())[-1]
    assert finding.name == "class_imbalance.too_small"
    # z² · 0.9 · 0.1 / 0.05² = 138.3, so 139 test rows; a tenth of the rows is tested.
    assert finding.facts["test_rows_needed"] == 139
    assert finding.frame["missing"].unique().to_list() == [1390 - 12]
    assert finding.rows == 12


@pytest.mark.parametrize("labels", [["a"] * 5, [None] * 5])
def test_one_class_or_none_cannot_be_judged(labels: list[str | None]) -> None:
    with pytest.raises(NotChecked):
        check(corpus(["x"] * 5, labels), Options())
