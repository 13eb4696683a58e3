"""The stage's baselines and metrics, and which of them a project asked for."""

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from tunewright.core.dataset import Task
from tunewright.core.errors import UserError
from tunewright.core.plugins import PluginField, PluginRegistry

BASELINES = PluginRegistry("tunewright.stages.evaluate.baselines", "baseline", "predict")
METRICS = PluginRegistry("tunewright.stages.evaluate.metrics", "metric", "measure")
FIELDS = (PluginField("evaluate", "baselines", BASELINES), PluginField("evaluate", "metrics", METRICS))


def chosen(
    registry: PluginRegistry, named: Mapping[str, Any], task: Task, *, always: str
) -> Iterator[tuple[str, ModuleType, Any]]:
    """Name, module and options of each file to use, in order of name.

    The named ones, or every one that fits the task but those left out with ``false``; `always` is never left out.

    Raises:
        UserError: E-EVAL-004 when a named one does not fit the task.
    """
    wanted = {name for name, options in named.items() if options is not False}
    for name in sorted({always, *(wanted or registry.names())}):
        module = registry.load(name)
        if task not in module.TASKS:
            if name in wanted:
                fitting = [other for other in registry.names() if task in registry.load(other).TASKS]
                raise UserError(
                    "E-EVAL-004",
                    f"The {registry.noun} {name!r} is for {', '.join(module.TASKS)}; the task here is {task}.",
                    fix=f"Name some of: {', '.join(fitting)}.",
                )
            continue
        options = named.get(name)
        if options is not False or name == always:
            yield name, module, module.Options.model_validate(options if isinstance(options, Mapping) else {})
