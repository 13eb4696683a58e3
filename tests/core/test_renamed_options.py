"""Options that have another word than before are understood under both, and stored under the old one."""

import json

import pytest

from tunewright.core.renamed_options import (
    RENAMED,
    RENAMED_VALUES,
    current_words,
    old_words,
    plan_options,
    stored_words,
)


@pytest.mark.parametrize(
    ("typed", "current"),
    [
        ({"divide": "on"}, {"fsdp": "on"}),
        ({"memory": "keep"}, {"activation_checkpointing": "none"}),
        ({"memory": "keep-fp8"}, {"activation_checkpointing": "fp8"}),
        ({"memory": "recompute"}, {"activation_checkpointing": "full"}),
        ({"memory": "offload"}, {"activation_checkpointing": "offload"}),
        ({"memory": "full"}, {"activation_checkpointing": "full"}),
        ({"activation_checkpointing": "recompute"}, {"activation_checkpointing": "recompute"}),
        ({"rank": 4, "fsdp": True}, {"rank": 4, "fsdp": True}),
    ],
)
def test_an_old_word_is_the_new_one_and_a_new_word_stays(typed: dict, current: dict) -> None:
    assert current_words(typed) == current


def test_every_word_that_is_stored_reads_back() -> None:
    for name in RENAMED.values():
        values = {"auto", "selective", *RENAMED_VALUES.get(name, {}).values()}
        for value in values:
            stored = stored_words({name: value, "rank": 8})
            assert name not in stored
            assert current_words(stored) == {name: value, "rank": 8}
    assert json.dumps(stored_words({"activation_checkpointing": "full"})) == '{"memory": "recompute"}'


def test_another_method_may_call_an_option_of_its_own_by_an_old_word() -> None:
    assert plan_options("lora", {"memory": "keep"}) == {"activation_checkpointing": "none"}
    assert plan_options("theirs", {"memory": "keep"}) == {"memory": "keep"}


def test_both_words_at_once_are_refused_because_one_would_be_read_by_nothing() -> None:
    with pytest.raises(ValueError, match="divide is the old word for fsdp; leave out divide"):
        current_words({"divide": "on", "fsdp": "off"})


def test_who_typed_an_old_word_can_be_told_the_new_one() -> None:
    assert old_words({"divide": "on", "memory": "recompute", "rank": 4}) == {
        "divide: on": "fsdp: on",
        "memory: recompute": "activation_checkpointing: full",
    }
    assert old_words({"fsdp": "on"}) == {}


def test_the_configuration_tells_the_new_word_for_an_old_one(tmp_path) -> None:
    from tunewright.config.load import load

    (tmp_path / "tunewright.yaml").write_text("train: {method: {lora: {divide: on, memory: keep}}}\n", encoding="utf-8")
    assert load(tmp_path, environment={}).notices == (
        "tunewright.yaml: train.method.lora: divide: on is written fsdp: on now; the old words still work.",
        "tunewright.yaml: train.method.lora: memory: keep is written activation_checkpointing: none now; the old words"
        " still work.",
    )
