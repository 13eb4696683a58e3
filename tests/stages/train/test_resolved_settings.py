"""Every key of a run's settings is in its receipt with where it came from, or is refused."""

from types import SimpleNamespace

import pytest

from tunewright.core.candidate import Plan
from tunewright.core.errors import UserError
from tunewright.stages.train.methods import encoder, lora
from tunewright.stages.train.runs.resolved_settings import origin_in, read, require_used, resolve, write
from tunewright.stages.train.settings import TrainSettings

FILE = "tunewright.yaml line 4"


def plan(method: str, options) -> Plan:
    return Plan(
        task="reply", method=method, options=options.model_dump(), base="b", base_digest="", labels=(), dataset="", seed=3
    )  # fmt: skip


def test_a_value_comes_from_its_own_key_or_the_nearest_above_it() -> None:
    origin = origin_in({"train.trackers": FILE, "train.trackers.wandb.online": "--set train.trackers.wandb.online"})
    assert origin(("train", "trackers", "wandb", "online")) == "--set train.trackers.wandb.online"
    assert origin(("train", "trackers", "wandb", "project")) == FILE
    assert origin(("train", "base")) == "default"


def test_the_receipt_holds_every_option_and_every_key_that_the_method_reads() -> None:
    settings = TrainSettings(method={"lora": {"rank": 4}}, base="b", trackers={"wandb": {"online": True}})
    origin = origin_in(
        {"seed": "--set seed", "train.method.lora.rank": FILE, "train.base": FILE, "train.trackers": FILE}
    )
    lines = {line.key: line for line in resolve(plan("lora", lora.Options(rank=4)), settings, "decoder", origin)}
    options = {f"train.method.lora.{name}" for name in lora.Options.model_fields}
    keys = {f"train.{name}" for name in TrainSettings.model_fields} - {"train.encoder", "train.trackers"}
    assert set(lines) == {"seed", *keys, *options, "train.trackers.wandb.online"}
    assert (lines["seed"].value, lines["seed"].origin) == (3, "--set seed")
    assert (lines["train.method.lora.rank"].value, lines["train.method.lora.rank"].origin) == (4, FILE)
    assert lines["train.method.lora.epochs"].origin == "default", "named nowhere, although its method is"
    assert (lines["train.trackers.wandb.online"].value, lines["train.trackers.wandb.online"].origin) == (True, FILE)


def test_an_option_is_a_default_although_the_line_that_names_its_method_is_none() -> None:
    settings, origin = TrainSettings(method="lora"), origin_in({"train.method": FILE})
    lines = {line.key: line.origin for line in resolve(plan("lora", lora.Options()), settings, "decoder", origin)}
    assert (lines["train.method"], lines["train.method.lora.rank"]) == (FILE, "default")


def test_a_receipt_is_read_as_it_was_kept(tmp_path) -> None:
    assert read(tmp_path) == ()
    lines = resolve(plan("encoder", encoder.Options()), TrainSettings(), "encoder", origin_in({}))
    write(tmp_path, lines)
    assert read(tmp_path) == lines


def refused(settings: TrainSettings, method, name: str, *keys: str) -> str:
    with pytest.raises(UserError) as told:
        require_used(settings, method, name, origin_in(dict.fromkeys(keys, FILE)))
    assert told.value.code == "E-TRAIN-020"
    return told.value.what


def test_the_base_of_the_other_kind_of_method_is_refused_where_it_was_given() -> None:
    assert refused(TrainSettings(base="x"), encoder, "encoder", "train.base").startswith(f'{FILE}: "train.base"')
    assert '"train.encoder"' in refused(TrainSettings(encoder="x"), lora, "lora", "train.encoder")
    require_used(TrainSettings(base="x"), lora, "lora", origin_in({"train.base": FILE}))


def test_an_option_that_another_makes_idle_is_refused_only_if_it_was_given() -> None:
    adapters = TrainSettings(method={"encoder": {"rank": 4}})
    assert '"train.method.encoder.rank"' in refused(adapters, encoder, "encoder", "train.method.encoder.rank")
    both = TrainSettings(method={"encoder": {"rank": 4, "tune": "lora"}})
    require_used(both, encoder, "encoder", origin_in({"train.method.encoder.rank": FILE}))
    require_used(TrainSettings(), encoder, "encoder", origin_in({}))


def test_patience_with_spikes_is_refused_where_none_is_seen() -> None:
    idle = TrainSettings(spike_size=0, spike_patience=5)
    assert '"train.spike_patience"' in refused(idle, encoder, "encoder", "train.spike_patience")
    require_used(TrainSettings(spike_size=0), encoder, "encoder", origin_in({"train.spike_size": FILE}))


def test_a_method_that_says_nothing_of_idle_options_is_taken_at_its_word() -> None:
    require_used(TrainSettings(), SimpleNamespace(KIND="encoder"), "mine", origin_in({}))
