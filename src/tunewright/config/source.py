"""YAML with line numbers: values, where each key stands, and keys written twice."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tunewright.core.errors import ExitCode, UserError

Path_ = tuple[str, ...]


class Loader(yaml.SafeLoader):
    """YAML with the truth values of YAML 1.2, true and false: ``on``, ``off``, ``yes`` and ``no`` stay words.

    PyYAML reads version 1.1, by which a column named ``no`` is a truth value and ``fsdp: on`` is none that it takes.
    Settings that are true or false take those words all the same.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012  # PyYAML's own form
        first: [(tag, form) for tag, form in several if tag != "tag:yaml.org,2002:bool"]
        for first, several in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def parsed(text: str) -> Any:
    """The value of YAML `text`.

    Raises:
        yaml.YAMLError: it is none.
    """
    return yaml.load(text, Loader=Loader)  # noqa: S506  # a SafeLoader


@dataclass(frozen=True)
class Source:
    """One YAML file read: its value, the line of every key path, and the faults of its form."""

    value: dict[str, Any] = field(default_factory=dict)
    lines: dict[Path_, int] = field(default_factory=dict)
    faults: tuple[UserError, ...] = ()

    def line(self, path: Path_) -> int | None:
        """The line of `path`, or of the nearest section around it."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return None


def read_source(path: Path) -> Source:
    """The file at `path`.

    Raises:
        UserError: E-CFG-003 when it is missing, E-CFG-004 when it is no YAML mapping.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise UserError(
            "E-CFG-003",
            f"There is no file {path.name} in {path.parent}.",
            why="A project is a folder with a tunewright.yaml.",
            fix="tunewright init DIR --data FILE   (or name the project with -C DIR)",
            exit_code=ExitCode.NOT_FOUND,
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(
            "E-CFG-004", f"{path.name} is not UTF-8 text (byte {error.start}).", fix="Save it as UTF-8."
        ) from None
    try:
        root = yaml.compose(text, Loader=Loader)
        value = parsed(text)
    except yaml.YAMLError as error:
        raise _not_yaml(path, error) from None
    if root is None:
        return Source()
    if not isinstance(value, dict):
        raise UserError("E-CFG-004", f"{path.name} is a {type(value).__name__}, not a mapping.", fix="key: value")
    lines: dict[Path_, int] = {}
    faults: list[UserError] = []
    _walk(root, (), lines, faults, path.name)
    return Source(value, lines, tuple(faults))


def _walk(node: yaml.Node, path: Path_, lines: dict[Path_, int], faults: list[UserError], name: str) -> None:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*path, str(index))] = item.start_mark.line + 1
            _walk(item, (*path, str(index)), lines, faults, name)
    if not isinstance(node, yaml.MappingNode):
        return
    for key, item in node.value:
        where = (*path, str(key.value))
        line = key.start_mark.line + 1
        if where in lines:
            faults.append(
                UserError(
                    "E-CFG-006",
                    f'{name} line {line}: "{".".join(where)}" is already set on line {lines[where]}.',
                    why="YAML would keep the second and drop the first without a word.",
                    fix="Remove one of the two.",
                )
            )
        lines[where] = line
        _walk(item, where, lines, faults, name)


def _not_yaml(path: Path, error: yaml.YAMLError) -> UserError:
    mark = getattr(error, "problem_mark", None)
    where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    problem = getattr(error, "problem", None) or str(error)
    return UserError(
        "E-CFG-004", f"{path.name}{where} is not YAML: {problem}.", fix="Check indentation and quotes there."
    )
