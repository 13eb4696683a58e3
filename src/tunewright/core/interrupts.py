"""Ctrl-C: where polars makes two of it, and where something of use is there already."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

Result = TypeVar("Result")


class PartialResult(KeyboardInterrupt):
    """Ctrl-C where something of use is there already.

    Attributes:
        result: what was done until then; it is shown before the process ends with 130.
    """

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result


def interruptible(work: Callable[[], Result]) -> Result:
    """What `work` gives, in which polars may be collecting frames; Ctrl-C ends it at once, as one KeyboardInterrupt.

    polars listens to SIGINT by itself and raises KeyboardInterrupt out of a query. Python got the same signal and
    raises another at the next call of a Python function, wherever that is: in an ``except``, or in the cleaning up of
    a generator, which can only print it. Here it is raised at a call that expects it.

    Raises:
        KeyboardInterrupt: on Ctrl-C; and whatever `work` raises.
    """
    try:
        return work()
    except KeyboardInterrupt:
        with suppress(KeyboardInterrupt):
            _let_python_raise()
        raise


def _let_python_raise() -> None:
    """A call of a Python function, at which Python raises what it still has to raise."""
