"""A base model's license is what its card says; a card that says nothing, or is broken, is no license."""

import pytest

from tunewright.models.license import BaseLicense, license_of


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("license: apache-2.0", "Apache-2.0"),
        ("license: cc-by-sa-4.0", "CC-BY-SA-4.0"),
        ("license: llama3.1", "llama3.1"),
        ("license: [mit, apache-2.0]", "MIT or Apache-2.0"),
        ("license: other\nlicense_name: Acme Research License", "Acme Research License"),
        ("license: other", ""),
        ("license:", ""),
        ("language: en", ""),
        ("just a sentence", ""),
        ("license: [", ""),
    ],
)
def test_a_cards_head_says_the_license(tmp_path, head: str, name: str) -> None:
    (tmp_path / "README.md").write_text(f"---\n{head}\n---\n\n# A model\n\n---\nlicense: gpl\n---\n")
    assert license_of(str(tmp_path)).name == name


def test_a_card_in_windows_lines_is_read_and_one_in_latin_letters_breaks_nothing(tmp_path) -> None:
    (tmp_path / "README.md").write_bytes("---\r\nlicense: mit\r\nauthor: Jos\xe9\r\n---\r\n".encode("latin-1"))
    assert license_of(str(tmp_path)).name == "MIT"


def test_a_folder_without_a_card_one_that_is_gone_and_an_unknown_repository_state_nothing(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    for base in (str(tmp_path), str(tmp_path / "gone"), "nobody/no-such-model", "two  spaces/../x"):
        assert license_of(base) == BaseLicense(), base


def test_a_sentence_before_the_head_or_a_head_that_never_ends_is_no_head(tmp_path) -> None:
    for text in ("Hello\n---\nlicense: mit\n---\n", "---\nlicense: mit\n", "", "---\n---\n"):
        (tmp_path / "README.md").write_text(text)
        assert license_of(str(tmp_path)) == BaseLicense(), text


def test_only_share_alike_licenses_pass_themselves_on() -> None:
    alike = {name: BaseLicense(name=name).share_alike for name in ("CC-BY-SA-4.0", "CC-BY-4.0", "Apache-2.0", "")}
    assert alike == {"CC-BY-SA-4.0": True, "CC-BY-4.0": False, "Apache-2.0": False, "": False}


def test_the_bundled_encoder_is_apache_as_its_card_says() -> None:
    assert license_of("").name == license_of("all-MiniLM-L6-v2").name == "Apache-2.0"
