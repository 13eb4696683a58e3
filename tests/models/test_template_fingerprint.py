"""A tokenizer that renders chats otherwise than when they were trained on is found out, and how is said."""

import json

import pytest
from tests.stages.train.tiny import CHATML, byte_tokenizer

from tunewright.models.template_fingerprint import (
    PROBES,
    Template,
    loaded_differences,
    template_differences,
    template_of,
)

STRICT = "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}" + CHATML
DATED = "{{ strftime_now('%d %b %Y') }}" + CHATML


def tokenizer(template: str = CHATML):
    made = byte_tokenizer(template, eos_token="<|end|>", pad_token="<|end|>")
    made.add_special_tokens({"additional_special_tokens": ["<|start|>"]})
    return made


def test_a_fingerprint_is_the_template_its_digest_and_five_rendered_chats() -> None:
    from hashlib import sha256

    made = template_of(tokenizer())
    assert made.text == CHATML
    assert made.sha256 == "sha256:" + sha256(CHATML.encode()).hexdigest()
    assert [probe.name for probe in made.probes] == list(PROBES)
    assert len(made.probes) == 5
    shown = tokenizer().decode(list(made.probes[0].ids))
    assert shown == "<|start|>user\nWhere is my card?<|end|>\n<|start|>assistant\n"


def test_the_same_tokenizer_saved_and_loaded_is_alike(tmp_path) -> None:
    tokenizer().save_pretrained(tmp_path)
    template_of(tokenizer()).keep(tmp_path)
    assert loaded_differences(tmp_path) == ()
    assert Template.kept(tmp_path) == template_of(tokenizer())


def test_one_character_of_the_template_is_a_difference_in_text_and_in_every_probe() -> None:
    said = template_differences(template_of(tokenizer()), tokenizer(CHATML.replace("<|end|>\n", "<|end|>")))
    assert "text is another one" in said[0]
    assert len(said) == 6
    # <|start|>user\nWhere is my card?<|end|> are 24 tokens; the line break that followed is gone.
    assert "'question' is 35 tokens, was 36; the first other one is token 25" in said[1]


def test_a_vocabulary_that_renumbers_tokens_is_found_though_the_template_is_the_same() -> None:
    other = byte_tokenizer(CHATML, eos_token="<|stop|>", pad_token="<|stop|>")
    other.add_special_tokens({"additional_special_tokens": ["<|start|>", "<|end|>"]})
    said = template_differences(template_of(tokenizer()), other)
    assert len(said) == 5
    assert all(line.startswith("The probe") for line in said)


def test_a_template_that_refuses_a_role_is_known_by_that() -> None:
    strict = template_of(tokenizer(STRICT))
    refused = [probe for probe in strict.probes if probe.ids is None]
    assert [probe.name for probe in refused] == ["system"]
    assert "no system role" in refused[0].refused
    assert template_differences(strict, tokenizer(STRICT)) == ()
    assert any("was refused, and is rendered now" in line for line in template_differences(strict, tokenizer()))


def test_a_template_that_writes_the_date_has_the_same_fingerprint_every_day() -> None:
    made = template_of(tokenizer(DATED))
    assert tokenizer(DATED).decode(list(made.probes[0].ids)).startswith("01 Jan 2026<|start|>")


@pytest.mark.parametrize("missing", ["file", "template"])
def test_what_is_missing_is_told_apart(tmp_path, missing: str) -> None:
    made = tokenizer()
    kept = template_of(made)
    made.save_pretrained(tmp_path)
    if missing == "file":
        assert loaded_differences(tmp_path) == ()
        return
    made.chat_template = None
    assert template_differences(kept, made) == ("The tokenizer has no chat template.",)


def test_the_kept_file_is_plain_json(tmp_path) -> None:
    template_of(tokenizer()).keep(tmp_path)
    kept = json.loads((tmp_path / "template.json").read_text())
    assert set(kept) == {"text", "sha256", "probes"}
