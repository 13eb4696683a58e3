"""Durations in words: at the edges of units a duration goes over into the next, never to 60 of the last."""

import pytest

from tunewright.core.durations import page_duration, rough_duration, terminal_duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "60 s"),
        (119.4, "119 s"),
        (119.6, "2 min 00 s"),
        (200, "3 min 20 s"),
        (7199.4, "119 min 59 s"),
        (7199.6, "2 h 00 min"),
        (7500, "2 h 05 min"),
        (360_000, "100 h 00 min"),
    ],
)
def test_a_terminal_counts_up_to_two_of_the_next_unit(seconds: float, words: str) -> None:
    assert terminal_duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0.4 s"),
        (9.96, "10 s"),
        (12.2, "12 s"),
        (59.4, "59 s"),
        (59.7, "1 min 00 s"),
        (192.4, "3 min 12 s"),
        (3599.4, "59 min 59 s"),
        (3599.9, "1 h 00 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_a_page_goes_over_into_the_next_unit_and_breaks_no_line_inside_one(seconds: float, words: str) -> None:
    written = page_duration(seconds)
    assert written.replace("\u202f", " ") == words
    assert written.count(" ") == max(0, len(words.split()) // 2 - 1), "only between two units may a line break"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 min"),
        (89, "1 min"),
        (91, "2 min"),
        (3599, "60 min"),
        (3600, "1.0 hours"),
        (9000, "2.5 hours"),
        (67_320, "18.7 hours"),
    ],
)
def test_an_estimate_is_told_in_minutes_or_in_tenths_of_hours(seconds: float, words: str) -> None:
    assert rough_duration(seconds) == words
