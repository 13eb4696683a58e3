"""Cleaning until it comes to rest: what is mended is audited again, and cleaned again where that calls for it."""

from typing import Any

from tunewright.core.audit_report import AuditReport
from tunewright.core.edit import Cleaned
from tunewright.core.outputs import Outputs
from tunewright.core.store import Outcome, Step
from tunewright.order import steps
from tunewright.workflow.workspace import Workspace

#: Rounds of cleaning: the first mends, the second removes what mending made equal, the third is for what we did not
#: foresee. Audit and cleaning come to rest (docs/decisions/003).
ROUNDS = 3


def clean_to_rest(workspace: Workspace, outputs: Outputs) -> None:
    """Clean and audit the newest data; `outputs` gains the cleaned data, its audit, and every step on the way.

    The gate judges what would be trained on, so the cleaned rows are audited again.
    """
    cleaned = _clean(workspace, outputs)
    outputs.add(cleaned, data="cleaned")
    outputs.add(_step(workspace, outputs, "audit").value)
    for _ in range(ROUNDS - 1):
        if not cleaned.edits or not any(finding.fix and finding.rows for finding in outputs[AuditReport].findings):
            return
        further = _clean(workspace, outputs)
        if not further.edits:
            return
        cleaned = Cleaned(before=cleaned.before, after=further.after, edits=(*cleaned.edits, *further.edits))
        outputs.add(cleaned, data="cleaned")
        outputs.add(_step(workspace, outputs, "audit").value)


def clean_step(workspace: Workspace, outputs: Outputs) -> Step:
    """What decides the next cleaning of the newest data."""
    return next(spec for spec in steps() if spec.name == "clean").step(outputs, workspace.stage_context)


def is_undone(workspace: Workspace, step: Step) -> bool:
    """Whether a person took this cleaning back, and nobody made it again since."""
    kinds = [event.kind for event in workspace.events.all() if event.key == step.key]
    marks = [kind for kind in kinds if kind in ("clean.undone", "clean.redone")]
    return bool(marks) and marks[-1] == "clean.undone"


def _clean(workspace: Workspace, outputs: Outputs) -> Cleaned:
    """The newest data cleaned once; as it is where a person took that cleaning back."""
    step = clean_step(workspace, outputs)
    if is_undone(workspace, step):
        untouched = Cleaned(before=outputs.dataset, after=outputs.dataset, edits=())
        outputs.outcomes.append(Outcome(step, untouched, workspace.state, hit=True, seconds=0.0))
        return untouched
    cleaned: Cleaned = _step(workspace, outputs, "clean").value
    return cleaned


def _step(workspace: Workspace, outputs: Outputs, name: str) -> Outcome[Any]:
    """The outcome of the step called `name` on the newest data, added to the steps that were reached."""
    outcome = workspace.runner.run(next(spec for spec in steps() if spec.name == name), outputs)
    outputs.outcomes.append(outcome)
    return outcome
