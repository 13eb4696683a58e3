"""What `plan` gives back."""

from tunewright.core.candidate import Plan
from tunewright.core.frozen import Frozen


class PlanResult(Frozen):
    """What `plan` decided."""

    plan: Plan
