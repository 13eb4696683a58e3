"""The page for authors of plugins: its examples are the files of the package that a test installs and uses."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.docs.markdown import NOTE, code, table
from tools.docs.source import ROOT
from tools.docs.stages import group_of, own_plugins
from tunewright import order
from tunewright.core.plugins import PluginField, PluginRegistry
from tunewright.models.registry import ENGINES

SAMPLE = ROOT / "tests" / "plugins" / "sample_plugins"
FIELDS: tuple[PluginField, ...] = tuple(field for stage in order.stages() for field in stage.plugins)


def pages() -> Mapping[str, str]:
    """The page by its path below ``docs``."""
    template = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
    facts = {"groups": groups(), "files": "\n".join(files()), "settings": settings()}
    for name, words in facts.items():
        template = template.replace("{" + name + "}", words)
    return {"plugins.md": NOTE + template}


def groups() -> str:
    """A row for each kind of plugin: its entry-point group, where it is named, its function, and those there are."""
    where: list[tuple[PluginRegistry, str]] = [(field.registry, f"{field.section}.{field.key}") for field in FIELDS]
    rows = [
        (registry.noun, code(group_of(registry)), code(key), code(registry.verb), ", ".join(own_plugins(registry)))
        for registry, key in [*where, (ENGINES, "EngineRef")]
    ]
    return table(("plugin", "entry-point group", "named in", "function", "those there are"), rows)


def entry_points() -> dict[str, dict[str, str]]:
    """The sample's modules by group and name."""
    with (SAMPLE / "pyproject.toml").open("rb") as stream:
        declared: dict[str, dict[str, str]] = tomllib.load(stream)["project"]["entry-points"]
    return declared


def files() -> Iterator[str]:
    """Every file of the sample under its path, the plugins under their kind."""
    yield _block("pyproject.toml", "toml")
    module = next(iter(next(iter(entry_points().values())).values()))
    yield _block(f"{module.split('.')[0]}/__init__.py", "python")
    nouns = {group_of(registry): registry.noun for registry in (*(field.registry for field in FIELDS), ENGINES)}
    for group, names in entry_points().items():
        for module in names.values():
            yield f"### A {nouns[group]}\n".replace("A engine", "An engine")
            yield _block(module.replace(".", "/") + ".py", "python")


def _block(path: str, language: str) -> str:
    text = (SAMPLE / path).read_text(encoding="utf-8")
    return f"`{path}`:\n\n```{language}\n{text}```\n"


def settings() -> str:
    """A `tunewright.yaml` that names every plugin of the sample that is named there."""
    lines: dict[str, list[str]] = {}
    for field in FIELDS:
        (name,) = entry_points()[group_of(field.registry)]
        value = name if field.single else "{" + name + ": {}}"
        lines.setdefault(field.section, []).append(f"  {field.key}: {value}")
    return "\n".join(line for section, keys in lines.items() for line in (f"{section}:", *keys))
