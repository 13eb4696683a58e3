"""The report shows the sweep of these rows, its winner first among its figures."""

from dataclasses import replace

from tests.stages.report import materials

from tunewright.core.score import Score
from tunewright.stages.report.api import render
from tunewright.stages.report.material import Swept, SweptRank
from tunewright.stages.report.page import Badge, Ranged
from tunewright.stages.report.sections.sweep import section


def score(value: float) -> Score:
    return Score(metric="x", value=value, n=40, low=value - 0.01, high=value + 0.01, unit="nats a token")


SWEPT = Swept(
    ranks=(
        SweptRank("4", score(-1.5), score(0.02), 1.25, 0.5, "12 GB, 18 min", 1 / 12, chosen=False),
        SweptRank("8", score(-1.4), score(-0.01), None, 0.51, "", 1.0, chosen=True),
    ),
    untuned=score(-3.25),
    winner=8,
    why="rank 16 adds +0.001 nats a token",
    cost=1.75,
)


def test_there_is_no_section_without_a_sweep() -> None:
    assert section(materials.full()) is None


def test_the_winner_its_reason_and_the_cost_are_said() -> None:
    drawn = section(replace(materials.full(), swept=SWEPT))
    assert drawn is not None
    assert drawn.lead[0] == ("Rank 8 won: rank 16 adds +0.001 nats a token. All ranks together took 1.75 full runs.")
    assert "untuned it is -3.250" in drawn.lead[1]
    first, second = drawn.tables[0].rows
    assert first[0] == "4"
    assert isinstance(second[0], Badge)
    assert isinstance(first[1], Ranged)
    assert first[3:6] == ("1.2", "0.5", "12 GB, 18 min")
    assert second[3] == "–"
    assert second[5] == "–"


def test_no_winner_is_said_too() -> None:
    none = replace(SWEPT, winner=None, why="every rank up to 8 forgets more than the ceiling allows")
    drawn = section(replace(materials.full(), swept=none))
    assert drawn is not None
    assert drawn.lead[0].startswith("No rank won: every rank")


def test_the_page_holds_it() -> None:
    html = render(replace(materials.full(), swept=SWEPT))
    assert "Which rank" in html
    assert "12 GB, 18 min" in html
