"""A bar is judged at the pessimistic end of what was measured, and exactly at the bar its own sign decides."""

import math

import pytest

from tunewright.core.errors import UserError
from tunewright.core.gate import Override, judge, parse_bar
from tunewright.core.score import Score

NAN, INFINITY = math.nan, math.inf


def score(value: float, low: float | None = None, high: float | None = None) -> Score:
    return Score(metric="x", value=value, n=10, low=low, high=high)


@pytest.mark.parametrize(
    ("bar", "below", "exactly", "above"),
    [
        (">= 85", False, True, True),
        ("> 85", False, False, True),
        ("<= 85", True, True, False),
        ("< 85", True, False, False),
        (">= -0.5", False, True, True),
        ("<-0.5", True, False, False),
        (">=0", False, True, True),
        ("> 0", False, False, True),
    ],
)
def test_a_figure_below_at_and_above_the_bar(bar: str, below: bool, exactly: bool, above: bool) -> None:
    limit = parse_bar(bar)[1]
    values = (math.nextafter(limit, -INFINITY), limit, math.nextafter(limit, INFINITY))
    assert tuple(judge("g", bar, score(value)).passed for value in values) == (below, exactly, above)


@pytest.mark.parametrize(
    ("bar", "low", "high", "judged", "passed"),
    [
        (">= 85", 85.0, 99.0, 85.0, True),
        (">= 85", 84.9, 99.0, 84.9, False),
        ("> 85", 85.0, 99.0, 85.0, False),
        ("> 85", 85.1, 99.0, 85.1, True),
        ("<= 85", 10.0, 85.0, 85.0, True),
        ("<= 85", 10.0, 85.1, 85.1, False),
        ("< 85", 10.0, 85.0, 85.0, False),
        ("< 85", 10.0, 84.9, 84.9, True),
    ],
)
def test_the_pessimistic_end_of_an_interval_decides(
    bar: str, low: float, high: float, judged: float, passed: bool
) -> None:
    verdict = judge("g", bar, score((low + high) / 2, low, high))
    assert (verdict.judged, verdict.passed) == (judged, passed)


@pytest.mark.parametrize("bar", [">= 85", "> 85", "<= 85", "< 85"])
@pytest.mark.parametrize("value", [NAN, INFINITY, -INFINITY])
def test_what_is_no_number_passes_no_bar(bar: str, value: float) -> None:
    for measured in (score(value), score(85.0, value, value)):
        verdict = judge("g", bar, measured)
        assert (verdict.passed, verdict.judged, verdict.open) == (False, None, False)


def test_an_interval_does_not_save_a_figure_that_is_none() -> None:
    assert not judge("g", ">= 85", score(NAN, 90.0, 95.0)).passed


@pytest.mark.parametrize(("bar", "low", "high"), [(">= 85", 90.0, INFINITY), ("<= 85", -INFINITY, 80.0)])
def test_an_end_that_is_open_on_the_good_side_does_not_matter(bar: str, low: float, high: float) -> None:
    assert judge("g", bar, score(85.0, low, high)).passed


def test_an_override_opens_a_gate_that_failed_and_leaves_no_trace_on_one_that_passed() -> None:
    override = Override(who="ann", why="pilot")
    failed, passed = (judge("g", ">= 85", score(value), override=override) for value in (84.0, 86.0))
    assert (failed.passed, failed.open, failed.overridden) == (False, True, override)
    assert (passed.passed, passed.open, passed.overridden) == (True, True, None)
    assert not judge("g", ">= 85", score(84.0)).open


@pytest.mark.parametrize("bar", ["", "85", "=> 85", "== 85", ">= ", ">= 8 5", ">= 1e3", ">= nan", ">= 85 %"])
def test_what_is_no_comparison_is_refused(bar: str) -> None:
    with pytest.raises(UserError) as refused:
        judge("g", bar, score(85.0))
    assert refused.value.code == "E-CFG-005"
