"""``tunewright plan``."""

from typing import TYPE_CHECKING

from tunewright.cli.command import command
from tunewright.cli.shell import Shell
from tunewright.cli.tables import escape, new_console
from tunewright.core.durations import terminal_duration

if TYPE_CHECKING:
    from tunewright.stages.plan.results import PlanResult


def plan_table(value: "PlanResult") -> None:
    """The method with its reasons, what was refused and why, and the estimate."""
    console = new_console()
    plan = value.plan
    console.print(f"[bold]{plan.method}[/] on {escape(plan.base)}")
    for reason in plan.reasons:
        console.print(f"  · {escape(reason)}")
    for refused in plan.refused:
        console.print(f"  ✗ {refused.method}: {escape(refused.why)}", style="dim")
    if plan.estimate:
        estimate = plan.estimate
        hours = "–" if estimate.hours is None else terminal_duration(estimate.hours * 3600)
        cost = "" if estimate.cost_usd is None else f", {estimate.cost_usd:,.2f} US dollars"
        console.print(f"  {estimate.steps:,} steps, about {hours}{cost} ({escape(estimate.source)})")


@command("plan", panel="Steps", table=plan_table)
def plan(shell: Shell) -> "PlanResult":
    """Say how the model would be trained and at what cost; nothing is spent."""
    return shell.project().plan()


COMMANDS = (plan,)
