"""Licenses are said and true: of what pip installs, of the data in the wheel, and of the weights that we trained."""

import lzma
import re
from pathlib import Path

import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder
from tools import third_party
from tools.license_names import ALLOWED, refused

from starter import base_card, card
from tunewright.models.files import STARTERS
from tunewright.models.license import license_of

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "tunewright"
#: Code, or written by the code itself: under the license of the whole.
CODE = re.compile(r"\.(py|j2)$|^py\.typed$|^(codes|schemas)/")
#: How a list says in its own head whose it is.
NOTICE = re.compile(r"our own|apache license|made by|public-domain", re.IGNORECASE)


@pytest.fixture(scope="module")
def wheel() -> set[str]:
    """Every file that the wheel would hold, below ``tunewright/``."""
    files = WheelBuilder(str(ROOT)).recurse_included_files()
    return {file.distribution_path.removeprefix("tunewright/") for file in files}


@pytest.fixture(scope="module")
def shipped(wheel) -> dict[str, list[dict[str, object]]]:
    """The entries of ``shipped_data.toml`` that each file of data in the wheel is under."""
    data = third_party.shipped_data()
    return {
        name: [entry for entry in data if any(Path(name).match(pattern) for pattern in entry["files"])]
        for name in wheel
        if not CODE.search(name)
    }


def test_the_list_of_packages_is_what_the_dependencies_pull_in() -> None:
    assert third_party.TARGET.read_text(encoding="utf-8") == third_party.text(), "run `python -m tools.third_party`"


def test_every_package_is_pinned_and_under_a_license_that_we_allow() -> None:
    listed, pinned = third_party.committed(), third_party.pinned()
    assert len(listed) > 150
    for key, package in listed.items():
        assert package.version == pinned.get(key), package.name
        assert refused(package.license) == [], package.name
        assert package.home.startswith("http"), package.name


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("MIT", []),
        ("MIT OR GPL-3.0-only", []),
        ("MIT AND GPL-3.0-only", ["GPL-3.0-only"]),
        ("(Apache-2.0 WITH LLVM-exception) AND BSD-3-Clause", []),
        ("AGPL-3.0-or-later", ["AGPL-3.0-or-later"]),
        ("SSPL-1.0 OR BUSL-1.1", ["BUSL-1.1", "SSPL-1.0"]),
        ("unknown", ["unknown"]),
        ("", ["unknown"]),
    ],
)
def test_a_license_is_refused_by_its_parts(expression: str, parts: list[str]) -> None:
    assert refused(expression) == parts


def test_no_strong_copyleft_is_on_the_list_of_what_is_allowed() -> None:
    assert not [name for name in ALLOWED if name.startswith(("GPL", "AGPL", "SSPL", "BUSL", "CC-BY-NC"))]


def test_every_file_of_data_in_the_wheel_is_under_one_license(shipped) -> None:
    assert len(shipped) > 20
    for name, entries in shipped.items():
        assert len(entries) == 1, f"{name} is in {len(entries)} entries of tools/shipped_data.toml"
        assert entries[0]["license"] in {"Apache-2.0", "CC-BY-SA-4.0"}, name
    for entry in third_party.shipped_data():
        for pattern in entry["files"]:
            assert any(Path(name).match(pattern) for name in shipped), f"{pattern} matches nothing"


def test_every_list_says_in_its_head_whose_it_is(shipped) -> None:
    lists = [name for name, entries in shipped.items() if entries[0]["kind"] == "list" and ".jsonl" not in name]
    assert {"pii/gazetteer.yaml", "pii/listed_names.txt.xz", "text/english.txt"} <= set(lists)
    for name in lists:
        raw = (SOURCE / name).read_bytes()
        lines = (lzma.decompress(raw) if name.endswith(".xz") else raw).decode().splitlines()
        head = " ".join(line for line in lines[:6] if line.startswith("#"))
        assert NOTICE.search(head), f"{name} does not say whose list it is"


@pytest.mark.parametrize("name", sorted(STARTERS))
def test_the_wheel_ships_a_license_and_a_card_beside_each_starters_weights(wheel, name: str) -> None:
    folder = f"models/starters/{name}"
    assert {f"{folder}/LICENSE", f"{folder}/README.md", f"{folder}/config.json"} <= wheel
    assert any(re.fullmatch(rf"{folder}/model-\d+-of-\d+\.safetensors", file) for file in wheel)
    text = (SOURCE / folder / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("Attribution-ShareAlike 4.0 International")
    assert "Section 8 -- Interpretation." in text
    card_text = (SOURCE / folder / "README.md").read_text(encoding="utf-8")
    for heading in ("License", "Text it was trained on", "What was changed", "What it is for", "Limits"):
        assert f"\n## {heading}\n" in card_text
    head = yaml.safe_load(card_text.split("---")[1])
    assert head["license"] == "cc-by-sa-4.0"
    for source in base_card.sources():
        assert source["license"] in card_text
        if "link" in source:
            assert any(source["link"] in line and source["license"] in line for line in head["attribution"])
    stated = license_of(name)
    assert (stated.name, list(stated.attribution)) == ("CC-BY-SA-4.0", head["attribution"])


@pytest.mark.parametrize("name", sorted(STARTERS))
def test_the_card_beside_a_starters_weights_is_what_its_results_say(name: str) -> None:
    size = name.removeprefix("starter-")
    text = (SOURCE / "models" / "starters" / name / "README.md").read_text(encoding="utf-8")
    assert text == base_card.base_card(size, card.adopted()[size]), "run `python -m starter.card`"
    assert "{{" not in text


def test_weights_that_no_notice_names_would_be_noticed(shipped) -> None:
    weights = {name for name, entries in shipped.items() if entries[0]["kind"] == "weights"}
    assert {name for name in shipped if name.endswith((".safetensors", ".npz"))} <= weights
