"""Write the committed JSON schemas of what ``--json`` prints: ``make schemas``."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from tunewright import results
from tunewright.cli import main
from tunewright.cli.envelope import schema
from tunewright.cli.shell import RESULTS


def schemas() -> dict[str, dict[str, Any]]:
    """The schema of every verb, by file name."""
    assert main.app  # importing the program fills RESULTS
    return {
        f"{verb}@1.json": schema(verb, *(getattr(results, one) for one in names.split(" | ")))
        for verb, names in sorted(RESULTS.items())
    }


def write() -> None:
    """Write them all into the package."""
    folder = Path(str(files("tunewright"))) / "schemas"
    folder.mkdir(exist_ok=True)
    for name, document in schemas().items():
        (folder / name).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
