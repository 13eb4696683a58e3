"""The engines that there are, and opening one.

Ours are the files of ``models/engines``; a package of yours adds one by an entry point in the group
``tunewright.engines``. A file says its ``Options`` and how to open one; it may say which stored `kind` of base model it
reads (``find_base``).
"""

import inspect
from collections.abc import Sequence

from pydantic import ValidationError

from tunewright.core.engine_ref import EngineRef, engine_of
from tunewright.core.errors import UserError, did_you_mean
from tunewright.core.plugins import PluginRegistry
from tunewright.models.engine import Engine
from tunewright.models.files import ModelFiles, find_model

ENGINES = PluginRegistry("tunewright.models.engines", "engine", "open_engine")


def open_engine(ref: EngineRef) -> Engine:
    """The engine that `ref` names, its files loaded.

    Raises:
        UserError: E-CFG-002 (no such engine), E-ENV-001 (a package is missing), E-ENGINE-004 (an option that it does
            not have), and those of the engine itself.
    """
    module = ENGINES.load(ref.engine)
    try:
        options = module.Options.model_validate(dict(ref.options))
    except ValidationError as error:
        problem = error.errors()[0]
        option = ".".join(str(part) for part in problem["loc"])
        raise UserError(
            "E-ENGINE-004",
            f"The engine {ref.engine!r} cannot be opened with {option!r}: {problem['msg']}.",
            fix=did_you_mean(option, list(module.Options.model_fields)),
        ) from None
    engine: Engine = module.open_engine(ref, options)
    return engine


def in_place_of(name: str, other: EngineRef | None, labels: Sequence[str]) -> EngineRef:
    """The engine called `name` in the place of another: with its files, and choosing among `labels` where it is told.

    Args:
        name: the engine to ask.
        other: whose place it takes, if there is one.
        labels: label names in index order, for an engine with such an option; empty where none are chosen.

    Raises:
        UserError: E-CFG-002 for a name that no engine has.
    """
    chooses = "labels" in ENGINES.options(name).model_fields
    options = {"labels": tuple(labels)} if labels and chooses else {}
    return EngineRef(
        engine=name, options=options, files=other.files if other else {}, folder=other.folder if other else None
    )


def find_base(name: str, kind: str) -> ModelFiles:
    """The base model called `name`, as the engine behind a stored `kind` finds its models.

    Raises:
        UserError: those of ``find_encoder`` and ``find_model`` in ``models/files.py``.
    """
    # What the engine needs to run need not be installed where a plan only names its model.
    module = inspect.getmodule(ENGINES.options(engine_of(kind)))
    files: ModelFiles = getattr(module, "find_base", find_model)(name)
    return files
