"""Settings of the audit stage: the ``audit:`` section of tunewright.yaml."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from tunewright.core.frozen import Frozen


class AuditSettings(Frozen):
    """Which checks run, and how."""

    tier: Literal["full", "structural"] = Field(
        "full",
        description="full: every check; structural: those that fit and run no model, and no search for names, "
        "for a first audit of millions of rows.",
    )
    checks: Mapping[str, Mapping[str, Any] | bool | None] = Field(
        {}, description="Checks with their options; empty runs every check of the tier, false leaves one out."
    )
