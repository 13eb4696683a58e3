"""Stated confidence against being right."""

import numpy as np
import pytest

from tunewright.evaluate.answers import Classified
from tunewright.evaluate.intervals import resample
from tunewright.evaluate.metrics import calibration_error


def test_calibration_error_is_the_weighted_gap_of_its_bins() -> None:
    # Two rows at 0.9 of which one is right, two at 0.6 of which both are: (2·|0.9 − 0.5| + 2·|0.6 − 1|) / 4 = 0.4.
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]], np.float32)
    answers = Classified(np.zeros(4, np.int64), probabilities)
    score = calibration_error.measure(
        np.array([0, 1, 0, 0]), answers, 2, resample(4, 200, 0), 0.95, calibration_error.Options()
    )
    assert score is not None
    assert score.value == pytest.approx(0.4, abs=1e-6)
    assert (
        calibration_error.measure(
            np.zeros(4, int),
            Classified(np.zeros(4, np.int64)),
            2,
            resample(4, 200, 0),
            0.95,
            calibration_error.Options(),
        )
        is None
    )
