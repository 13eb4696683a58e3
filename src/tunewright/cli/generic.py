"""The verb of a stage that has no command file of its own: walk to its step, and show the result as it is."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tunewright.cli.command import Command
from tunewright.cli.options import OverrideOptions
from tunewright.cli.shell import Shell
from tunewright.cli.tables import SHOWN, cell, clip, ends, escape, mark, new_console, new_table

if TYPE_CHECKING:
    from tunewright.core.frozen import Frozen
    from tunewright.project import Project


def stage_command(
    name: str,
    about: str,
    run: "Callable[[Project], Frozen]",
    results: "Callable[[], tuple[type[Frozen], ...]]",
) -> Command:
    """``tunewright <name>``, with the options of gates.

    Args:
        name: the stage's, and so the verb's.
        about: one sentence for the help text.
        run: walks to the stage's step and gives its result.
        results: gives the type of that result, for its JSON schema; not called before the schema is made.
    """

    def call(shell: Shell, gates: OverrideOptions) -> "Frozen":
        return run(shell.project(gates.by_gate()))

    call.__name__ = name.replace("-", "_")
    call.__doc__ = about
    return Command(name, call, result_table, panel="Steps", results=results)


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
