"""The engines that there are, and opening one.

Ours are the files of ``models/engines``; a package of yours adds one by an entry point in the group
``tunewright.engines``. A file says its ``Options`` and how to open one; it may say which stored `kind` of base model it
reads (``find_base``), and that it only stands in for a model (``STANDS_IN``).
"""

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


def stands_in(engine: str) -> bool:
    """Whether the engine of that name only stands in for a model, so that its answers prove nothing."""
    return bool(getattr(ENGINES.load(engine), "STANDS_IN", False))


def find_base(name: str, kind: str) -> ModelFiles:
    """The base model called `name`, as the engine behind a stored `kind` finds its models.

    Raises:
        UserError: those of ``find_encoder`` and ``find_model`` in ``models/files.py``.
    """
    module = ENGINES.load(engine_of(kind))
    files: ModelFiles = getattr(module, "find_base", find_model)(name)
    return files
