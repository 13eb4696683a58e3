"""Measure the candidate on the test rows, beside baselines that need no tuning."""

from collections.abc import Mapping

from tunewright.core.candidate import Candidate
from tunewright.core.outputs import Outputs
from tunewright.core.scorecard import Scorecard
from tunewright.core.stage import StageContext, StepSpec, Work
from tunewright.stages.evaluate.gates import GAIN, SHIP
from tunewright.stages.evaluate.plugins import FIELDS
from tunewright.stages.evaluate.results import EvaluateResult, evaluate_result
from tunewright.stages.evaluate.settings import EvaluateSettings


def inputs(outputs: Outputs, _: StageContext) -> Mapping[str, str]:
    """The rows, and the candidate."""
    return {"dataset": outputs.dataset.digest, "candidate": outputs[Candidate].digest}


def make(outputs: Outputs, context: StageContext, _: Work) -> Scorecard:
    """The candidate's scorecard on the test rows."""
    from tunewright.stages.evaluate.api import evaluate

    corpus, settings = context.corpus(outputs.dataset), context.settings(EvaluateSettings)
    return evaluate(outputs[Candidate], corpus, settings, progress=context.progress)


STAGE = StepSpec(
    name="evaluate",
    version=1,
    output=Scorecard,
    needs=(Candidate,),
    sections={"evaluate": EvaluateSettings},
    plugins=FIELDS,
    gates=(GAIN, SHIP),
    inputs=inputs,
    make=make,
    result=evaluate_result,
    result_type=EvaluateResult,
)
