"""Options that were renamed: the old words still work, and a plan is stored as it was before."""

import pytest
from pydantic import ValidationError

from tunewright.core.candidate import Plan
from tunewright.core.frozen import Frozen
from tunewright.stages.train.methods import full, lora, qat, qlora
from tunewright.stages.train.runs.resolved_settings import origin_in, resolve
from tunewright.stages.train.settings import TrainSettings


@pytest.mark.parametrize("options", [lora.Options, qlora.Options, full.Options])
def test_an_option_may_be_given_under_either_word_and_is_the_same_option(options: type[Frozen]) -> None:
    before = options.model_validate({"divide": "off", "memory": "recompute"})
    now = options.model_validate({"fsdp": "off", "activation_checkpointing": "full"})
    assert before == now
    assert before.digest == now.digest
    assert (now.fsdp, now.activation_checkpointing) == ("off", "full")


@pytest.mark.parametrize("options", [lora.Options, qlora.Options, full.Options, qat.Options])
def test_what_is_stored_has_the_words_of_before_and_reads_back(options: type[Frozen]) -> None:
    stored = options.model_validate({"activation_checkpointing": "none"}).model_dump(mode="json")
    assert stored["memory"] == "keep"
    assert stored.get("divide", "auto") == "auto"
    assert not {"activation_checkpointing", "fsdp"} & set(stored)
    assert options.model_validate(stored).model_dump(mode="json") == stored


def test_the_options_of_a_plan_with_defaults_are_those_that_the_last_commit_before_stored() -> None:
    assert lora.Options().model_dump(mode="json") == {
        "divide": "auto", "epochs": 3, "batch": 8, "accumulation": 1, "learning_rate": 2e-4, "warmup": 0.05,
        "schedule": "cosine", "max_tokens": 1024, "too_long": "drop", "max_lost": 0.05, "packing": "auto",
        "memory": "auto", "patience": 1, "rank": 8, "alpha_ratio": 2.0, "dora": False, "rslora": False,
        "lora_plus_ratio": 1.0, "neftune_alpha": 0.0, "precision": "auto",
    }  # fmt: skip


def test_a_wrong_value_and_both_words_are_refused() -> None:
    with pytest.raises(ValidationError, match="'auto', 'none', 'fp8', 'selective', 'full' or 'offload'"):
        lora.Options.model_validate({"memory": "everything"})
    with pytest.raises(ValidationError, match="memory is the old word for activation_checkpointing; leave out memory"):
        lora.Options.model_validate({"memory": "keep", "activation_checkpointing": "none"})


@pytest.mark.parametrize("word", ["fsdp", "divide"])
def test_the_receipt_names_the_new_word_and_where_either_was_typed(word: str) -> None:
    settings = TrainSettings(method={"lora": {word: "off"}})
    plan = Plan(
        task="reply", method="lora", options=lora.Options(**{word: "off"}).model_dump(mode="json"), base="b",
        base_digest="", labels=(), dataset="", seed=0,
    )  # fmt: skip
    origin = origin_in({f"train.method.lora.{word}": "tunewright.yaml line 9"})
    lines = {line.key: line for line in resolve(plan, settings, "decoder", origin)}
    assert "train.method.lora.divide" not in lines
    assert lines["train.method.lora.fsdp"].value == "off"
    assert lines["train.method.lora.fsdp"].origin == "tunewright.yaml line 9"
    assert lines["train.method.lora.activation_checkpointing"].origin == "default"
