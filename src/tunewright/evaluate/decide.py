"""The verdict in words: whether tuning earned its keep."""

from tunewright.core.score import Score
from tunewright.core.scorecard import Comparison, Decision, SystemScores


def decide(own: SystemScores, best: SystemScores, comparison: Comparison, metric: str) -> tuple[Decision, str]:
    """A decision from the paired difference to the best baseline, and the sentence that says it.

    Above zero with its whole interval: ship. Below zero with its whole interval: do not fine-tune. An interval over
    zero: do not fine-tune when it also excludes any gain worth having (two points), else inconclusive.
    """
    gain = comparison.difference
    assert gain.low is not None and gain.high is not None
    told = (
        f"{_figure(own.score(metric))} {_plain(metric)} on {gain.n:,} unseen rows, "
        f"against {_figure(best.score(metric))} for {_plain(best.system)}, "
        f"the best that needs no tuning: {_signed(gain)}"
    )
    if gain.low > 0:
        return "ship", f"{told}. The gain is larger than chance explains."
    if gain.high < 0:
        return "do not fine-tune", f"{told}. Tuning made it worse; use {_plain(best.system)}."
    if gain.high < WORTH_HAVING:
        return (
            "do not fine-tune",
            f"{told}. No gain worth having is left in the interval; use {_plain(best.system)}.",
        )
    rows = rows_needed(gain)
    return "inconclusive", f"{told}. The interval includes no gain; about {rows:,} test rows would settle it."


#: Two points of a share, or two hundredths of a nat: below it a tuned model does not pay for its upkeep (our
#: judgment, stated in the report).
WORTH_HAVING = 0.02


def rows_needed(gain: Score) -> int:
    """Test rows at which an interval around the same difference, or two points, would exclude zero.

    Widths shrink with the square root of the rows.
    """
    assert gain.low is not None and gain.high is not None
    half = (gain.high - gain.low) / 2
    aim = max(abs(gain.value), WORTH_HAVING)
    return int(gain.n * (half / aim) ** 2) + 1


def _figure(score: Score) -> str:
    return f"{score.value:.1%}" if score.unit == "share" else f"{score.value:.3f}"


def _signed(gain: Score) -> str:
    assert gain.low is not None and gain.high is not None
    if gain.unit == "share":
        return f"{100 * gain.value:+.1f} points ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"
    return f"{gain.value:+.3f} {gain.unit} ({gain.low:+.3f} to {gain.high:+.3f})"


def _plain(name: str) -> str:
    return name.replace("_", " ")
