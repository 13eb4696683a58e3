"""A loss that has gone wrong is seen, and noise is not taken for it."""

import numpy as np
import pytest

from tunewright.stages.train.runs.spike_detector import LEAST, WINDOW, SpikeDetector

SIZE, PATIENCE = 8.0, 20
STEPS = 3000


def falling(rng: np.random.Generator, noise: str) -> np.ndarray:
    """A loss that falls from about 3 to about 0.5 under one kind of noise."""
    curve = 0.5 + 2.5 * np.exp(-np.arange(STEPS) / rng.uniform(100, 900))
    if noise == "normal":
        return curve + rng.normal(0, 0.15, STEPS)
    if noise == "log-normal":
        return curve * rng.lognormal(0, 0.4, STEPS)
    return curve + 0.15 * rng.standard_t(3, STEPS)


def longest(losses: np.ndarray) -> int:
    """The most spikes in a row."""
    detector = SpikeDetector(SIZE)
    most = 0
    for loss in losses.tolist():
        detector.add(loss)
        most = max(most, detector.count)
    return most


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "runs"), [("normal", 67), ("log-normal", 67), ("student", 66)])
def test_no_run_of_three_thousand_steps_in_two_hundred_is_stopped(noise, runs) -> None:
    rng = np.random.default_rng(11)
    assert max(longest(falling(rng, noise)) for _ in range(runs)) < PATIENCE / 2


@pytest.mark.parametrize("gone", [lambda loss, at: 3 * loss + 1, lambda loss, at: loss * 1.1 ** min(at + 20, 200)])
def test_a_loss_that_trebles_or_blows_up_is_a_divergence_after_exactly_patience_steps(gone) -> None:
    losses = falling(np.random.default_rng(1), "normal")[:1000]
    detector = SpikeDetector(SIZE)
    for loss in losses.tolist():
        detector.add(loss)
    assert detector.count == 0
    for at in range(PATIENCE):
        assert detector.add(gone(float(losses[-1]), at)) is not None
    assert detector.count == PATIENCE


def test_a_run_that_has_diverged_goes_on_being_one() -> None:
    detector = SpikeDetector(SIZE)
    for at in range(WINDOW):
        detector.add(1.0 + 0.01 * (at % 5))
    for _ in range(4 * WINDOW):
        detector.add(9.0)
    assert detector.count == 4 * WINDOW


def test_the_first_losses_are_only_looked_at() -> None:
    detector = SpikeDetector(SIZE)
    assert [detector.add(10.0**at) for at in range(LEAST)] == [None] * LEAST


def test_a_single_spike_is_forgotten_with_the_next_sound_loss() -> None:
    detector = SpikeDetector(SIZE)
    for at in range(WINDOW):
        detector.add(1.0 + 0.01 * (at % 5))
    assert detector.add(9.0) is not None
    assert detector.count == 1
    assert detector.add(1.0) is None
    assert detector.count == 0


def test_the_last_decimals_of_a_loss_near_nought_are_no_spike() -> None:
    detector = SpikeDetector(SIZE)
    for at in range(500):
        detector.add(2.0 * 0.9**at)
    assert detector.add(0.08) is None, "a million times what it was, and yet next to nothing"
    assert detector.add(0.10) is not None, "a tenth of the first losses' median, which is 0.91"


def test_a_size_of_nought_sees_nothing() -> None:
    detector = SpikeDetector(0)
    assert all(detector.add(loss) is None for loss in [1.0] * 100 + [1e9] * 100)


def test_what_a_checkpoint_kept_goes_on_as_if_nothing_had_been() -> None:
    losses = falling(np.random.default_rng(3), "student").tolist()
    whole, before, after = SpikeDetector(2.0), SpikeDetector(2.0), SpikeDetector(2.0)
    bars = [whole.add(loss) for loss in losses[:400]]
    first = [before.add(loss) for loss in losses[:150]]
    after.load_state(before.state())
    assert first + [after.add(loss) for loss in losses[150:400]] == bars
    assert any(bar is not None for bar in bars), "else this would show nothing"
