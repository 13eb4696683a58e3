"""How long work tells what it is doing, without knowing who listens."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Progress(Protocol):
    """A listener of long work; the shell draws a bar with an ETA, tests stay silent."""

    def start(self, what: str, total: float | None, unit: str) -> None:
        """Work named `what` begins, of `total` units when known."""

    def advance(self, amount: float = 1, note: str = "") -> None:
        """`amount` more units are done; `note` is the latest figure worth showing."""

    def finish(self) -> None:
        """The work that was started last is over."""

    def say(self, line: str) -> None:
        """One sentence for the user, such as the first finding."""


class Silent:
    """A listener that hears nothing."""

    def start(self, what: str, total: float | None, unit: str) -> None:
        """Do nothing."""

    def advance(self, amount: float = 1, note: str = "") -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""

    def say(self, line: str) -> None:
        """Do nothing."""


SILENT: Progress = Silent()


def tracked(items: Iterable[Item], progress: Progress, what: str, total: int, unit: str) -> Iterator[Item]:
    """`items`, reported one by one to `progress`; finished even when the loop is left early."""
    progress.start(what, total, unit)
    try:
        for item in items:
            yield item
            progress.advance()
    finally:
        progress.finish()
