"""Every plugin file keeps the contract: a docstring, Options, the verb, and a test of the same name."""

import ast
import inspect
from pathlib import Path

import pytest

from tunewright.config.plugins import FIELDS
from tunewright.core.frozen import Frozen
from tunewright.models.registry import ENGINES

ROOT = Path(__file__).parents[2]
EVERY = [*(field.registry for field in FIELDS), ENGINES]
FILES = [(registry, name) for registry in EVERY for name in registry.names()]
IDS = [f"{registry.package.split('.', 1)[1]}.{name}" for registry, name in FILES]


@pytest.mark.parametrize(("registry", "name"), FILES, ids=IDS)
def test_a_plugin_file_says_what_it_is_in_one_sentence(registry, name) -> None:
    line = registry.about(name)
    assert 20 <= len(line) <= 115, line
    assert line.endswith("."), line


@pytest.mark.parametrize(("registry", "name"), FILES, ids=IDS)
def test_a_plugin_file_has_options_with_words_and_the_verb(registry, name) -> None:
    module = inspect.getmodule(registry.options(name))  # what it needs to run may be absent
    assert issubclass(module.Options, Frozen)
    assert module.Options(), "every option has a default"
    wordless = [key for key, field in module.Options.model_fields.items() if not field.description]
    assert not wordless, f"options without a description: {wordless}"
    verb = getattr(module, registry.verb)
    assert inspect.signature(verb).return_annotation is not inspect.Signature.empty


@pytest.mark.parametrize(("registry", "name"), FILES, ids=IDS)
def test_a_plugin_file_has_a_test_of_the_same_name(registry, name) -> None:
    assert list((ROOT / "tests").rglob(f"test_{name}.py")), f"no tests/**/test_{name}.py"


@pytest.mark.parametrize(("registry", "name"), FILES, ids=IDS)
def test_a_plugin_file_imports_nothing_heavy_at_the_top(registry, name) -> None:
    module = inspect.getmodule(registry.options(name))  # what it needs to run may be absent
    tree = ast.parse(inspect.getsource(module))
    heavy = {
        "torch",
        "transformers",
        "peft",
        "sklearn",
        "cleanlab",
        "altair",
        "numba",
        "mlflow",
        "wandb",
        "tensorboard",
    }
    for node in tree.body:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not {n.split(".")[0] for n in names} & heavy
