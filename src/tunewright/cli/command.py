"""What a verb of the program is: the words that are typed, the function they call, and the table of its result."""

import ast
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from tunewright.cli.options import CommonOptions, OptionGroup
from tunewright.core.interrupts import PartialResult

if TYPE_CHECKING:
    from tunewright.cli.shell import Shell
    from tunewright.core.frozen import Frozen

Result = TypeVar("Result")


@dataclass(frozen=True)
class Group:
    """Verbs of two words that share the first, such as ``review sample`` and ``review import``.

    Args:
        name: the first word.
        about: one sentence for the help text.
        panel: where it stands in the help text.
    """

    name: str
    about: str
    panel: str


@dataclass(frozen=True)
class Command:
    """One verb.

    Args:
        word: what is typed after ``tunewright``, or after the group's name.
        call: takes the :class:`~tunewright.cli.shell.Shell`, then the verb's own options; its docstring is the help
            text, what it returns is the result.
        table: prints the result for a person.
        panel: where it stands in the help text.
        group: what it belongs to, if its name is of two words.
        results: gives the result's types, one or several; without it they are read from `call`'s annotation.
    """

    word: str
    call: Callable[..., Any]
    table: Callable[[Any], None]
    panel: str = ""
    group: Group | None = None
    results: "Callable[[], tuple[type[Frozen], ...]] | None" = None

    @property
    def name(self) -> str:
        """The verb in JSON documents: ``audit``, ``review-sample``."""
        return f"{self.group.name}-{self.word}" if self.group else self.word

    def result_types(self) -> "tuple[type[Frozen], ...]":
        """The types of what the verb prints, in the order of its annotation; imports them.

        Raises:
            KeyError: for a type that the command's file neither defines nor imports, be it under ``TYPE_CHECKING``.
        """
        if self.results is not None:
            return self.results()
        names = str(inspect.signature(self.call).return_annotation).split(" | ")
        own = sys.modules[self.call.__module__]
        modules = _checked_imports(own)
        return tuple(getattr(own if hasattr(own, name) else import_module(modules[name]), name) for name in names)

    def function(self) -> Callable[..., None]:
        """The function that typer makes a command of: it takes `call`'s options and the common ones, and shows."""
        own = list(inspect.signature(self.call).parameters.values())[1:]

        def command(**values: Any) -> None:
            shell: Shell = values.pop("context").obj
            shell.begin(self.name, _gathered(CommonOptions, values))
            for parameter in own:
                if _is_group(parameter.annotation):
                    values[parameter.name] = _gathered(parameter.annotation, values)
            try:
                value = self.call(shell, **values)
            except PartialResult as interrupted:
                # What a step of a longer verb had is not that verb's result.
                if isinstance(interrupted.result, self.result_types()):
                    shell.show(interrupted.result, self.table)
                raise
            if value is not None:
                shell.show(value, self.table)

        parameters = [
            inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
            *(spelled for parameter in own for spelled in _spelled_out(parameter)),
            *_options(CommonOptions),
        ]
        command.__name__ = self.call.__name__
        command.__doc__ = self.call.__doc__
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command


def command(
    word: str, *, table: Callable[[Result], None], panel: str = "", group: Group | None = None
) -> Callable[[Callable[..., Result]], Command]:
    """A decorator that makes a :class:`Command` of the function that is called; `table` prints what it returns."""
    return lambda call: Command(word, call, table, panel, group)


def _spelled_out(parameter: inspect.Parameter) -> Sequence[inspect.Parameter]:
    """The options that a parameter stands for: those of its group, or itself."""
    if _is_group(parameter.annotation):
        return _options(parameter.annotation)
    return [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)]


def _is_group(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, OptionGroup)


@cache
def _options(group: Any) -> tuple[inspect.Parameter, ...]:
    """The fields of an option group, as parameters of a function; every verb has the common ones."""
    return tuple(
        inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=_default(option), annotation=option.type)
        for option in fields(group)
    )


def _default(option: "Field[Any]") -> Any:
    return option.default if option.default_factory is MISSING else option.default_factory()


def _gathered(group: Any, values: dict[str, Any]) -> Any:
    """An option group of the parsed `values`, which are taken out of them."""
    return group(**{option.name: values.pop(option.name) for option in fields(group)})


def _checked_imports(module: Any) -> dict[str, str]:
    """The module of each name that `module` imports under ``if TYPE_CHECKING:``, read without importing any."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {
        alias.name: node.module
        for block in blocks
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
