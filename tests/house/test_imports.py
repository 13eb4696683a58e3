"""The program starts light: nothing heavy is imported on the way to --help."""

import subprocess
import sys

import pytest

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


def test_rooms_are_siblings() -> None:
    """The import contract, checked by import-linter itself."""
    found = subprocess.run(
        [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout
