"""The rank sweep of a project: a side step of training, behind the same gates."""

from tunewright.core.candidate import Plan
from tunewright.core.outputs import Outputs
from tunewright.core.store import Step
from tunewright.models.retention_suite import suite_digest
from tunewright.stages.evaluate.settings import EvaluateSettings
from tunewright.stages.train.settings import TrainSettings
from tunewright.stages.train.sweep.judge import SweepRequest, sweep, sweepable
from tunewright.stages.train.sweep.results import SweepResult
from tunewright.stages.train.sweep.settings import SweepSettings
from tunewright.stats.intervals import Sampling
from tunewright.workflow.flow import Flow
from tunewright.workflow.workspace import Workspace

#: Raised when the same inputs would now give another result.
VERSION = 1


def sweep_project(flow: Flow, settings: SweepSettings, request: SweepRequest) -> SweepResult:
    """Compare ranks before one is trained, or read what an earlier call found.

    Raises:
        GateFailed: the data is below the bar.
        UserError: E-SWEEP-001 when the plan has no rank that can be swept.
    """
    outputs, workspace = flow.run_until("plan"), flow.workspace
    plan = sweepable(outputs[Plan])
    flow.require_open_gates()
    evaluate, train = workspace.config.section(EvaluateSettings), workspace.config.section(TrainSettings)
    sampling = Sampling(evaluate.resamples, workspace.config.seed, evaluate.level)
    outcome = workspace.runner.cached(
        _step(workspace, outputs, plan, settings, request),
        SweepResult,
        lambda work: sweep(
            workspace.corpus(outputs.dataset),
            plan,
            work,
            settings=settings,
            train=train,
            request=request,
            sampling=sampling,
            progress=workspace.progress,
        ),
    )
    return outcome.value


def _step(workspace: Workspace, outputs: Outputs, plan: Plan, settings: SweepSettings, request: SweepRequest) -> Step:
    """Everything that decides what the sweep finds."""
    evaluate, train = workspace.config.section(EvaluateSettings), workspace.config.section(TrainSettings)
    return Step(
        name="sweep",
        version=VERSION,
        settings={
            **settings.model_dump(mode="json"),
            **request.model_dump(mode="json"),
            "resamples": evaluate.resamples,
            "level": evaluate.level,
            "validate_every": train.validate_every,
        },
        inputs={"dataset": outputs.dataset.digest, "plan": plan.digest, "suite": suite_digest()},
        seed=workspace.config.seed,
    )
