"""What `plan` gives back."""

from tunewright.core.candidate import Plan
from tunewright.core.frozen import Frozen
from tunewright.core.outputs import Outputs


class PlanResult(Frozen):
    """What `plan` decided."""

    plan: Plan


def plan_result(outputs: Outputs) -> PlanResult:
    """The plan."""
    return PlanResult(plan=outputs[Plan])
