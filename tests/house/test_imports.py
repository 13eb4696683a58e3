"""The program starts light, and what imports what is as the contract says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = [
    "torch",
    "transformers",
    "peft",
    "polars",
    "pyarrow",
    "deltalake",
    "numpy",
    "numba",
    "sklearn",
    "scipy",
    "altair",
    "vl_convert",
    "sqlalchemy",
    "jinja2",
    "fastexcel",
]


@pytest.mark.parametrize("module", ["tunewright", "tunewright.cli.main"])
def test_starting_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_audit_of_a_file_never_needs_torch() -> None:
    """The core wheel has no torch: with it made unimportable, a file is still audited."""
    code = """
import sys
from importlib.machinery import PathFinder
class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        absent = name.split(".")[0] in ("torch", "transformers", "peft", "accelerate", "safetensors")
        return None if absent else super().find_spec(name, path, target)
sys.meta_path[sys.meta_path.index(PathFinder)] = Without
from pathlib import Path
from tempfile import TemporaryDirectory
from tunewright.workflow.audit_file import audit_file
with TemporaryDirectory() as folder:
    path = Path(folder) / "t.csv"
    path.write_text("text,label\\n" + "".join(f"my card number {i} is lost,{'ab'[i % 2]}\\n" for i in range(40)))
    print(audit_file(path).quality.n)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.stdout.strip() == "40", found.stderr


def contract_in(folder: Path) -> subprocess.CompletedProcess[str]:
    """The import contract on the source below `folder`, checked by import-linter itself."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_import_contract_holds() -> None:
    checked = contract_in(ROOT)
    assert checked.returncode == 0, checked.stdout


#: An import that each part of the contract forbids: file, the line, and what the contract says of it.
FORBIDDEN = {
    "a library that knows a stage": ("text/dates.py", "from tunewright.stages.audit import settings", "layers"),
    "a stage that knows the workflow": ("stages/split/settings.py", "from tunewright.workflow import flow", "layers"),
    "a stage that knows the configuration": ("stages/split/api.py", "from tunewright.config import model", "layers"),
    "a stage that knows another": ("stages/clean/api.py", "from tunewright.stages.audit import settings", "stages"),
    "a circle between two files": ("stages/audit/settings.py", "from tunewright.stages.audit import api", "circles"),
    "a circle between two folders": (
        "stages/train/runs/control.py",
        "from tunewright.stages.train import api",
        "circles",
    ),
    "a module of no layer": ("drawer.py", '"""Whatever has no place."""', "layers"),
    "a lazy import": ("core/errors.py", "def late(): from tunewright.project import Project", "layers"),
}
NAMES = {
    "layers": "What is above may import what is below, and nothing else BROKEN",
    "stages": "Stages are independent of each other BROKEN",
    "circles": "No circles between siblings BROKEN",
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    shutil.copy(ROOT / ".importlinter", folder)
    source = folder / "src" / "tunewright"
    shutil.copytree(ROOT / "src" / "tunewright", source, ignore=shutil.ignore_patterns("starter-*", "__pycache__"))
    return folder


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_a_planted_forbidden_import_breaks_the_contract(copy: Path, kind: str) -> None:
    file, line, contract = FORBIDDEN[kind]
    path = copy / "src" / "tunewright" / file
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        checked = contract_in(copy)
    finally:
        path.unlink() if before is None else path.write_text(before, encoding="utf-8")
    assert checked.returncode == 1, checked.stdout
    assert NAMES[contract] in checked.stdout


def test_a_new_stage_needs_no_line_in_the_contract() -> None:
    contract = (ROOT / ".importlinter").read_text(encoding="utf-8")
    stages = [path.parent.name for path in (ROOT / "src" / "tunewright" / "stages").glob("*/__init__.py")]
    assert len(stages) >= 9
    assert not [stage for stage in stages if re.search(rf"\b{stage}\b", contract)]
