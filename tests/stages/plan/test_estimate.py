"""The memory that a plan tells before anything is spent."""

import pytest

from tunewright.stages.plan.api import Facts, estimate
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
