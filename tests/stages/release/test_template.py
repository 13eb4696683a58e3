"""A release that would be asked in another template than it was trained in is refused."""

import json

import pytest
from tests.stages.train.tiny import CHATML, byte_tokenizer

import tunewright
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.release import Release
from tunewright.models.template_fingerprint import template_of
from tunewright.stages.release import load as loading

WRITES = Release(
    name="desk", task="reply", kind="decoder", labels=(), candidate="", scorecard="", data={}, verdicts=(), weights={},
    parity_rows=0, created="",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A release that writes, so far as its template goes; that its files are unchanged is tested elsewhere."""
    tokenizer = byte_tokenizer(CHATML, eos_token="<|end|>", pad_token="<|end|>")
    tokenizer.save_pretrained(tmp_path / "model")
    template_of(tokenizer).keep(tmp_path / "model")
    monkeypatch.setattr(loading, "read", lambda _: WRITES.model_copy().at(tmp_path))
    return tmp_path


def test_a_tokenizer_that_renders_the_probes_alike_is_let_through(folder, monkeypatch) -> None:
    from tunewright.models.causal_lm import CausalLM

    loaded = []
    monkeypatch.setattr(CausalLM, "load", lambda folder, **_: loaded.append(folder))
    assert tunewright.load(folder).columns == ("predicted_answer",)
    assert loaded == [folder / "model"]


def test_an_engine_in_its_place_is_not_asked_in_its_template(folder) -> None:
    (folder / "model" / "chat_template.jinja").write_text("{{ nothing }}")
    assert tunewright.load(folder, engine="echo").predict(["hello"]) == ["hello"]


def test_another_template_is_refused_with_what_differs(folder) -> None:
    template = folder / "model" / "chat_template.jinja"
    template.write_text(template.read_text().replace("assistant", "bot"))
    with pytest.raises(UserError) as told:
        tunewright.load(folder)
    assert (told.value.code, told.value.exit_code) == ("E-REL-007", ExitCode.DENIED)
    assert "The template's text is another one" in told.value.what
    assert "The probe 'question' is" in told.value.what


def test_a_library_that_renders_the_same_template_otherwise_is_refused(folder) -> None:
    kept = folder / "model" / "template.json"
    found = json.loads(kept.read_text())
    found["probes"][2]["ids"][3] += 1
    kept.write_text(json.dumps(found))
    with pytest.raises(UserError) as told:
        loading.require_template(folder)
    assert told.value.code == "E-REL-007"
    assert "The probe 'dialogue'" in told.value.what
    assert "text is another one" not in told.value.what


def test_a_classifier_has_no_template_to_check(tmp_path) -> None:
    (tmp_path / "model").mkdir()
    loading.require_template(tmp_path)
