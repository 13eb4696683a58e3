"""A name says what it holds: words that fit anything are no names of locals, and one module has one `_` at most."""

import ast
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

SOURCE = Path(str(files("tunewright")))
#: Words that fit whatever a variable holds, and so tell a reader nothing.
EMPTY_NAMES = {"found", "told", "said", "made", "kept", "given", "asked", "one"}
#: Private functions are named for what they return.
EMPTY_FUNCTIONS = {"_told", "_said", "_found", "_made"}


def names_bound(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Each name that the code below `node` gives to a value, with its line: locals, parameters, loop variables.

    What stands in the body of a class is a field, often of a stored file, and is not read.
    """
    in_class = set(node.body) if isinstance(node, ast.ClassDef) else set()
    for child in ast.iter_child_nodes(node):
        if child in in_class and isinstance(child, ast.Assign | ast.AnnAssign):
            continue
        match child:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name, child.lineno
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name, child.lineno
            case ast.MatchMapping(rest=str(name)):
                yield name, child.lineno
        yield from names_bound(child)


def faults(tree: ast.Module) -> Iterator[str]:
    """What a module names badly: line and name, a sentence each."""
    for name, line in names_bound(tree):
        if name in EMPTY_NAMES:
            yield f"line {line}: `{name}` does not say what it holds"
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for function in functions:
        if function.name in EMPTY_FUNCTIONS:
            yield f"line {function.lineno}: `{function.name}` does not say what it returns"
    count = Counter(function.name for function in functions)["_"]
    if count > 1:
        yield f"{count} functions are called `_`"


def faults_under(part: str) -> list[str]:
    """The faults of a package or module of the source, with their files."""
    root = SOURCE / part
    paths = sorted(root.rglob("*.py")) if root.is_dir() else [root]
    return [f"{path.relative_to(SOURCE)} {fault}" for path in paths for fault in faults(ast.parse(path.read_text()))]


MODULES = [str(path.relative_to(SOURCE)) for path in sorted(SOURCE.rglob("*.py"))]


@pytest.mark.parametrize("module", MODULES)
def test_a_local_is_named_for_what_it_holds(module: str) -> None:
    assert faults_under(module) == []


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("def f(found): ...", ["found"]),
        ("def f(*, told=1): ...", ["told"]),
        ("def f():\n    said = 1", ["said"]),
        ("def f():\n    made: int = 1", ["made"]),
        ("def f():\n    for i, (kept, n) in x: ...", ["kept"]),
        ("f([given for given in x])", ["given"]),
        ("f(lambda asked: 1)", ["asked"]),
        ("while one := f(): ...", ["one"]),
        ("with f() as found: ...", ["found"]),
        ("try: ...\nexcept E as told: ...", ["told"]),
        ("match x:\n    case {'a': said, **made}: ...", ["made", "said"]),
        ("class A:\n    def f(self):\n        kept = 1", ["kept"]),
        ("class A:\n    given: int\n    kept = Field()", []),
        ("self.found = f(told, one=1)", []),
    ],
)
def test_the_walk_sees_every_way_to_bind_a_name(code: str, names: list[str]) -> None:
    assert sorted(name for name, _ in names_bound(ast.parse(code)) if name in EMPTY_NAMES) == names


def test_empty_functions_and_a_second_underscore_are_faults() -> None:
    assert list(faults(ast.parse("def _told(): ..."))) == ["line 1: `_told` does not say what it returns"]
    assert list(faults(ast.parse("def _(): ..."))) == []
    assert list(faults(ast.parse("def _(): ...\nasync def _(): ..."))) == ["2 functions are called `_`"]
