"""Train the candidate that the plan describes; Ctrl-C saves, and the next call goes on."""

from collections.abc import Mapping

from tunewright.core.candidate import Candidate, Plan
from tunewright.core.outputs import Outputs
from tunewright.core.stage import StageContext, StepSpec, Work
from tunewright.stages.train.plugins import FIELDS
from tunewright.stages.train.results import TrainResult, train_result
from tunewright.stages.train.settings import TrainSettings
from tunewright.stages.train.sweep.settings import SweepSettings


def settings(_: Outputs, __: StageContext) -> Mapping[str, object]:
    """None: what decides the weights is in the plan, and the rest does not change them."""
    return {}


def inputs(outputs: Outputs, _: StageContext) -> Mapping[str, str]:
    """The rows with their `split`, and the plan."""
    return {"dataset": outputs.dataset.digest, "plan": outputs[Plan].digest}


def make(outputs: Outputs, context: StageContext, work: Work) -> Candidate:
    """The plan carried out."""
    from tunewright.stages.train.launch.training import run_training

    return run_training(
        context.corpus(outputs.dataset),
        outputs[Plan],
        work.folder,
        settings=context.settings(TrainSettings),
        progress=context.progress,
        home=context.state / "trackers",
        origins=context.origins,
    )


STAGE = StepSpec(
    name="train",
    version=2,
    output=Candidate,
    needs=(Plan,),
    sections={"train": TrainSettings, "sweep": SweepSettings},
    plugins=FIELDS,
    behind_gates=True,
    settings=settings,
    inputs=inputs,
    make=make,
    result=train_result,
    result_type=TrainResult,
)
