"""The pages below docs/ are those that the code gives, their links lead somewhere, and their examples are proven."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.plugins import test_sample_plugins
from tools.docs import plugins, source, stages
from tools.docs.markdown import anchors, default_words, field_type
from tools.docs.picture import picture
from tools.docs.write import DOCS, left_over, pages

from tunewright import order
from tunewright.config.model import Config
from tunewright.core.error_catalog import catalog
from tunewright.project import Project

LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")


@pytest.fixture(scope="module")
def current() -> dict[str, str]:
    """Every page as the code gives it now."""
    return dict(pages())


def test_no_page_is_stale(current) -> None:
    stale = [name for name, text in current.items() if (DOCS / name).read_text(encoding="utf-8") != text]
    assert not stale, f"`make docs` rewrites them: {stale}"
    assert not left_over(current), "pages of stages that there are no longer; `make docs` removes them"


def test_the_same_code_gives_the_same_pages(current) -> None:
    source.imports.cache_clear()
    assert dict(pages()) == current


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: str(page.relative_to(DOCS)))
def test_every_link_and_its_anchor_leads_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("http", "mailto:")):
            continue
        path = page.parent / target if target else page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path.read_text(encoding="utf-8")), f"{target}#{anchor}"


def test_every_stage_has_a_page_that_the_index_links() -> None:
    folders = {path.name for path in (source.PACKAGE / "stages").iterdir() if (path / "__init__.py").exists()}
    assert set(stages.NAMES) == folders, "a folder below stages/ without a page, or a page without a folder"
    index = (DOCS / "stages" / "README.md").read_text(encoding="utf-8")
    for name in folders:
        assert f"]({name}.md)" in index


def test_a_stage_page_has_every_setting_plugin_option_gate_and_code(current) -> None:
    for stage in order.stages():
        page = current[f"stages/{stage.name}.md"]
        for section, kind in stage.sections.items():
            for key, field in kind.model_fields.items():
                assert f"| `{section}.{key}` |" in page
                assert (field.description or "").replace("|", "\\|") in page
        for field in stage.plugins:
            for name in stages.own_plugins(field.registry):
                assert f"### {name}\n\n{source.sentence(field.registry.about(name))}" in page
                assert all(f"| `{option}` |" in page for option in field.registry.options(name).model_fields)
        for gate in stage.gates:
            assert f"### {gate.name}\n" in page
            assert f"`{gate.bar}`" in page
            assert gate.advice in page
        raised = quoted_codes(source.PACKAGE / "stages" / stage.name)
        assert all(f"| `{code}` | {catalog()[code]['title']} |" in page for code in raised)


def quoted_codes(folder: Path) -> set[str]:
    """Error codes in quotes below a folder, by their text alone."""
    return {code for path in folder.rglob("*.py") for code in re.findall(r'"(E-[A-Z]+-\d{3})"', path.read_text())}


def test_settings_are_shown_as_one_writes_them() -> None:
    fields = Config.model_fields
    assert (field_type(fields["seed"]), default_words(fields["seed"])) == ("whole number ≥ 0, < 2,147,483,648", "`0`")
    train = Config().train.__class__.model_fields
    assert (field_type(train["method"]), default_words(train["own_process"])) == ("text or table", "`true`")
    assert default_words(train["notify"].annotation.__args__[0].model_fields["url_env"]) == "required"


def test_the_picture_has_every_package_and_stage_and_no_arrow_goes_up() -> None:
    drawn = picture(stages.NAMES)
    words = {element.text for element in ElementTree.fromstring(drawn).iter() if element.tag.endswith("text")}
    rank = {name: row for row, layer in enumerate(source.layers()) for name in layer}
    assert {*rank, *stages.NAMES} <= words
    packages = {
        path.stem for path in source.PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert packages - {"__init__", "codes", "schemas"} == set(rank)
    arrows = source.needed_arrows()
    assert drawn.count('class="arrow"') == len(arrows)
    assert all(rank[above] < rank[below] for above, below in arrows)
    assert ("pii", "core") not in arrows, "that pii imports text, and text core, stands for it"
    assert ("cli", "project") in arrows


def test_the_table_of_imports_is_what_the_files_say() -> None:
    """Read from the text of the files, apart from the import graph that the page is made from."""
    for name, others in source.imports().items():
        path = source.path_of(name)
        files = path.parent.rglob("*.py") if path.name == "__init__.py" else [path]
        text = "\n".join(file.read_text(encoding="utf-8") for file in files)
        written = set(re.findall(r"^\s*from tunewright\.(\w+)", text, re.MULTILINE)) - {name}
        assert written == set(others), name


def test_the_plugin_page_is_the_package_that_is_installed_and_used() -> None:
    """The sample package has a test of its own, which installs it; here: the page shows those very files, and all."""
    assert plugins.SAMPLE == test_sample_plugins.PACKAGE
    blocks = re.findall(
        r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```", (DOCS / "plugins.md").read_text(), re.DOTALL | re.MULTILINE
    )
    files = {
        str(path.relative_to(plugins.SAMPLE)): path.read_text(encoding="utf-8")
        for path in plugins.SAMPLE.rglob("*")
        if path.suffix in (".py", ".toml")
    }
    assert dict(blocks) == files


def test_the_api_page_lists_every_public_method_of_a_project(current) -> None:
    methods = [name for name, value in vars(Project).items() if not name.startswith("_") and callable(value)]
    assert "sweep" in methods
    for name in [*methods, "open"]:
        assert f"| `{name}(" in current["api.md"], name
