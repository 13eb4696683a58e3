"""Settings of the audit room: the ``audit:`` section of tunewright.yaml."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from tunewright.core.frozen import Frozen


class AuditSettings(Frozen):
    """Which checks run, and how."""

    checks: Mapping[str, Mapping[str, Any] | bool | None] = Field(
        {}, description="Checks with their options; empty runs every check, false leaves one out."
    )
