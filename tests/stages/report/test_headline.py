"""The first screen: its tone at the very edges."""

from dataclasses import replace

import pytest
from tests.stages.report import materials

from tunewright.core.score import Score
from tunewright.stages.report.headline import headline
from tunewright.stages.report.material import ReportMaterial


def with_gain(value: float, low: float | None, high: float | None) -> ReportMaterial:
    """A full report whose gain over the best baseline is `value`."""
    full = materials.full()
    card = full.evaluated.scorecard
    best = card.best_baseline.system
    gain = Score(metric="accuracy", value=value, n=602, low=low, high=high)
    comparisons = tuple(
        comparison.model_copy(update={"difference": gain}) if comparison.baseline == best else comparison
        for comparison in card.comparisons
    )
    changed = card.model_copy(update={"comparisons": comparisons}).with_predictions(card.predictions)
    return replace(full, evaluated=replace(full.evaluated, scorecard=changed))


@pytest.mark.parametrize(
    ("value", "low", "high", "tone"),
    [
        (0.05, 0.01, 0.09, "good"),
        (0.05, 0.0, 0.1, "warn"),
        (0.05, None, None, "warn"),
        (0.001, -0.02, 0.022, "warn"),
        (0.0, -0.02, 0.02, "bad"),
        (0.0, None, None, "bad"),
        (-0.01, -0.03, 0.01, "bad"),
    ],
)
def test_a_gain_is_good_above_zero_for_sure_and_bad_from_zero_down(
    value: float, low: float | None, high: float | None, tone: str
) -> None:
    figures = {figure.name: figure for figure in headline(with_gain(value, low, high)).figures}
    assert figures["Gain over baseline"].tone == tone
