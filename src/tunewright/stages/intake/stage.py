"""Read the user's file as the first version of the data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunewright.core.digest import file_digest
from tunewright.core.ingested import Ingested
from tunewright.core.outputs import Outputs
from tunewright.core.stage import StageContext, StepSpec, Work
from tunewright.stages.intake.settings import DataSettings


def source(context: StageContext) -> Path:
    """The user's file, absolute."""
    return (context.folder / context.settings(DataSettings).file).resolve()


def settings(_: Outputs, context: StageContext) -> Mapping[str, Any]:
    """How the file is read; its content is an input, and the files beside it decide later steps."""
    return context.settings(DataSettings).model_dump(mode="json", exclude={"file", "references", "evaluation"})


def inputs(_: Outputs, context: StageContext) -> Mapping[str, str]:
    """The file's digest.

    Raises:
        UserError: E-DATA-… when the file is not there.
    """
    from tunewright.stages.intake.container import require_file

    path = source(context)
    require_file(path)
    return {"file": file_digest(path)}


def make(_: Outputs, context: StageContext, work: Work) -> Ingested:
    """The rows of the file, and an account of the records that are none."""
    from tunewright.stages.intake.api import read
    from tunewright.stages.intake.detect import require_sure

    path, data = source(context), context.settings(DataSettings)
    table = read(path, data, progress=context.progress)
    require_sure(table.detection, path.name, confirmed=data.confirmed)
    dataset = context.commit(table.frame, task=table.detection.task, why=f"read {path.name}", key=work.step.key)
    return table.account(dataset, path.name, work.step.inputs["file"])


STAGE = StepSpec(
    name="intake",
    version=1,
    output=Ingested,
    data="raw",
    sections={"data": DataSettings},
    settings=settings,
    inputs=inputs,
    make=make,
)
