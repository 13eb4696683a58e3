"""Questions for a person at a terminal; never reached without one."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from tunewright.workflow.init import Proposal


def confirm_proposal(proposal: "Proposal") -> "Proposal":
    """The proposal as a person confirmed or changed it: task, then the column of each role."""
    from tunewright.cli.render import render_preview

    found = proposal.detection
    render_preview(found.format, found.task, found.reasons, found.preview)
    if typer.confirm("Is that right?", default=True, err=True):
        return proposal
    task = typer.prompt("Task (classify, reply, extract)", default=proposal.detection.task, err=True)
    mapping = []
    for role, column in proposal.detection.columns.items():
        chosen = typer.prompt(f"Column for {role} (- for none)", default=column, err=True)
        if chosen != "-":
            mapping.append(f"{role}={chosen}")
    return proposal.again(task=task, mapping=tuple(mapping))
