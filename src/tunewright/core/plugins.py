"""Plugins: one file adds one check, method, fix or metric, and its name is the plugin's name.

Listing parses the folder and imports nothing; choosing a name imports one file. Packages outside join a folder by
an entry point in the group ``tunewright.<folder>``.
"""

import ast
import importlib
import inspect
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from tunewright.core.errors import ExitCode, UserError, did_you_mean


class PluginRegistry:
    """The plugins of one kind: the modules of a package, and entry points of the same name.

    Args:
        package: dotted name of the folder, such as ``tunewright.stages.audit.checks``.
        noun: what one file is called in sentences, such as ``check``.
        verb: the function that every file of the folder defines.
    """

    def __init__(self, package: str, noun: str, verb: str) -> None:
        self.package = package
        self.noun = noun
        self.verb = verb

    @cached_property
    def _own(self) -> dict[str, Path]:
        spec = find_spec(self.package)
        assert spec is not None and spec.submodule_search_locations
        folder = Path(next(iter(spec.submodule_search_locations)))
        return {path.stem: path for path in sorted(folder.glob("*.py")) if not path.stem.startswith("_")}

    @cached_property
    def _outside(self) -> dict[str, EntryPoint]:
        group = f"tunewright.{self.package.rsplit('.', 1)[-1]}"
        return {entry.name: entry for entry in entry_points(group=group)}

    def names(self) -> list[str]:
        """Every plugin's name, sorted, without importing any."""
        return sorted({*self._own, *self._outside})

    def about(self, name: str) -> str:
        """The first line of a plugin's docstring, read without importing our own files."""
        if name in self._own:
            tree = ast.parse(self._own[name].read_text(encoding="utf-8"))
            return (ast.get_docstring(tree) or "").split("\n", 1)[0]
        return (inspect.getdoc(self._imported(name)) or "").split("\n", 1)[0]

    def load(self, name: str) -> ModuleType:
        """The module called `name`.

        Raises:
            UserError: E-CFG-002 for an unknown name, E-ENV-001 when a package that it needs is missing.
        """
        module = self._imported(name)
        self._require(name, module)
        return module

    def options(self, name: str) -> Any:
        """The plugin's ``Options`` class; what the plugin needs to run need not be installed.

        Raises:
            UserError: E-CFG-002 for an unknown name.
        """
        return self._imported(name).Options

    def _imported(self, name: str) -> ModuleType:
        if name in self._own:
            return importlib.import_module(f"{self.package}.{name}")
        if name in self._outside:
            module: ModuleType = self._outside[name].load()
            return module
        raise UserError("E-CFG-002", f"There is no {self.noun} named {name!r}.", fix=did_you_mean(name, self.names()))

    def _require(self, name: str, module: ModuleType) -> None:
        missing = [package for package in getattr(module, "NEEDS", ()) if find_spec(package) is None]
        if missing:
            extra = getattr(module, "EXTRA", "")
            target = f'"tunewright[{extra}]"' if extra else " ".join(missing)
            raise UserError(
                "E-ENV-001",
                f"The {self.noun} {name!r} needs {', '.join(missing)}, which is not installed.",
                fix=f"pip install {target}",
                exit_code=ExitCode.RESOURCES,
            )


@dataclass(frozen=True)
class PluginField:
    """Where the configuration names plugins of one registry.

    Attributes:
        section: section of tunewright.yaml.
        key: the key in it.
        registry: the plugins that may be named there.
        single: whether one is named (``method: encoder``), or a table of several.
    """

    section: str
    key: str
    registry: PluginRegistry
    single: bool = False
