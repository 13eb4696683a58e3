"""`pytest --fast`: the tests that start no process and train nothing, and a guard that fails one that starts a process.

Which tests those are is read from the source, so nobody has to mark them: a test is left out when it, its fixtures, or
a helper that they use names one of the :data:`SEEDS`. Where only the code that is tested starts a process, the test
says so with ``pytest.mark.starts_processes``, or the guard fails it. What takes long otherwise is :data:`LONG`.
"""

import ast
import multiprocessing.process
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
#: Names that tell what a test does, by the marker that it gets.
SEEDS = {
    "starts_processes": frozenset(
        {"subprocess", "multiprocessing", "Popen", "PROGRAM", "HEARING", "ProcessPoolExecutor", "ray"}
    ),
    "trains": frozenset({"save_bert", "write_llama", "write_encoder", "carry_out", "centroid_candidate"}),
}
#: Folders and files whose tests measure whole checks, run whole examples or projects, or read large models.
LONG = (
    "golden",
    "examples",
    "starter",
    "house/test_mutants.py",
    "house/test_a_folder_adds_a_stage.py",
    "pii/test_presidio.py",
    "workflow/test_old_project.py",
)
#: Markers of tests that a fast run leaves out.
LEFT_OUT = ("starts_processes", "trains", "slow", "gpu")
#: Functions that every way to start a process ends in.
DOORS = (
    (subprocess.Popen, "__init__"),
    (multiprocessing.process.BaseProcess, "start"),
    *((os, name) for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system")),
)


def mark(items: Sequence[pytest.Item]) -> None:
    """Give every test the markers that its source tells, and "slow" to those of the long folders."""
    for item in items:
        name = item.name.partition("[")[0]
        for marker, seeds in SEEDS.items():
            if name in reaching(item.path, seeds):
                item.add_marker(marker)
        if any(item.path.is_relative_to(ROOT / place) for place in LONG):
            item.add_marker("slow")


def is_fast(item: pytest.Item) -> bool:
    """Whether a fast run holds the test."""
    return not any(item.get_closest_marker(name) for name in LEFT_OUT)


@cache
def reaching(path: Path, seeds: frozenset[str]) -> frozenset[str]:
    """Names that a module may use, from which one of `seeds` is reached: its own, what it imports, and fixtures."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    reached = set(seeds)
    for folder in path.relative_to(ROOT).parents if path.name.startswith(("test_", "conftest")) else ():
        fixtures = ROOT / folder / "conftest.py"
        if fixtures.exists() and fixtures != path:
            reached |= reaching(fixtures, seeds)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests."):
            helper = ROOT.joinpath(*str(node.module).split(".")[1:]).with_suffix(".py")
            names = reaching(helper, seeds) if helper.exists() else frozenset()
            reached |= {each.asname or each.name for each in node.names if each.name in names}
    uses = [each for node in tree.body for each in _uses(node)]
    while more := {name for name, names in uses if names & reached} - reached:
        reached |= more
    return frozenset(reached)


def _uses(node: ast.stmt) -> Iterator[tuple[str, frozenset[str]]]:
    """What a top-level statement defines, with every name in it; arguments are among them, for they are fixtures."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    names |= {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
    names |= {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name, frozenset(names)
    if isinstance(node, ast.Assign):
        yield from ((target.id, frozenset(names)) for target in node.targets if isinstance(target, ast.Name))


class Guard:
    """Refuses to start processes, and remembers that somebody tried.

    Attributes:
        attempts: what was to be started since the last look.
    """

    def __init__(self) -> None:
        self.attempts: list[str] = []

    def close(self, patch: pytest.MonkeyPatch) -> None:
        """Shut every door until `patch` is undone."""
        for owner, name in DOORS:
            patch.setattr(owner, name, self._refusal(f"{owner.__name__}.{name}"))

    def _refusal(self, door: str) -> Callable[..., None]:
        def refuse(*arguments: object, **_: object) -> None:
            self.attempts.append(f"{door}{arguments[-1:]!r}"[:200])
            pytest.fail(self.sentence())

        return refuse

    def sentence(self) -> str:
        """What is wrong, and what to do."""
        return (
            f"A fast test started a process: {self.attempts[0]}. `make test-fast` starts none. Test the function behind "
            "it, or mark the test with @pytest.mark.starts_processes, so that only `make test` runs it."
        )
