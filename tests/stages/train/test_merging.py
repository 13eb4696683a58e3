"""A merged model counts only when its answers are those of the trained one: arithmetic, base and rounding each tested."""

import json
import math

import pytest
import torch
from tests.stages.train.tiny import Listener, answered_corpus, plan_for, probes_of

from tunewright.core.errors import UserError
from tunewright.models.causal_lm import CausalLM
from tunewright.stages.train.weights import merging
from tunewright.stages.train.weights.merging import Gap, Merge, dtype_of, gap, probe_logits, publish_merged


def trained(base, seed: int = 0, size: float = 0.02, bits: int = 0):
    """A base with adapters that do something, as if trained, and where it began."""
    from functools import partial

    from tunewright.stages.train.causal import begin
    from tunewright.stages.train.machine import Machine
    from tunewright.stages.train.methods.lora import Options
    from tunewright.stages.train.weights.adapters import adapted

    machine = Machine(device="cpu", precision="fp32", threads=1, why="a test")
    corpus = answered_corpus(16)
    plan = plan_for(corpus, base, {}, method="lora")
    load = None
    if bits:
        from tunewright.stages.train.weights.quantized import load_quantized

        load = partial(load_quantized, bits=bits)
    start = begin(corpus, plan, Options(), machine, Listener(), load=load)
    model = adapted(start.base.model, plan, Options())
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, size)
    return model, start, plan


def stored_as(base, folder, dtype: str):
    """The base in another number format on disk."""
    import shutil

    shutil.copytree(base, folder)
    CausalLM.load(base).model.to(getattr(torch, dtype)).save_pretrained(folder)
    return folder


def test_a_right_merge_loads_in_plain_transformers_and_its_adapter_in_plain_peft(tiny_llama, tmp_path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model, start, plan = trained(tiny_llama)
    told = publish_merged(model, start, plan, tmp_path, heard := Listener())
    folder = tmp_path / "model"
    merged = AutoModelForCausalLM.from_pretrained(folder)
    base = AutoModelForCausalLM.from_pretrained(tiny_llama)
    probes = probes_of(tiny_llama)
    alone = probe_logits(base, probes)
    beside = probe_logits(PeftModel.from_pretrained(base, folder / "adapter"), probes)
    assert gap(beside, probe_logits(merged, probes)).difference < 1e-6
    assert gap(beside, alone).difference > 1e-2
    assert Merge.model_validate_json((folder / "merge.json").read_text()) == told
    assert (told.base, told.dtype) == ("original", "float32")
    assert told.kl < 1e-9 < told.kl_tuned
    assert told.kl_limit == pytest.approx(max(merging.KL_SHARE * told.kl_tuned, merging.KL_FLOOR), rel=1e-2)
    assert heard.said == [told.words]
    adapter = json.loads((folder / "adapter" / "adapter_config.json").read_text())
    assert adapter["base_model_name_or_path"] == str(tiny_llama)


def test_the_name_of_the_base_is_looked_up_nowhere(tiny_llama, tmp_path, monkeypatch, recwarn) -> None:
    import socket

    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **_: asked.append(given[0]))
    model, start, plan = trained(tiny_llama)
    publish_merged(model, start, plan.model_copy(update={"base": "somebody/base"}), tmp_path, Listener())
    assert asked == []
    assert not [warning for warning in recwarn if "fetch" in str(warning.message)]
    assert '"somebody/base"' in (tmp_path / "model" / "adapter" / "adapter_config.json").read_text()


def test_merged_weights_keep_the_number_format_of_the_base(tiny_llama, tmp_path) -> None:
    base = stored_as(tiny_llama, tmp_path / "base", "bfloat16")
    told = publish_merged(*trained(base), tmp_path, Listener())
    assert told.dtype == "bfloat16"
    assert dtype_of(tmp_path / "model") is torch.bfloat16
    # The sum is right to the last digits of fp32; what differs is the rounding of what was saved.
    assert told.exact < 1e-6 < told.difference < 1e-2
    assert 0 < told.kl <= told.kl_limit


def test_rounding_that_costs_too_much_is_not_done_and_that_is_said(tiny_llama, tmp_path, monkeypatch) -> None:
    base = stored_as(tiny_llama, tmp_path / "base", "bfloat16")
    monkeypatch.setattr(merging, "KL_FLOOR", 1e-12)
    told = publish_merged(*trained(base), tmp_path, heard := Listener(), share=1e-9)
    assert told.dtype == "float32"
    assert dtype_of(tmp_path / "model") is torch.float32
    assert told.kl <= told.kl_limit
    assert heard.said[0].startswith("The merged weights are kept in float32: rounded to bfloat16")


def test_a_merge_into_another_base_is_refused(tiny_llama, tmp_path) -> None:
    def other():
        model = CausalLM.load(tiny_llama).model
        with torch.no_grad():
            model.model.layers[0].mlp.up_proj.weight.add_(0.05)
            model.model.layers[1].self_attn.o_proj.weight.mul_(-1)
        return model

    with pytest.raises(UserError) as told:
        publish_merged(*trained(tiny_llama), tmp_path, Listener(), load=other)
    assert told.value.code == "E-TRAIN-009"
    assert "nats a token from the trained one" in told.value.what
    assert not (tmp_path / "model").exists()


@pytest.mark.filterwarnings("ignore:Merge lora module")
@pytest.mark.parametrize("bits", [4, 8])
def test_a_merge_in_few_bits_is_refused_because_it_rounds_the_adapter_away(tiny_llama, tmp_path, bits) -> None:
    pytest.importorskip("bitsandbytes")
    from tunewright.models.quiet_imports import unassisted
    from tunewright.stages.train.weights.quantized import load_quantized

    with unassisted():
        model, start, plan = trained(tiny_llama, bits=bits, size=0.002)
        with pytest.raises(UserError) as told:
            publish_merged(
                model, start, plan, tmp_path, Listener(),
                load=lambda: load_quantized(tiny_llama, device="cpu", bits=bits).model,
            )  # fmt: skip
    assert told.value.code == "E-TRAIN-009"
    assert "differ from the trained adapter's" in told.value.what
    assert not (tmp_path / "model").exists()


def test_what_rounded_inputs_do_to_the_base_is_allowed_and_nothing_more(tiny_llama, tmp_path, monkeypatch) -> None:
    pytest.importorskip("bitsandbytes")
    from functools import partial

    from tunewright.models.quiet_imports import unassisted
    from tunewright.stages.train.weights.quantized import load_dequantized

    monkeypatch.setattr(merging, "KL_FLOOR", 1e-12)
    load = partial(load_dequantized, tiny_llama, device="cpu", bits=8)
    with unassisted():
        given = trained(tiny_llama, bits=8, size=1e-4)
        with pytest.raises(UserError, match="nats a token from the trained one"):
            publish_merged(*given, tmp_path, Listener(), base="dequantized", load=load)
        told = publish_merged(*given, tmp_path, Listener(), base="dequantized", load=load, unrounded=load)
    assert told.kl_limit == pytest.approx(merging.KL_SHARE * told.kl_tuned + told.kl_inputs, rel=1e-2)
    assert merging.KL_SHARE * told.kl_tuned < told.kl <= told.kl_limit


def test_a_model_that_gives_no_numbers_is_far_from_every_other() -> None:
    fine, broken = [torch.zeros(3, 5)], [torch.full((3, 5), float("nan"))]
    assert gap(fine, broken) == gap(broken, fine) == Gap(math.inf, math.inf)
    assert not gap(fine, broken).kl <= 1.0


def test_the_divergence_is_the_one_of_the_textbook() -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    ours, theirs = ([rng.normal(size=(n, 7)) for n in (2, 5)] for _ in range(2))
    total, tokens = 0.0, 0
    for one, other in zip(ours, theirs, strict=True):
        for a, b in zip(one, other, strict=True):
            p, q = np.exp(a) / np.exp(a).sum(), np.exp(b) / np.exp(b).sum()
            total, tokens = total + float((p * np.log(p / q)).sum()), tokens + 1
    found = gap(*([torch.tensor(one) for one in side] for side in (ours, theirs)))
    assert found.kl == pytest.approx(total / tokens, rel=1e-9)
    worst = max(np.abs(a - b).max() for a, b in zip(ours, theirs, strict=True))
    assert found.difference == pytest.approx(worst / max(np.abs(a).max() for a in ours), rel=1e-9)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_the_number_format_of_a_folder_is_read_from_its_headers(tiny_llama, tmp_path, dtype) -> None:
    assert dtype_of(stored_as(tiny_llama, tmp_path / "base", dtype)) is getattr(torch, dtype)
