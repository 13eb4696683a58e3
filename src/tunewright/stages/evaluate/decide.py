"""The verdict in words: whether tuning earned its keep."""

import math

from tunewright.core.score import Score
from tunewright.core.scorecard import Comparison, Decision, SystemScores

#: Two points of a share, or two hundredths of a nat a token: below it a tuned model does not pay for its upkeep. Our
#: judgment; it is said in the verdict.
WORTH_HAVING = 0.02


#: Below this no interval is to be trusted, however it was made: even ten rows won of ten are one chance in a thousand.
LEAST_ROWS = 10


def decide(
    own: SystemScores, best: SystemScores, comparison: Comparison, metric: str, objection: str = ""
) -> tuple[Decision, str]:
    """A decision from the paired difference to the best baseline, and the sentence that says it.

    Above zero with its whole interval: ship, unless something speaks against it. Below zero with its whole interval: do
    not fine-tune. An interval over zero: do not fine-tune when it also excludes any gain worth having (two points),
    else inconclusive, as is anything on fewer than ten rows.

    Args:
        own: the candidate's figures.
        best: those of the baseline with the highest main metric.
        comparison: the paired difference between the two.
        metric: the main metric.
        objection: a sentence on why a gain in the main metric is no reason to ship, if there is one.
    """
    gain = comparison.difference
    assert gain.low is not None and gain.high is not None
    other = _plain(best.system)
    measured = (
        f"{_figure(own.score(metric))} {_plain(metric)} on {gain.n:,} unseen rows, "
        f"against {_figure(best.score(metric))} for {other}, the best that needs no tuning: {signed(gain)}"
    )
    if gain.n < LEAST_ROWS:
        return "inconclusive", f"{measured}. Fewer than {LEAST_ROWS} test rows settle nothing; test on more."
    if gain.low > 0 and objection:
        return "do not ship", f"{measured}. But {objection}"
    if gain.low > 0:
        return "ship", f"{measured}. The gain is larger than chance explains."
    if gain.high < 0:
        return "do not fine-tune", f"{measured}. Tuning made it worse; use {other}."
    if gain.high < WORTH_HAVING:
        return "do not fine-tune", f"{measured}. No gain worth having is left in the interval; use {other}."
    needed = rows_needed(gain)
    return "inconclusive", (
        f"{measured}. The interval includes no gain; about {needed:,} test rows would settle it, "
        f"{max(needed - gain.n, 1):,} more than there are."
    )


def rows_needed(gain: Score) -> int:
    """Test rows at which an interval around the same difference would settle the verdict.

    That is when it excludes zero, or excludes a gain worth having, whichever is nearer. Widths shrink with the square
    root of the rows.
    """
    assert gain.low is not None and gain.high is not None
    half = (gain.high - gain.low) / 2
    aim = max(gain.value, WORTH_HAVING - gain.value)
    return math.ceil(gain.n * (half / aim) ** 2) + 1


def _figure(score: Score) -> str:
    return f"{score.value:.1%}" if score.unit == "share" else f"{score.value:.3f}"


def signed(gain: Score) -> str:
    """A difference with its interval, in points or in its own unit."""
    assert gain.low is not None and gain.high is not None
    if gain.unit == "share":
        return f"{100 * gain.value:+.1f} points ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"
    return f"{gain.value:+.3f} {gain.unit} ({gain.low:+.3f} to {gain.high:+.3f})"


def _plain(name: str) -> str:
    return name.replace("_", " ")
