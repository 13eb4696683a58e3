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
#: Calls that hand rows to Python one by one; `rows` with a place in it is a method of ours.
ROW_CALLS = {"iter_rows", "rows", "rows_by_key", "to_dicts", "map_elements", "map_rows"}
#: Files that loop over rows in Python, and why they may. An entry that is no longer needed fails, too.
ROW_LOOPS = {
    "models/retention_suite.py": "the few questions that are shipped",
    "stages/audit/checks/annotators.py": "one line a person who labels",
    "stages/audit/checks/formats.py": "the first sources, cut to a limit",
    "stages/audit/checks/poison.py": "n-grams beyond the threshold, each searched for in all rows at once",
    "stages/audit/checks/terminology.py": "the first terms, cut to a limit",
    "stages/audit/results.py": "one line a reason for setting records aside",
    "stages/clean/results.py": "counts of a handful of actions",
    "stages/intake": "parsers read the user's records one by one",
    "stages/report/sections": "tables of a page, cut to a limit, or one line a class or bin",
    "stages/review": "cards, which a person reads one by one",
    "stages/split/api.py": "one row a class and side",
    "workflow/predict.py": "hands the user the rows they asked for",
    "workflow/results.py": "counts of a handful of changes, and a diff cut to a limit",
    "workflow/review.py": "what people answered, and one line a finding",
}


def hands_out_rows(node: ast.AST) -> bool:
    """Whether a call goes through rows in Python."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ROW_CALLS
        and not (node.func.attr == "rows" and node.args)
    )


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
    methods = {name for name, value in vars(Project).items() if not name.startswith("_") and callable(value)}
    # `step` is behind the verbs of stages that have no command file.
    verbs = [command for command in commands() if command.name not in WITHOUT_PROJECT and command.results is None]
    assert {command.name.replace("-", "_") for command in verbs} == methods - {"open", "corpus", "step"}


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_committed_schema_is_what_the_code_says(name: str) -> None:
    committed = json.loads((SOURCE / "schemas" / name).read_text())
    assert committed == json.loads(json.dumps(schemas()[name])), "run `make schemas` and commit"


@pytest.mark.parametrize("known", ROW_LOOPS)
def test_who_may_loop_over_rows_still_does(known: str) -> None:
    paths = [path for path in PYTHON if path.is_relative_to(SOURCE / known)]
    assert any(hands_out_rows(node) for path in paths for node in ast.walk(ast.parse(path.read_text()))), (
        f"{known} loops over no rows any more: take its line out of ROW_LOOPS"
    )


@pytest.mark.parametrize(
    ("code", "is_loop"),
    [
        ("frame.rows()", True),
        ("frame.rows(named=True)", True),
        ("frame.iter_rows()", True),
        ("frame.select('a').to_dicts()", True),
        ("column.map_elements(f)", True),
        ("job.rows(step)", False),
        ("finding.rows", False),
    ],
)
def test_a_loop_over_rows_is_seen(code: str, is_loop: bool) -> None:
    assert hands_out_rows(ast.parse(code, mode="eval").body) is is_loop


@pytest.mark.parametrize("path", PYTHON, ids=[str(p.relative_to(SOURCE)) for p in PYTHON])
def test_a_file_keeps_the_rules(path: Path) -> None:
    tree = ast.parse(path.read_text())
    inside = str(path.relative_to(SOURCE))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            assert inside.startswith("cli/"), f"print outside cli: {inside}:{node.lineno}"
        if hands_out_rows(node):
            assert any(path.is_relative_to(SOURCE / known) for known in ROW_LOOPS), f"row loop: {inside}:{node.lineno}"
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
