"""An engine measured in the place of the candidate that a project would train, such as echo in a demo or a test."""

from pathlib import Path

from tunewright.core.candidate import Plan
from tunewright.core.scorecard import Scorecard
from tunewright.core.store import Step
from tunewright.models.registry import in_place_of
from tunewright.stages.evaluate.api import evaluate_engine
from tunewright.stages.evaluate.results import EvaluateResult, scorecard_result
from tunewright.stages.evaluate.settings import EvaluateSettings
from tunewright.workflow.flow import Flow

#: Not the name of a stage: no walk finds what is kept under it, so no gate judges it and no release is made of it.
STEP, VERSION = "evaluate_engine", 1


def evaluate_in_place(flow: Flow, engine: str) -> EvaluateResult:
    """The engine called `engine` on the test rows, beside the baselines; nothing is trained and no gate is judged.

    Raises:
        UserError: E-CFG-002 when there is no such engine, and those of the engine and of evaluation.
    """
    outputs = flow.run_until("plan")
    plan, dataset, context = outputs[Plan], outputs.dataset, flow.workspace.stage_context
    settings = context.settings(EvaluateSettings)
    ref = in_place_of(engine, None, plan.labels)
    step = Step(
        name=STEP,
        version=VERSION,
        settings=settings.model_dump(mode="json"),
        inputs={"dataset": dataset.digest, "plan": plan.digest, "engine": ref.digest},
        seed=context.seed,
    )

    def make(_: Path) -> Scorecard:
        return evaluate_engine(ref, plan, context.corpus(dataset), settings, progress=context.progress)

    return scorecard_result(flow.workspace.runner.cached(step, Scorecard, make).value, None)
