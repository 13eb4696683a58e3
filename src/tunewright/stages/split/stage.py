"""Divide the data into train, validation and test; copies never straddle."""

from collections.abc import Mapping

from tunewright.core.divided import Divided
from tunewright.core.outputs import Outputs
from tunewright.core.stage import StageContext, StepSpec, Work
from tunewright.stages.split.results import SplitResult, split_result
from tunewright.stages.split.settings import SplitSettings


def inputs(outputs: Outputs, _: StageContext) -> Mapping[str, str]:
    """The rows."""
    return {"dataset": outputs.dataset.digest}


def make(outputs: Outputs, context: StageContext, work: Work) -> Divided:
    """The rows with their `split`, and the counts."""
    from tunewright.stages.split.api import split

    dataset = outputs.dataset
    frame, division = split(context.corpus(dataset), context.settings(SplitSettings), seed=context.seed)
    why = "split: " + ", ".join(f"{rows} {side}" for side, rows in division.rows.items())
    after = context.commit(frame, task=dataset.task, why=why, key=work.step.key)
    return Divided(dataset=after, division=division)


STAGE = StepSpec(
    name="split",
    version=1,
    output=Divided,
    data="split",
    sections={"split": SplitSettings},
    inputs=inputs,
    make=make,
    result=split_result,
    result_type=SplitResult,
)
