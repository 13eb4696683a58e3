"""What is timed, never how long it takes."""

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
