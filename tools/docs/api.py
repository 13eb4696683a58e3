"""The page on the Python API: signatures and first lines are read from the source, and so import nothing heavy."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.docs.markdown import NOTE, code, table
from tools.docs.source import path_of, sentence
from tools.docs.stages import NAMES, result_fields, results, results_of
from tunewright import order
from tunewright.core.errors import ExitCode
from tunewright.core.stage import StageSpec

#: What is public, by module: classes with their methods, and functions.
PUBLIC = {
    "project": ("Project", "override"),
    "stages.release.load": ("load", "LoadedRelease"),
    "core.gate": ("Override",),
    "core.errors": ("UserError", "UserErrors", "GateFailed", "DamagedOutput"),
}
#: Where Python users import them from; the rest from their module.
SHORT = {"Project": "tunewright", "load": "tunewright"}


def pages() -> Mapping[str, str]:
    """The page by its path below ``docs``."""
    template = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
    parts = [part for module, names in PUBLIC.items() for name in names for part in definition(module, name)]
    return {"api.md": NOTE + template.replace("{names}", "\n".join([*parts, _exit_codes(), _results()]))}


def definition(module: str, name: str) -> Iterator[str]:
    """A class with its public methods, or a function: from where it is imported, its signature and first line.

    Raises:
        StopIteration: the module defines no such name.
    """
    tree = ast.parse(path_of(module).read_text(encoding="utf-8"))
    node = next(each for each in tree.body if isinstance(each, ast.ClassDef | ast.FunctionDef) and each.name == name)
    yield f"## {name}\n\n`from {SHORT.get(name, f'tunewright.{module}')} import {name}`\n"
    yield f"{sentence(ast.get_docstring(node) or '')}\n"
    if isinstance(node, ast.FunctionDef):
        yield f"```python\n{signature(node)}\n```\n"
        return
    fields = ", ".join(code(field) for field in attributes(node))
    yield f"Attributes: {fields}.\n" if fields else ""
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef) and _is_public(each)]
    rows = [(code(signature(method)), sentence(ast.get_docstring(method) or "")) for method in methods]
    yield table(("member", "what it does"), rows)


def attributes(node: ast.ClassDef) -> list[str]:
    """Names of the public values that an object has: fields of the class, or what its ``__init__`` sets."""
    fields = [each for each in node.body if isinstance(each, ast.AnnAssign) and "ClassVar" not in ast.unparse(each)]
    names = [each.target.id for each in fields if isinstance(each.target, ast.Name)]
    start = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
    assigned = [each.targets[0] for each in start[0].body if isinstance(each, ast.Assign)] if start else []
    names += [target.attr for target in assigned if isinstance(target, ast.Attribute)]
    return [name for name in names if not name.startswith("_")]


def _is_public(node: ast.FunctionDef) -> bool:
    """Whether a method is listed: not private, and not the half of one that only types it."""
    return not node.name.startswith("_") and "overload" not in decorators(node)


def decorators(node: ast.FunctionDef) -> set[str]:
    """Names of what decorates a function."""
    return {ast.unparse(each) for each in node.decorator_list}


def signature(node: ast.FunctionDef) -> str:
    """A function as it is called; a property as an attribute."""
    gives = f" -> {ast.unparse(node.returns)}".replace("'", "") if node.returns else ""
    if "property" in decorators(node):
        return node.name + gives.replace(" ->", ":")
    arguments = ast.unparse(node.args)
    for first in ("self, ", "cls, ", "self", "cls"):
        arguments = arguments.removeprefix(first)
    return f"{node.name}({arguments}){gives}"


def _exit_codes() -> str:
    rows = [(str(each.value), code(each.name)) for each in ExitCode]
    return f"## Exit codes\n\n`UserError.exit_code`, and what the program ends with.\n\n{table(('code', 'name'), rows)}"


def _results() -> str:
    """Where each stage's results are defined, their fields being on its page, and those that cross stages."""
    specs = {stage.name: stage for stage in order.stages()}
    rows = [
        (code(kind.__name__), code(kind.__module__), f"[{name}](stages/{name}.md#{kind.__name__.lower()})")
        for name in NAMES
        for kind in results(specs.get(name) or StageSpec(name=name))
    ]
    crossing = results_of("workflow.results")
    where = f"{', '.join(code(kind.__name__) for kind in crossing)} are in `tunewright.workflow.results`:\n"
    parts = ["## Results\n", table(("result", "module", "fields"), rows), where, *map(result_fields, crossing)]
    return "\n".join(parts)
