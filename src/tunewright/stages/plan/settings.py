"""Settings of the plan stage: the ``plan:`` section of tunewright.yaml."""

from pydantic import Field

from tunewright.core.frozen import Frozen


class PlanSettings(Frozen):
    """What the plan may assume about money."""

    usd_per_hour: float = Field(
        0.0, ge=0, description="Price of one hour of the machine that trains, in US dollars; 0 when it is yours."
    )
