"""``tunewright config …``: the settings in force, and the schema of their file."""

from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.command import Group, command
from tunewright.cli.shell import Shell
from tunewright.cli.tables import cell, escape, new_console, new_table

if TYPE_CHECKING:
    from tunewright.config.results import ConfigResult

GROUP = Group("config", "Show, check and describe tunewright.yaml.", panel="Project")


def config_table(value: "ConfigResult") -> None:
    """A line for each setting, or the schema as it is."""
    if value.json_schema:
        import json

        print(json.dumps(value.json_schema, indent=2, ensure_ascii=False))
        return
    table = new_table("setting", "value", *(["origin"] if value.show_origin else []))
    for line in value.settings:
        cells = [line.key, escape(cell(line.value))]
        table.add_row(*cells, *([escape(line.origin)] if value.show_origin else []))
    new_console().print(table)


@command("show", group=GROUP, table=config_table)
def config_show(
    shell: Shell,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value came from.")] = False,
) -> "ConfigResult":
    """Show the settings in force."""
    from tunewright.config.show import show

    return show(shell.folder, sets=tuple(shell.options.set), origin=origin)


@command("validate", group=GROUP, table=config_table)
def config_validate(shell: Shell) -> "ConfigResult":
    """Check the settings; every fault is shown at once."""
    from tunewright.config.show import show

    return show(shell.folder, sets=tuple(shell.options.set), origin=False)


@command("schema", group=GROUP, table=config_table)
def config_schema(shell: Shell) -> "ConfigResult":
    """Print the JSON schema of tunewright.yaml, for editors."""
    from tunewright.config.schema import schema_result

    return schema_result()


COMMANDS = (config_show, config_validate, config_schema)
