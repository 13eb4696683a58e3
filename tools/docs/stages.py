"""A page for each stage: what it does, its settings, plugins, gates, error codes and results."""

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from pydantic import BaseModel

from tools.docs.markdown import NOTE, code, default_words, field_type, table, type_words
from tools.docs.source import PACKAGE, codes_in, docstring, path_of, sentence
from tunewright import order
from tunewright.config.model import Config
from tunewright.core.error_catalog import catalog
from tunewright.core.gate import Gate
from tunewright.core.plugins import PluginField, PluginRegistry
from tunewright.core.stage import StageSpec, StepSpec

#: A stage that people do between two runs: it declares nothing, and has results all the same.
BY_PEOPLE = ("review",)
NAMES = (*order.STEPS, *BY_PEOPLE, *order.BESIDE)


def pages() -> Mapping[str, str]:
    """Every page by its path below ``docs``."""
    specs: dict[str, StageSpec] = {stage.name: stage for stage in order.stages()}
    every = {f"stages/{name}.md": page(specs.get(name) or StageSpec(name=name)) for name in NAMES}
    return {"stages/README.md": index(specs), **every}


def index(specs: Mapping[str, StageSpec]) -> str:
    """The list of the stages, and the settings that belong to none."""
    rows = [(f"[{name}]({name}.md)", about(name), _gates(specs.get(name))) for name in NAMES]
    common = [*_settings("", Config, without=_sections())]
    return (
        f"{NOTE}# Stages\n\nIn the order of a run; `review` is done by people between two runs, and `report` is "
        "written after each.\n\n"
        f"{table(('stage', 'what it does', 'gates'), rows)}\n## Settings of no one stage\n\n"
        f"{table(('key', 'type', 'default', 'what it is'), common)}"
    )


def _sections() -> set[str]:
    return {name for stage in order.stages() for name in stage.sections}


def _gates(spec: StageSpec | None) -> str:
    return ", ".join(code(f"{gate.name} {gate.bar}") for gate in spec.gates) if spec else ""


def about(name: str) -> str:
    """A sentence about a stage."""
    declared = path_of(f"stages.{name}.stage").exists()
    return sentence(docstring(f"stages.{name}.stage" if declared else f"stages.{name}"))


def page(spec: StageSpec) -> str:
    """The page of one stage."""
    name = spec.name
    parts = [f"{NOTE}# {name}\n", f"{about(name)}\n", *_key(spec)]
    settings = [row for section, kind in spec.sections.items() for row in _settings(f"{section}.", kind)]
    parts += _part("Settings", "", table(("key", "type", "default", "what it is"), settings))
    for field in spec.plugins:
        parts += _part(f"{field.registry.noun.capitalize()}s", _where(field), *_plugins(field.registry))
    parts += _part("Gates", "", *(_gate(gate) for gate in spec.gates))
    rows = [(code(each), catalog()[each]["title"]) for each in codes_in(PACKAGE / "stages" / name)]
    note = "Raised in this stage's own files; `tunewright explain CODE` has the long text.\n"
    parts += _part("Error codes", note, table(("code", "title"), rows))
    parts += _part("Results", "", *(result_fields(kind) for kind in results(spec)))
    return "\n".join(parts).rstrip("\n") + "\n"


def _part(title: str, note: str, *texts: str) -> list[str]:
    """A part of the page; nothing where there is nothing to say."""
    filled = [text for text in texts if text]
    return [f"## {title}\n", *([note] if note else []), *filled] if filled else []


def _key(spec: StageSpec) -> Iterator[str]:
    """What a step reads and makes."""
    if isinstance(spec, StepSpec):
        needs = ", ".join(code(kind.__name__) for kind in spec.needs) or "no value of another step"
        version = f" It brings the version of the data called `{spec.data}`." if spec.data else ""
        behind = " It starts only while every gate judged before it is open." if spec.behind_gates else ""
        yield f"A step of a run: it needs {needs}, and makes {code(spec.output.__name__)}.{version}{behind}\n"


def _settings(prefix: str, kind: type[BaseModel], without: set[str] | None = None) -> Iterator[tuple[str, ...]]:
    """A row for each setting, those of a section within a section among them."""
    for name, field in kind.model_fields.items():
        if name in (without or set()):
            continue
        inner = _model(field.annotation)
        if inner is None or field.description:
            yield code(f"{prefix}{name}"), field_type(field), default_words(field), field.description or ""
        if inner is not None:
            yield from _settings(f"{prefix}{name}.", inner)


def _model(annotation: Any) -> type[BaseModel] | None:
    """The class of a section that a field holds, be it optional; None for a plain value."""
    kinds = [annotation, *getattr(annotation, "__args__", ())]
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _where(field: PluginField) -> str:
    group = group_of(field.registry)
    return f"Named in `{field.section}.{field.key}`; a package of yours adds one by the entry point `{group}`.\n"


def group_of(registry: PluginRegistry) -> str:
    """The entry-point group of a kind of plugin."""
    return f"tunewright.{registry.package.rsplit('.', 1)[-1]}"


def own_plugins(registry: PluginRegistry) -> list[str]:
    """The plugins that Tunewright itself brings, whatever else is installed here."""
    names = (module.name for module in pkgutil.iter_modules(import_module(registry.package).__path__))
    return sorted(name for name in names if not name.startswith("_"))


def _plugins(registry: PluginRegistry) -> Iterator[str]:
    for name in own_plugins(registry):
        rows = [(key, *rest) for key, *rest in _settings("", registry.options(name))]
        yield f"### {name}\n\n{sentence(registry.about(name))}\n"
        yield table(("option", "type", "default", "what it is"), rows)


def _gate(gate: Gate) -> str:
    lines = [f"### {gate.name}\n", f"The bar on {gate.title}: {code(gate.bar)}. {sentence(gate.measure.__doc__ or '')}"]
    lines += [f"When it is shut: {gate.advice}."]
    later = order.JUDGED_AFTER.get(gate.name)
    lines += [f"It is judged after `{later}`, on what that step makes."] if later else []
    lines += [f"Its former name `{gate.former}` is taken wherever users write one."] if gate.former else []
    return "\n".join(lines) + "\n"


def results(spec: StageSpec) -> list[type[BaseModel]]:
    """What the stage's verbs give back: the step's own result first, then the others of its ``results.py`` files."""
    kinds: list[type[BaseModel]] = [spec.gives_back] if isinstance(spec, StepSpec) else []
    for path in sorted((PACKAGE / "stages" / spec.name).rglob("results.py")):
        kinds += results_of(".".join(path.relative_to(PACKAGE).with_suffix("").parts))
    return list(dict.fromkeys(kinds))


def results_of(name: str) -> list[type[BaseModel]]:
    """The results that a module defines, in its own order."""
    module = import_module(f"tunewright.{name}")
    own = [kind for kind in vars(module).values() if getattr(kind, "__module__", "") == module.__name__]
    return [kind for kind in own if isinstance(kind, type) and kind.__name__.endswith("Result")]


def result_fields(kind: type[BaseModel]) -> str:
    """A result's sentence and its fields."""
    rows = [(code(name), type_words(field.annotation)) for name, field in kind.model_fields.items()]
    return f"### {kind.__name__}\n\n{sentence(kind.__doc__ or '')}\n\n{table(('field', 'type'), rows)}"
