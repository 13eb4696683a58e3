"""Write the committed JSON schemas of what ``--json`` prints: ``make schemas``."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from tunewright.cli.commands import commands
from tunewright.cli.envelope import schema


def schemas() -> dict[str, dict[str, Any]]:
    """The schema of every verb, by file name."""
    return {
        f"{command.name}@1.json": schema(command.name, *command.result_types())
        for command in sorted(commands(), key=lambda command: command.name)
    }


def write() -> None:
    """Write them all into the package."""
    folder = Path(str(files("tunewright"))) / "schemas"
    folder.mkdir(exist_ok=True)
    for name, document in schemas().items():
        (folder / name).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
