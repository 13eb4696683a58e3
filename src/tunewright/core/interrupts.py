"""Ctrl-C inside polars, which comes twice."""

from types import TracebackType


class SingleInterrupt:
    """Ctrl-C leaves this block as one KeyboardInterrupt, also where polars raises it.

    polars listens to SIGINT by itself and raises KeyboardInterrupt out of a query; Python, which got the same signal,
    raises another at the next call of a Python function, wherever that is: in an ``except``, or in the cleaning up of
    a generator, which can only print it. Leaving this block is such a call, so both are one from there on.
    """

    def __enter__(self) -> None:
        """Nothing is to be prepared."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Python raises here what it still has to raise."""
