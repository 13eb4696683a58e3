"""What is timed, never how long it takes."""

import numpy as np
import pytest

from tunewright.stages.evaluate import latency as timed
from tunewright.stages.evaluate.latency import BATCH, WARM_UP, latency


def test_single_calls_after_a_warm_up_then_one_batch() -> None:
    calls: list[list[str]] = []
    scores = latency(lambda texts: calls.append(list(texts)), ["a", "b", "c"], 10)
    assert [len(call) for call in calls] == [1] * (WARM_UP + 10) + [3]
    assert {call[0] for call in calls} == {"a", "b", "c"}
    assert [(score.metric, score.n, score.unit) for score in scores] == [
        ("p50_ms", 10, "ms"), ("p95_ms", 10, "ms"), ("rows_per_s", 3, "1/s"),
    ]  # fmt: skip
    assert scores[0].value <= scores[1].value


def test_a_large_test_split_is_not_answered_again_for_the_rate() -> None:
    sizes: list[int] = []
    latency(lambda texts: sizes.append(len(texts)), ["a"] * (BATCH + 500), 10)
    assert sizes[-1] == BATCH


def test_the_figures_are_the_median_the_95th_percentile_and_a_rate(monkeypatch) -> None:
    """By a clock that is set forward: calls of 1 to 100 ms after a slow warm-up, then 50 rows in a quarter second."""
    clock = iter(np.cumsum([tick for ms in [*[900] * WARM_UP, *range(1, 101), 250] for tick in (0.0, ms / 1000)]))
    monkeypatch.setattr(timed.time, "perf_counter", lambda: float(next(clock)))
    scores = {score.metric: score.value for score in latency(lambda _: None, ["a"] * 50, 100)}
    assert scores == pytest.approx({"p50_ms": 50.5, "p95_ms": 95.05, "rows_per_s": 200.0})
