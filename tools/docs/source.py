"""What the pages are written from: the source as text, its import graph and its layers."""

import ast
import configparser
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "tunewright"
#: ``order`` names the stages and imports them when they are asked for, which no import statement shows.
LATE = {"order": "stages"}
CODE = re.compile(r"\bE-[A-Z]+-\d{3}\b")


def path_of(name: str) -> Path:
    """The file of a module, or the ``__init__.py`` of a package, by its dotted name below ``tunewright``."""
    below = PACKAGE.joinpath(*name.split(".")) if name else PACKAGE
    return below / "__init__.py" if below.is_dir() else below.with_suffix(".py")


def docstring(name: str) -> str:
    """The docstring of a module; empty where it has none."""
    return ast.get_docstring(ast.parse(path_of(name).read_text(encoding="utf-8"))) or ""


def sentence(text: str) -> str:
    """The first paragraph of a docstring on one line, its cross-references written as Markdown code."""
    paragraph = " ".join(text.strip().split("\n\n", 1)[0].split())
    return re.sub(r":\w+:`~?([^`]+)`", r"`\1`", paragraph).replace("``", "`")


def count_files(name: str) -> int:
    """Python files of a package; 1 for a module."""
    path = path_of(name)
    return sum(1 for _ in path.parent.rglob("*.py")) if path.name == "__init__.py" else 1


def codes_in(folder: Path) -> list[str]:
    """Every error code that the files below `folder` name in their code, docstrings apart."""
    return sorted({code for path in folder.rglob("*.py") for code in _codes(ast.parse(path.read_text("utf-8")))})


def _codes(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            yield node.value


@cache
def layers() -> tuple[tuple[str, ...], ...]:
    """Top-level packages and modules in the layers of ``.importlinter``, from the top."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter", encoding="utf-8")
    lines = parser["importlinter:contract:layers"]["layers"].split("\n")
    return tuple(tuple(sorted(part.strip() for part in line.split("|"))) for line in lines if line.strip())


@cache
def imports() -> dict[str, frozenset[str]]:
    """Which other top-level packages each one imports, the whole of it taken together."""
    import grimp

    graph = grimp.build_graph("tunewright", cache_dir=None)
    edges: dict[str, set[str]] = {name: set() for layer in layers() for name in layer}
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            above, below = _top(module), _top(other)
            if above in edges and below in edges and above != below:
                edges[above].add(below)
    return {name: frozenset(below) for name, below in edges.items()}


def _top(module: str) -> str:
    """The part of a dotted name that stands directly below ``tunewright``; empty for the root."""
    return module.split(".")[1] if "." in module else ""


def needed_arrows() -> list[tuple[str, str]]:
    """Imports between top-level packages that no path of other imports already stands for."""
    below = {name: others | ({LATE[name]} if name in LATE else set()) for name, others in imports().items()}

    def reaches(start: str, end: str) -> bool:
        return end in below[start] or any(reaches(step, end) for step in below[start])

    return [
        (name, other)
        for layer in layers()
        for name in layer
        for other in sorted(imports()[name])
        if not any(reaches(step, other) for step in below[name] - {other})
    ]
