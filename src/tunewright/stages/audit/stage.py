"""Find what is wrong with the newest version of the data, and score it."""

from collections.abc import Mapping
from typing import Any

from tunewright.core.audit_report import AuditReport
from tunewright.core.outputs import Outputs
from tunewright.core.stage import StageContext, StepSpec, Work
from tunewright.stages.audit.gates import QUALITY
from tunewright.stages.audit.plugins import FIELDS
from tunewright.stages.audit.settings import AuditSettings


def settings_in_force(outputs: Outputs, context: StageContext) -> AuditSettings:
    """The audit's settings; what people said counts even where the checks are named one by one."""
    settings = context.settings(AuditSettings)
    if context.corpus(outputs.dataset).context.reviews is None or settings.checks.get("reviewed") is False:
        return settings
    from tunewright.stages.audit.api import chosen

    return settings.model_copy(update={"checks": {**chosen(settings), "reviewed": {}}})


def settings(outputs: Outputs, context: StageContext) -> Mapping[str, Any]:
    """The settings in force, as JSON values."""
    return settings_in_force(outputs, context).model_dump(mode="json")


def inputs(outputs: Outputs, context: StageContext) -> Mapping[str, str]:
    """The rows, and what they are held against."""
    dataset = outputs.dataset
    return {"dataset": dataset.digest, "context": context.corpus(dataset).context.digest}


def make(outputs: Outputs, context: StageContext, _: Work) -> AuditReport:
    """Every finding of every check, and the score."""
    from tunewright.stages.audit.api import audit

    return audit(context.corpus(outputs.dataset), settings_in_force(outputs, context))


STAGE = StepSpec(
    name="audit",
    version=1,
    output=AuditReport,
    sections={"audit": AuditSettings},
    plugins=FIELDS,
    gates=(QUALITY,),
    settings=settings,
    inputs=inputs,
    make=make,
)
