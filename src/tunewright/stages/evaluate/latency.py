"""How long one answer takes on this machine, and how many come out in a batch."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from tunewright.core.score import Score

Item = TypeVar("Item")
WARM_UP = 5
#: Enough for a rate; more would only repeat the evaluation.
BATCH = 1000


def latency(predict: Callable[[Sequence[Item]], object], items: Sequence[Item], calls: int) -> tuple[Score, ...]:
    """p50 and p95 of single calls in milliseconds, and rows a second in one batch of at most 1,000 `items`."""
    spent = []
    for call in range(WARM_UP + calls):
        started = time.perf_counter()
        predict([items[call % len(items)]])
        spent.append(1000 * (time.perf_counter() - started))
    singles = np.array(spent[WARM_UP:])
    batch = items[:BATCH]
    started = time.perf_counter()
    predict(batch)
    per_second = len(batch) / (time.perf_counter() - started)
    return (
        Score(metric="p50_ms", value=float(np.percentile(singles, 50)), n=calls, unit="ms"),
        Score(metric="p95_ms", value=float(np.percentile(singles, 95)), n=calls, unit="ms"),
        Score(metric="rows_per_s", value=per_second, n=len(batch), unit="1/s"),
    )
