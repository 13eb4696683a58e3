"""Settings of the evaluate stage: the ``evaluate:`` section of tunewright.yaml."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from tunewright.core.frozen import Frozen


class EvaluateSettings(Frozen):
    """What a candidate is measured against, and how surely."""

    baselines: Mapping[str, Mapping[str, Any] | bool | None] = Field(
        {},
        description="Baselines with their options; empty runs every one that fits the task, false leaves one out. "
        "The majority, or the untuned base of a model that writes, is always measured.",
    )
    metrics: Mapping[str, Mapping[str, Any] | bool | None] = Field(
        {},
        description="Metrics with their options; empty measures every one that fits the task, false leaves one out. "
        "Accuracy, or the log-likelihood of answers, is always measured.",
    )
    resamples: int = Field(2000, ge=200, le=100_000, description="Bootstrap resamples of each interval.")
    level: float = Field(0.95, gt=0.5, lt=1, description="Confidence of every interval.")
    latency_calls: int = Field(100, ge=10, le=10_000, description="Single calls that latency is measured on.")
    generate: int = Field(50, ge=0, description="Test rows for which a decoder writes a whole answer.")
