"""The verb of a stage that has no command file of its own: walk to its step, and show the result as it is."""

import ast
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunewright.cli.command import Command
from tunewright.cli.options import OverrideOptions
from tunewright.cli.shell import Shell
from tunewright.cli.tables import SHOWN, cell, clip, ends, escape, mark, new_console, new_table
from tunewright.order import steps

if TYPE_CHECKING:
    from tunewright.core.figure import Figure
    from tunewright.core.frozen import Frozen
    from tunewright.core.stage import StepSpec


def step_command(name: str) -> Command:
    """``tunewright <name>``, with the options of gates.

    The stage is not imported before its verb is called: the sentence of the help text is the first of its ``stage.py``.
    """

    def call(shell: Shell, gates: OverrideOptions) -> "Frozen":
        return shell.project(gates.by_gate()).step(name)

    def table(value: "Frozen") -> None:
        spec = _spec(name)
        figures = spec.figures(value) if isinstance(value, spec.output) else ()
        if figures:
            print_figures(figures)
        else:
            result_table(value)

    call.__name__ = name.replace("-", "_")
    call.__doc__ = _about(name)
    return Command(name, call, table, panel="Steps", results=lambda: (_spec(name).gives_back,))


def _about(name: str) -> str:
    """The first line of a stage's docstring, read without importing it."""
    package = find_spec("tunewright.stages")
    assert package is not None
    paths = [Path(folder, name, "stage.py") for folder in package.submodule_search_locations or ()]
    text = next(path for path in paths if path.is_file()).read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").split("\n", 1)[0]


def _spec(name: str) -> "StepSpec[Any]":
    return next(spec for spec in steps() if spec.name == name)


def print_figures(figures: "Sequence[Figure]") -> None:
    """A line for each figure that the stage picked for people."""
    table = new_table("figure", "value", "note")
    for figure in figures:
        table.add_row(escape(figure.label), escape(figure.value), escape(figure.note))
    new_console().print(table)


def result_table(value: "Frozen") -> None:
    """A line for each plain field of a result, and a table for each field that holds several records."""
    from tunewright.core.frozen import Frozen

    console = new_console()
    plain = new_table("field", "value")
    tables = []
    for name in type(value).model_fields:
        field = getattr(value, name)
        if isinstance(field, tuple | list) and field and all(isinstance(record, Frozen) for record in field):
            tables.append((name, field))
        else:
            plain.add_row(name.replace("_", " "), shown(field))
    console.print(plain)
    for name, records in tables:
        console.print(f"{name.replace('_', ' ')}: {len(records):,}")
        console.print(_record_table(records))


def shown(value: Any) -> str:
    """A field's value on one line, with markup: figures with their interval, gates with their judgement."""
    from tunewright.core.frozen import Frozen
    from tunewright.core.gate import Verdict
    from tunewright.core.score import Score

    match value:
        case None | () | [] | "":
            text = "–"
        case bool():
            text = "yes" if value else "no"
        case int():
            text = f"{value:,}"
        case Score():
            text = f"{cell(value.value)} ({ends(value)})"
        case Verdict():
            text = f"{cell(value.measured.value)}{mark(value)}"
        case Frozen():
            fields = ((name, shown(getattr(value, name))) for name in type(value).model_fields)
            text = ", ".join(f"{name.replace('_', ' ')} {field}" for name, field in fields)
        case dict():
            text = ", ".join(f"{escape(str(key))} {shown(item)}" for key, item in value.items()) or "–"
        case tuple() | list():
            text = ", ".join(shown(item) for item in value)
        case _:
            text = escape(clip(cell(value), 90))
    return text


def _record_table(records: "Sequence[Frozen]") -> Any:
    names = list(dict.fromkeys(name for record in records for name in type(record).model_fields))
    table = new_table(*(name.replace("_", " ") for name in names))
    for record in records[:SHOWN]:
        table.add_row(*(shown(getattr(record, name, None)) for name in names))
    return table
