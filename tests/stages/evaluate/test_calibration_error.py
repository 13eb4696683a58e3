"""Stated confidence against being right."""

import numpy as np
import pytest

from tunewright.stages.evaluate.answers import Classified, Truth
from tunewright.stages.evaluate.metrics import calibration_error
from tunewright.stages.evaluate.metrics.calibration_error import Options
from tunewright.stats.intervals import Sampling


def two_classes(confidence: np.ndarray, right: np.ndarray) -> tuple[Truth, Classified]:
    """Class 0 is always answered, with `confidence`; the truth is 0 where it is right."""
    probabilities = np.stack([confidence, 1 - confidence], axis=1).astype(np.float32)
    return Truth((~right).astype(np.int64), 2), Classified(np.zeros(len(right), np.int64), probabilities)


def test_it_is_the_weighted_gap_of_its_bins() -> None:
    # Two rows at 0.9 of which one is right, two at 0.6 of which both are: (2·|0.9 − 0.5| + 2·|0.6 − 1|) / 4 = 0.4.
    truth, answers = two_classes(np.array([0.9, 0.9, 0.6, 0.6]), np.array([True, False, True, True]))
    score = calibration_error.measure(truth, answers, Sampling(200), Options())
    assert score is not None
    assert score.value == pytest.approx(0.4, abs=1e-6)


def test_gaps_of_one_bin_cancel_and_bins_do_not() -> None:
    truth, answers = two_classes(np.array([0.55, 0.95]), np.array([True, False]))
    fine = calibration_error.measure(truth, answers, Sampling(200), Options(bins=20))
    coarse = calibration_error.measure(truth, answers, Sampling(200), Options(bins=2))
    assert fine is not None
    assert coarse is not None
    assert fine.value == pytest.approx((0.45 + 0.95) / 2, abs=1e-6)
    assert coarse.value == pytest.approx(abs(-0.45 + 0.95) / 2, abs=1e-6)


def test_a_confidence_of_one_is_in_the_last_bin() -> None:
    truth, answers = two_classes(np.ones(3), np.ones(3, bool))
    score = calibration_error.measure(truth, answers, Sampling(200), Options())
    assert score is not None
    assert (score.value, score.low) == (0, 0)


def test_a_system_without_confidence_has_no_score() -> None:
    answers = Classified(np.zeros(4, np.int64))
    assert calibration_error.measure(Truth(np.zeros(4, np.int64), 2), answers, Sampling(200), Options()) is None


@pytest.mark.parametrize(("shift", "error", "least"), [(0.0, 0.0, 0.94), (0.12, 0.12, 0.86)])
def test_the_interval_covers_the_true_error(shift: float, error: float, least: float) -> None:
    """On simulated systems, one calibrated and one twelve points too sure; percentiles alone give 0 of 100."""
    rng = np.random.default_rng(3)
    covered = 0
    for trial in range(100):
        confidence = 0.64 + 0.36 * rng.beta(5, 1.5, 400)
        truth, answers = two_classes(confidence, rng.random(400) < confidence - shift)
        score = calibration_error.measure(truth, answers, Sampling(300, trial), Options())
        assert score is not None
        covered += score.low <= error <= score.high
    assert covered / 100 >= least
