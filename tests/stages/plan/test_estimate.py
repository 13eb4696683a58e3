"""The memory, the hours and the money that a plan tells before anything is spent."""

import pytest

from tunewright.stages.plan.api import Facts, estimate, plan
from tunewright.stages.plan.settings import PlanSettings


def facts(**changes) -> Facts:
    known = {
        "task": "reply", "dataset": "d", "rows": 800, "words": 40_000, "labels": (), "base": "b", "base_digest": "d",
        "parameters": 8_000_000_000, "epochs": 3, "batch": 8,
    }  # fmt: skip
    return Facts(**{**known, **changes})


def test_adapters_need_their_base_once_and_themselves_four_times() -> None:
    found = estimate(facts(trained=42_000_000), PlanSettings())
    assert found.memory_gb == pytest.approx(32 + 0.672 + 1.0)


def test_all_weights_need_themselves_four_times() -> None:
    assert estimate(facts(), PlanSettings()).memory_gb == pytest.approx(129.0)


def test_tokens_and_steps_are_counted_over_every_epoch_and_a_last_short_batch_is_a_step() -> None:
    figures = estimate(facts(rows=801), PlanSettings())
    assert figures.tokens == 56_000  # 1.4 for each of 40,000 words
    assert figures.steps == 3 * 101


def test_hours_on_a_cpu_are_six_operations_a_parameter_and_token_at_the_rate_that_is_stated() -> None:
    """6 × 8e9 parameters × 168,000 tokens at 1.2e11 a second are 67,200 seconds."""
    figures = estimate(facts(), PlanSettings())
    assert figures.hours == pytest.approx(67_200 / 3600)
    assert figures.source == "uncalibrated: 6 × parameters × tokens at 1.2e+11 FLOP/s"


def test_hours_on_a_gpu_are_those_of_a_gpu() -> None:
    """The same operations at 5e14 a second are 16.1 seconds."""
    figures = estimate(facts(gpu=True), PlanSettings())
    assert figures.hours == pytest.approx(16.128 / 3600)
    assert "5.0e+14 FLOP/s" in figures.source


def test_adapters_save_the_gradient_of_the_weights_below_them() -> None:
    figures = estimate(facts(gpu=True, trained=42_000_000), PlanSettings())
    assert figures.hours == pytest.approx(16.128 / 3600 * 4 / 6)
    assert figures.source == "uncalibrated: 4 × parameters × tokens at 5.0e+14 FLOP/s"


@pytest.mark.parametrize("gpu", [False, True])
def test_the_speed_of_the_last_run_counts_and_no_formula(gpu: bool) -> None:
    """168,000 tokens at 2 ms each, whatever the model's size and the machine."""
    figures = estimate(facts(gpu=gpu, parameters=1, seconds_per_token=0.002), PlanSettings())
    assert figures.hours == pytest.approx(336 / 3600)
    assert figures.source == "this project's last run on this machine"


def test_money_is_hours_at_the_stated_price_and_without_a_price_nothing_is_claimed() -> None:
    assert estimate(facts(), PlanSettings(usd_per_hour=1.5)).cost_usd == pytest.approx(28.0)
    assert estimate(facts(), PlanSettings()).cost_usd is None


def test_a_plan_tells_the_estimate_of_its_own_facts() -> None:
    priced = PlanSettings(usd_per_hour=2)
    outcome = plan(facts(seconds_per_token=0.001), priced, method="full", options={}, chosen=True, seed=0)
    assert outcome.estimate == estimate(facts(seconds_per_token=0.001), priced)
    assert outcome.estimate.hours == pytest.approx(168 / 3600)
