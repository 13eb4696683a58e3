"""Make the safe fixes as a new version of the data; the old one stays."""

from collections.abc import Mapping

from tunewright.core.audit_report import AuditReport
from tunewright.core.edit import Cleaned
from tunewright.core.events import actor
from tunewright.core.outputs import Outputs
from tunewright.core.stage import StageContext, StepSpec, Work
from tunewright.stages.clean.plugins import FIELDS
from tunewright.stages.clean.results import CleanResult, clean_result
from tunewright.stages.clean.settings import CleanSettings


def inputs(outputs: Outputs, context: StageContext) -> Mapping[str, str]:
    """The rows, what is wrong with them, and which key surrogates are made with.

    Surrogates depend on the key, so another key is another cleaning; the mark gives nothing of the key away.
    """
    from tunewright.stages.clean.fixes.surrogate import key_mark

    mark = key_mark(context.settings(CleanSettings))
    return {"dataset": outputs.dataset.digest, "report": outputs[AuditReport].digest, "surrogates": mark}


def make(outputs: Outputs, context: StageContext, work: Work) -> Cleaned:
    """The data with every safe fix made, each recorded as an edit."""
    from tunewright.stages.clean.api import clean

    dataset = outputs.dataset
    settings = context.settings(CleanSettings)
    frame, edits = clean(context.corpus(dataset), outputs[AuditReport], settings, who=actor())
    if not edits:
        return Cleaned(before=dataset, after=dataset, edits=())
    why = "clean: " + ", ".join(f"{edit.fix} ({edit.rows} rows)" for edit in edits)
    after = context.commit(frame, task=dataset.task, why=why, key=work.step.key)
    return Cleaned(before=dataset, after=after, edits=edits)


STAGE = StepSpec(
    name="clean",
    version=1,
    output=Cleaned,
    data="cleaned",
    needs=(AuditReport,),
    sections={"clean": CleanSettings},
    plugins=FIELDS,
    inputs=inputs,
    make=make,
    result=clean_result,
    result_type=CleanResult,
)
