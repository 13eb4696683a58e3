"""Settings of the clean stage: the ``clean:`` section of tunewright.yaml."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from tunewright.core.frozen import Frozen


class CleanSettings(Frozen):
    """Which findings are mended without asking, how, and how much may go."""

    fixes: Mapping[str, Mapping[str, Any] | bool | None] = Field(
        {},
        description="Fixes with their options; false leaves one out. Those that change what people meant (redact, "
        "surrogate, relabel, reweight, normalize_dates) mend blocking findings, and warnings once they are named here.",
    )
    use: Mapping[str, str] = Field(
        {},
        description="Another fix for a finding or a whole check than the suggested one, such as pii: surrogate.",
    )
    leave: tuple[str, ...] = Field(
        (), description="Findings or checks left alone, by name, such as exact_duplicates.both or missing."
    )
    max_removed: float = Field(
        0.3,
        gt=0,
        le=1,
        description="Share of a class, of a source or of all rows that cleaning may remove before it stops and asks.",
    )
