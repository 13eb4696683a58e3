"""The verb of a stage that brings no command file: it starts light, has a schema, and shows what there is."""

import json
import os
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from tests.workflow.worlds import tickets, write_csv

STAGE = '''"""Weigh the cleaned rows."""

from tunewright.core.figure import Figure
from tunewright.core.frozen import Frozen
from tunewright.core.stage import StepSpec


class Weighed(Frozen):
    """What the rows weigh."""

    rows: int


def make(outputs, context, work):
    """As many rows as there are."""
    return Weighed(rows=outputs.dataset.rows)


STAGE = StepSpec(
    name="weigh",
    output=Weighed,
    inputs=lambda outputs, _: {"dataset": outputs.dataset.digest},
    make=make,
    figures=FIGURES,
)
'''
FIGURES = 'lambda weighed: (Figure(label="Weight", value=f"{weighed.rows} g", note="a gram a row"),)'


def with_stage(folder: Path, figures: str) -> dict[str, str]:
    """The environment of a program with one stage more: a folder, and a line in the order."""
    source = folder / "tunewright"
    shutil.copytree(str(files("tunewright")), source, copy_function=os.symlink, ignore=shutil.ignore_patterns("*.pyc"))
    (source / "stages" / "weigh").mkdir()
    (source / "stages" / "weigh" / "__init__.py").write_text('"""Weighs rows."""\n')
    (source / "stages" / "weigh" / "stage.py").write_text(STAGE.replace("FIGURES", figures))
    order = (source / "order.py").read_text()
    (source / "order.py").unlink()
    (source / "order.py").write_text(order.replace('    "split",\n', '    "weigh",\n    "split",\n', 1))
    return {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "120"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return with_stage(tmp_path_factory.mktemp("source"), FIGURES)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    write_csv(folder / "tickets.csv", tickets(40))
    (folder / "tunewright.yaml").write_text(
        "data: {file: tickets.csv, task: classify, columns: {prompt: text, label: category}}\n"
        "audit: {checks: {exact_duplicates: {}}}\n"
    )
    return folder


def program(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tunewright.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_the_help_imports_no_stage(environment) -> None:
    code = (
        "import sys; from tunewright.cli.main import call; call(['--help'])\n"
        "print([name for name in sys.modules if 'stages' in name or name == 'polars'], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert result.stderr.strip() == "[]"


def test_its_json_keeps_a_schema_that_is_made_with_the_others(environment, desk) -> None:
    result = program(environment, "weigh", "-C", str(desk), "--json")
    document = json.loads(result.stdout)
    assert document["data"] == {"rows": 40}
    code = "import json; from tunewright.cli.schemas import schemas; print(json.dumps(schemas()['weigh@1.json']))"
    schema = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    jsonschema.validate(document, json.loads(schema.stdout))
    assert json.loads(schema.stdout)["$id"] == document["schema"] == "tunewright/weigh@1"


def test_without_figures_its_fields_are_shown(tmp_path, desk) -> None:
    result = program(with_stage(tmp_path, "lambda _: ()"), "weigh", "-C", str(desk))
    assert [line.split() for line in result.stdout.splitlines()] == [["field", "value"], ["rows", "40"]]
