"""The room's two shelves, and which of their files a project asked for."""

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from tunewright.core.shelf import Shelf

BASELINES = Shelf("tunewright.evaluate.baselines", "baseline", "predict")
METRICS = Shelf("tunewright.evaluate.metrics", "metric", "measure")


def chosen(shelf: Shelf, named: Mapping[str, Any], always: str = "") -> Iterator[tuple[str, ModuleType, Any]]:
    """Name, module and options of each file to use: the named ones, or all but those left out with ``false``.

    `always` names one that nothing leaves out.
    """
    on = [name for name, options in named.items() if options is not False]
    names = set(on or [name for name in shelf.names() if named.get(name) is not False])
    for name in sorted(names | {always} - {""}):
        module, given = shelf.load(name), named.get(name)
        yield name, module, module.Options.model_validate({} if given in (None, True, False) else given)
