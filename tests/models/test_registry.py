"""Engines are found by name; a stored kind and a base model are read by the engine that they belong to."""

import subprocess
import sys
from pathlib import Path

import pytest

from tunewright.core.candidate import Candidate
from tunewright.core.engine_ref import EngineRef, engine_of
from tunewright.core.errors import UserError
from tunewright.core.release import Release
from tunewright.models.files import DEFAULT_ENCODER
from tunewright.models.registry import ENGINES, find_base, in_place_of
from tunewright.models.unwrap import without_adapters


def test_ours_are_listed_and_their_sentences_read_without_importing_them() -> None:
    assert {"causal_lm", "classifier", "echo"} <= set(ENGINES.names())
    assert ENGINES.about("echo") == "Says what it is told: a stand-in without a model, for demos and tests."


def test_the_kinds_of_old_files_are_engines_and_any_other_kind_is_one_by_name() -> None:
    assert [engine_of(kind) for kind in ("encoder", "decoder", "vllm")] == ["classifier", "causal_lm", "vllm"]


def test_a_release_is_answered_by_the_engine_of_its_kind_from_its_own_model_folder(tmp_path: Path) -> None:
    release = Release(
        name="desk", task="classify", kind="encoder", labels=("a", "b"), candidate="", scorecard="", data={},
        verdicts=(), weights={"head.safetensors": "sha256:aa"}, parity_rows=0, created="",
    ).at(tmp_path)  # fmt: skip
    assert release.engine.engine == "classifier"
    assert release.engine.folder == tmp_path / Candidate.MODEL_FOLDER
    assert release.engine.files == {"head.safetensors": "sha256:aa"}


def test_the_bundled_encoder_is_the_base_of_classifiers_only(tiny_llama: Path) -> None:
    assert find_base(DEFAULT_ENCODER, "encoder").name == DEFAULT_ENCODER
    assert find_base(str(tiny_llama), "decoder") == find_base(str(tiny_llama), "causal_lm")
    assert find_base(str(tiny_llama), "encoder").folder == tiny_llama
    with pytest.raises(UserError) as refusal:
        find_base(str(tiny_llama / "absent" / "model"), "decoder")
    assert refusal.value.code == "E-TRAIN-003"


def test_a_base_is_found_where_what_trains_it_is_not_installed(tiny_llama: Path) -> None:
    code = f"""
import sys
sys.modules["torch"] = None
from tunewright.models.registry import find_base
print(find_base({str(tiny_llama)!r}, "decoder").parameters > 0)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "True", run.stderr


def test_an_engine_in_place_of_another_has_its_files_and_is_told_the_labels_where_it_has_such_an_option() -> None:
    own = EngineRef(engine="classifier", files={"x": "sha256:aa"}, folder=Path("here"))
    echo = in_place_of("echo", own, ("card", "login"))
    assert (echo.options, echo.files, echo.folder) == ({"labels": ("card", "login")}, own.files, own.folder)
    assert in_place_of("causal_lm", own, ("card", "login")).options == {}
    assert in_place_of("echo", None, ()) == EngineRef(engine="echo")


def test_adapters_are_taken_off_and_a_bare_model_is_itself() -> None:
    class Adapted:
        def get_base_model(self) -> str:
            return "bare"

    assert without_adapters(Adapted()) == "bare"
    assert without_adapters("bare") == "bare"
