"""Ctrl-C as something that the processes which train are told of, instead of the end of the one that started them."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def passed_on(tell: Callable[[int], None]) -> Iterator[Callable[[], bool]]:
    """Within this block each Ctrl-C calls `tell` with its number, counted from 1; its value says whether any came.

    Only the main thread can listen; in another one Ctrl-C is somebody else's to handle.
    """
    count = 0

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        tell(count)

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:
        yield lambda: False
        return
    try:
        yield lambda: count > 0
    finally:
        signal.signal(signal.SIGINT, before)
