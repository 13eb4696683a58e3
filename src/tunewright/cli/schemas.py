"""Write the committed JSON schemas of what ``--json`` prints: ``make schemas``."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from tunewright.cli import main
from tunewright.cli.envelope import schema
from tunewright.cli.shell import RESULTS
from tunewright.config import results as config_results
from tunewright.core import error_catalog
from tunewright.stages.audit import results as audit_results
from tunewright.stages.clean import results as clean_results
from tunewright.stages.evaluate import results as evaluate_results
from tunewright.stages.plan import results as plan_results
from tunewright.stages.release import results as release_results
from tunewright.stages.report import results as report_results
from tunewright.stages.review import results as review_results
from tunewright.stages.split import results as split_results
from tunewright.stages.train import results as train_results
from tunewright.stages.train.sweep import results as sweep_results
from tunewright.workflow import results as workflow_results

MODULES = (
    config_results, error_catalog, audit_results, clean_results, evaluate_results, plan_results, release_results,
    report_results, review_results, split_results, train_results, sweep_results, workflow_results,
)  # fmt: skip


def _result(name: str) -> Any:
    """The result type called `name`."""
    return next(getattr(module, name) for module in MODULES if hasattr(module, name))


def schemas() -> dict[str, dict[str, Any]]:
    """The schema of every verb, by file name."""
    assert main.app  # importing the program fills RESULTS
    return {
        f"{verb}@1.json": schema(verb, *(_result(name) for name in names.split(" | ")))
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
