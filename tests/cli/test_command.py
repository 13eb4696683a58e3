"""A verb shows what it gives; interrupted, only what is a result of its own."""

import inspect
from types import SimpleNamespace
from typing import Any

import pytest

from tunewright.cli.command import Command
from tunewright.cli.shell import Shell
from tunewright.core.frozen import Frozen
from tunewright.core.interrupts import PartialResult


class Counted(Frozen):
    rows: int


class Inner(Frozen):
    """What a step of the verb had."""

    rows: int


def shown_by(result: Frozen, *, interrupted: bool) -> list[Any]:
    """What a verb of :class:`Counted` shows when its call gives `result`, or is interrupted with it."""
    shown: list[Any] = []

    def count(_: Shell) -> Frozen:
        if interrupted:
            raise PartialResult(result)
        return result

    function = Command("count", count, shown.append, results=lambda: (Counted,)).function()
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    if interrupted:
        with pytest.raises(PartialResult):
            function(context=SimpleNamespace(obj=Shell()), **defaults)
    else:
        function(context=SimpleNamespace(obj=Shell()), **defaults)
    return shown


def test_what_is_there_when_ctrl_c_comes_is_shown() -> None:
    assert shown_by(Counted(rows=3), interrupted=False) == [Counted(rows=3)]
    assert shown_by(Counted(rows=2), interrupted=True) == [Counted(rows=2)]


def test_what_a_step_inside_had_is_not_taken_for_the_verbs_result() -> None:
    assert shown_by(Inner(rows=2), interrupted=True) == []
