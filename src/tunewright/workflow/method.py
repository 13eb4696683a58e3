"""The training method that a project chose: planning is told of it, and the audit of the model that rows must fit."""

import inspect
from typing import Any

from tunewright.core.candidate import Candidate
from tunewright.core.context import Target
from tunewright.core.dataset import Task
from tunewright.core.engine_ref import ENGINE_FOR_TASK, engine_of
from tunewright.core.errors import DamagedOutput, UserError
from tunewright.core.machine import has_gpu
from tunewright.core.store import Store
from tunewright.models.files import DEFAULT_STARTER, ModelFiles
from tunewright.models.registry import find_base
from tunewright.stages.plan.method import METHOD_FOR_TASK, ChosenMethod
from tunewright.stages.train.plugins import METHODS
from tunewright.stages.train.settings import TrainSettings

#: Methods that train adapters of some rank beside a base that stays as it is.
ADAPTER_METHODS = frozenset({"lora", "qlora"})


def method_name(settings: TrainSettings, task: Task) -> str:
    """The training method: the one that was named, or the one that fits the task."""
    return METHOD_FOR_TASK[task] if settings.method_name == "auto" else settings.method_name


def require_fit(method: str, task: Task) -> Any:
    """The module of `method`; stop unless it makes what the task asks for.

    Raises:
        UserError: E-CFG-002 for a method that there is not, E-PLAN-002.
    """
    module: Any = inspect.getmodule(METHODS.options(method))
    if ENGINE_FOR_TASK[task] != engine_of(module.KIND):
        raise UserError(
            "E-PLAN-002",
            f"The method {method!r} does not fit the task {task!r}.",
            why="An encoder gives labels and no text; a causal language model gives text and no labels.",
            fix=f"train.method: {METHOD_FOR_TASK[task]}, or another data.task",
        )
    return module


def target(settings: TrainSettings, task: Task) -> Target:
    """The model that rows of this task are to tune."""
    method = method_name(settings, task)
    base = settings.base_name(_engine(method)) or DEFAULT_STARTER
    options = METHODS.options(method).model_validate(settings.method_options)
    return Target(method=method, base=base, max_tokens=options.max_tokens)


def chosen_method(settings: TrainSettings, task: Task, store: Store) -> ChosenMethod:
    """The method, its options and its base, for rows of `task`; `store` holds the runs of this project so far.

    Raises:
        UserError: E-CFG-002, E-PLAN-002, or the error of a base that is not there.
    """
    name = method_name(settings, task)
    require_fit(name, task)
    options = METHODS.options(name).model_validate(settings.method_options)
    return ChosenMethod(
        name=name,
        named=settings.method_name != "auto",
        options=options,
        base=_base(settings, name),
        bundled=not settings.base_name(_engine(name)),
        epochs=options.epochs,
        batch=options.batch,
        adapter_rank=options.rank if name in ADAPTER_METHODS else None,
        gpu=has_gpu(),
        seconds_per_token=_seconds_per_token(store, name),
    )


def _base(settings: TrainSettings, method: str) -> ModelFiles:
    """The pre-trained model that training with `method` starts from."""
    engine = _engine(method)
    return find_base(settings.base_name(engine) or DEFAULT_STARTER, engine)


def _engine(method: str) -> str:
    """The engine that answers with what `method` trains.

    Raises:
        UserError: E-CFG-002 for a method that there is not.
    """
    module: Any = inspect.getmodule(METHODS.options(method))
    return engine_of(module.KIND)


def _seconds_per_token(store: Store, method: str) -> float | None:
    """Seconds that the newest run of `method` took for each token it trained on; None where there is no run."""
    for step in store.previous("train"):
        try:
            outcome = store.get(step, Candidate)
        except DamagedOutput:  # an earlier run that nothing stands on any more only tells no speed
            continue
        if outcome and outcome.value.run.plan.method == method and outcome.value.run.curve:
            run = outcome.value.run
            passes = max(run.curve[-1].epoch, 1e-6)
            return run.seconds / (max(run.trained_tokens, 1) * passes)
    return None
