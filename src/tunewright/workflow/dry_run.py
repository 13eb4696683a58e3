"""What training would start, where it starts several processes; nothing is started."""

import shlex

from tunewright.core.candidate import Candidate
from tunewright.order import steps
from tunewright.stages.train.results import LaunchCommand, LaunchResult
from tunewright.stages.train.settings import TrainSettings
from tunewright.workflow.flow import Flow


def dry_run(flow: Flow) -> LaunchResult:
    """The commands, once the steps before training are done and their gates are open.

    Raises:
        GateFailed: the data is below the bar.
    """
    from tunewright.stages.train.launch.commands import commands
    from tunewright.stages.train.launch.training import FOLDER

    outputs, workspace = flow.run_until("plan"), flow.workspace
    flow.require_open_gates()
    train = next(spec for spec in steps() if spec.output is Candidate)
    step, settings = train.step(outputs, workspace.stage_context), workspace.config.section(TrainSettings)
    launcher = settings.launcher
    if workspace.store.get(step, Candidate) is not None:
        return LaunchResult(launcher=launcher, trained=True, commands=())
    started = commands(settings, workspace.store.work(step) / FOLDER) if launcher else ()
    lines = tuple(LaunchCommand(where=command.where, command=shlex.join(command.line)) for command in started)
    return LaunchResult(launcher=launcher, trained=False, commands=lines)
