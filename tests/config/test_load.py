"""A configuration is read whole, and every fault of it is shown at once, with its line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.config.load import load
from tunewright.config.schema import schema
from tunewright.config.write import commented_yaml
from tunewright.core.errors import UserError, UserErrors


def project(folder: Path, text: str) -> Path:
    (folder / "tunewright.yaml").write_text(text, encoding="utf-8")
    return folder


def faults(folder: Path, text: str, **given: object) -> list[UserError]:
    with pytest.raises(UserErrors) as caught:
        load(project(folder, text), environment={}, **given)  # type: ignore[arg-type]
    return list(caught.value.faults)


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    config = load(project(tmp_path, ""), environment={}).config
    assert config.split.test == 0.1
    assert config.gates == {"audit.quality_score": ">= 85", "evaluate.gain": ">= -0.02", "evaluate.ship": ">= 1"}


def test_all_faults_are_shown_at_once_with_lines_and_suggestions(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        "nmae: x\nsplit:\n  tset: 0.1\n  validation: 7\naudit:\n  checks:\n    mising: {}\n    missing: {plaecholders: [x]}\n"
        "gates:\n  audit.quality_score: about 85\n",
    )
    assert {fault.what.split(":")[0] for fault in found} == {f"tunewright.yaml line {n}" for n in (1, 3, 4, 7, 8, 10)}
    fixes = " ".join(fault.fix for fault in found)
    assert all(f"Did you mean {word!r}?" in fixes for word in ("name", "test", "missing", "placeholders"))


@pytest.mark.parametrize("word", ["on", "off"])
def test_words_that_older_yaml_takes_for_truth_values_stay_words(tmp_path: Path, word: str) -> None:
    text = f"data: {{columns: {{answer: no, label: yes}}}}\ntrain:\n  method: {{lora: {{packing: {word}}}}}\n"
    config = load(project(tmp_path, text), environment={}, sets=[f"train.method.lora.divide={word}"]).config
    assert config.data.columns == {"answer": "no", "label": "yes"}
    assert config.train.method_options == {"packing": word, "divide": word}


@pytest.mark.parametrize(
    ("word", "value"), [("on", True), ("yes", True), ("true", True), ("off", False), ("no", False)]
)
def test_settings_that_are_true_or_false_take_every_word_for_it(tmp_path: Path, word: str, value: bool) -> None:
    text = f"audit: {{checks: {{reviewed: {word}}}}}\ntrain: {{own_process: {word}}}\n"
    config = load(project(tmp_path, text), environment={}).config
    assert config.audit.checks["reviewed"] is value
    assert config.train.own_process is value


def test_a_key_written_twice_is_a_fault_and_not_a_silent_choice(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "seed: 1\nname: a\nseed: 2\n")
    assert fault.code == "E-CFG-006"
    assert "line 3" in fault.what
    assert "line 1" in fault.what


def test_the_command_line_wins_over_the_environment_over_the_file(tmp_path: Path) -> None:
    loaded = load(
        project(tmp_path, "seed: 1\nsplit: {test: 0.2, validation: 0.2}\n"),
        environment={"TUNEWRIGHT_SEED": "9", "TUNEWRIGHT_SPLIT__TEST": "0.3", "TUNEWRIGHT_SPLIT__VALIDATION": "0.3"},
        sets=["split.validation=0.25"],
    )
    assert (loaded.config.split.test, loaded.config.split.validation, loaded.config.seed) == (0.3, 0.25, 1)
    assert loaded.origin(("split", "test")) == "environment TUNEWRIGHT_SPLIT__TEST"
    assert loaded.origin(("split", "validation")) == "--set split.validation"
    assert loaded.origin(("seed",)) == "tunewright.yaml line 1"
    # The section has a line, but what it leaves out is a default.
    assert loaded.origin(("split", "by")) == "default"
    assert loaded.origin(("train", "seed")) == "default"


def test_a_fault_from_the_environment_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(UserErrors) as caught:
        load(project(tmp_path, ""), environment={"TUNEWRIGHT_SPLIT__TSET": "1"})
    assert "environment TUNEWRIGHT_SPLIT__TSET" in str(caught.value)


def test_a_gate_can_be_set_by_its_dotted_name(tmp_path: Path) -> None:
    loaded = load(project(tmp_path, ""), environment={}, sets=["gates.audit.quality_score=>= 70"])
    assert loaded.config.gates["audit.quality_score"] == ">= 70"


@pytest.mark.parametrize(
    ("text", "code"),
    [("a: [", "E-CFG-004"), ("- a\n- b\n", "E-CFG-004"), ("\ta: 1", "E-CFG-004")],
)
def test_what_is_no_mapping_says_where(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        load(project(tmp_path, text), environment={})
    assert caught.value.code == code


def test_a_folder_without_a_project_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, environment={})
    assert caught.value.code == "E-CFG-003"
    assert "tunewright init" in caught.value.fix
    assert caught.value.exit_code == 5


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20),
    st.integers(0, 2**31 - 1),
    st.dictionaries(
        st.sampled_from(["prompt", "label"]), st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)
    ),
)
def test_what_init_writes_reads_back_the_same(name: str, seed: int, columns: dict[str, str]) -> None:
    import yaml

    settings = {"version": 1, "name": name, "seed": seed, "data": {"file": name, "columns": columns}}
    text = commented_yaml(settings)
    assert yaml.safe_load(text) == settings
    assert text.count("# ") >= 4


def test_the_schema_knows_every_plugin_and_its_options() -> None:
    document = schema()
    checks = document["$defs"]["AuditSettings"]["properties"]["checks"]["anyOf"][0]["properties"]
    assert "exact_duplicates" in checks
    assert "missing" in checks
