"""Taste, turned into tests (house.md, section 8)."""

import ast
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

from tunewright.cli.commands import commands
from tunewright.cli.schemas import schemas
from tunewright.core.error_catalog import catalog
from tunewright.project import Project

SOURCE = Path(str(files("tunewright")))
PYTHON = sorted(SOURCE.rglob("*.py"))
CODE = re.compile(r"\bE-[A-Z]+-\d{3}\b")

#: Verbs that need no project, or are spelled differently in the shell.
WITHOUT_PROJECT = {"init", "predict", "explain", "config-show", "config-validate", "config-schema"}
#: Files that loop over rows in Python, and why they may.
ROW_LOOPS = {
    "stages/intake": "parsers read the user's records one by one",
    "workflow/predict.py": "hands the user the rows they asked for",
    "workflow/summaries.py": "counts of a handful of actions, and a diff cut to a limit",
}


def test_every_code_that_is_raised_can_be_explained_and_every_explained_code_is_raised() -> None:
    raised = {code for path in PYTHON for code in CODE.findall(path.read_text())}
    raised |= {code for path in SOURCE.rglob("*.j2") for code in CODE.findall(path.read_text())}
    known = set(catalog())
    assert raised - known == set(), "raised but not in codes/*.yaml"
    assert known - raised == set(), "in codes/*.yaml but never raised"


def test_every_explanation_says_what_why_and_fix() -> None:
    for code, entry in catalog().items():
        assert set(entry) == {"title", "what", "why", "fix"}, code
        assert all(isinstance(text, str) and text.strip() for text in entry.values()), code


def test_the_shell_and_python_have_the_same_verbs() -> None:
    methods = {name for name, value in vars(Project).items() if not name.startswith("_") and callable(value)} - {
        "open",
        "corpus",
    }
    assert {command.name.replace("-", "_") for command in commands() if command.name not in WITHOUT_PROJECT} == methods


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_committed_schema_is_what_the_code_says(name: str) -> None:
    committed = json.loads((SOURCE / "schemas" / name).read_text())
    assert committed == json.loads(json.dumps(schemas()[name])), "run `make schemas` and commit"


@pytest.mark.parametrize("path", PYTHON, ids=[str(p.relative_to(SOURCE)) for p in PYTHON])
def test_a_file_keeps_the_rules(path: Path) -> None:
    tree = ast.parse(path.read_text())
    inside = str(path.relative_to(SOURCE))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            assert inside.startswith("cli/"), f"print outside cli: {inside}:{node.lineno}"
        if isinstance(node, ast.Attribute) and node.attr in {"iter_rows", "to_dicts", "map_elements"}:
            assert any(inside.startswith(known) for known in ROW_LOOPS), f"row loop: {inside}:{node.lineno}"
        if isinstance(node, ast.ExceptHandler):
            silent = len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
            assert not silent, f"a swallowed error: {inside}:{node.lineno}"
        if isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
            assert isinstance(node.value, ast.Constant) and node.value.value is False, inside


@pytest.mark.parametrize("path", PYTHON, ids=[str(p.relative_to(SOURCE)) for p in PYTHON])
def test_a_file_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), path


def test_no_file_outgrows_one_idea() -> None:
    long = {str(p.relative_to(SOURCE)): n for p in PYTHON if (n := len(p.read_text().splitlines())) > 500}
    assert not long, f"over 500 lines: {long}"
