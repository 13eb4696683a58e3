"""What a run is told about precision and memory, and what happens when a step does not fit; the rest is test_on_a_gpu.py."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.stages.train.gpu.test_fused_ffn import adapted, loss_and_gradients
from tests.stages.train.tiny import Listener, answered_corpus, plan_for

from tunewright.core.errors import ExitCode, UserError
from tunewright.core.progress import Silent
from tunewright.models.memory_estimate import POLICIES
from tunewright.stages.train import causal
from tunewright.stages.train.api import train
from tunewright.stages.train.gpu import acceleration, fp8, fused_ffn
from tunewright.stages.train.gpu.acceleration import AcceleratedModel
from tunewright.stages.train.gpu.chunked_loss import ChunkedLoss
from tunewright.stages.train.gpu.fused_ffn import FusedFfn, fuse_ffn
from tunewright.stages.train.machine import Machine
from tunewright.stages.train.settings import TrainSettings

CPU = Machine(device="cpu", precision="fp32", threads=2, why="a test")
HERE = TrainSettings(own_process=False)


@pytest.mark.parametrize("precision", ["fp8", "fp8-backward"])
def test_8_bits_are_refused_where_no_unit_multiplies_them(precision: str, tiny_llama, tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine may have such units")
    corpus = answered_corpus(24)
    plan = plan_for(corpus, tiny_llama, {"precision": precision}, method="lora")
    with pytest.raises(UserError) as told:
        train(corpus, plan, tmp_path, settings=HERE)
    assert (told.value.code, told.value.exit_code) == ("E-TRAIN-022", ExitCode.RESOURCES)
    assert precision in told.value.what
    assert told.value.fix == "precision: auto"


def test_on_a_cpu_nothing_of_a_model_changes() -> None:
    loaded = adapted()
    before = loss_and_gradients(loaded)
    quick = acceleration.accelerate(loaded, "auto", CPU)
    assert (quick.precision, quick.loss, quick.flat, quick.decisions) == ("fp32", None, False, {})
    acceleration.fit_to_memory(
        quick, "auto", CPU, Silent(), longest=lambda: pytest.fail("no batch is tried"), loss=sum, tokens=1, flop=1e30
    )
    after = loss_and_gradients(loaded)
    assert after[0] == before[0]
    assert all(torch.equal(after[1][name], gradient) for name, gradient in before[1].items())


@pytest.fixture
def quick():
    loaded = adapted()
    fuse_ffn(loaded, "fp8")
    fp8.freeze_in_fp8(loaded, "fp8")
    yield AcceleratedModel(loaded, "fp8", loss=ChunkedLoss(loaded.get_base_model().lm_head))
    torch.compiler.reset()


def test_each_rung_keeps_less_and_none_changes_the_gradient(quick) -> None:
    loss, gradients = loss_and_gradients(quick.model)
    blocks = [module for module in quick.model.modules() if isinstance(module, FusedFfn)]
    for level, keeps, piece in (
        ("none", "values", 0),
        ("selective", "nothing", acceleration.PIECE),
        ("full", "values", acceleration.PIECE),
    ):
        acceleration.set_policy(quick, level, compiled=False)
        assert {(block.saved, block.piece) for block in blocks} == {(keeps, piece)}
        assert (blocks[0].gate_up.transposed is None) == (level != "none")
        found, ours = loss_and_gradients(quick.model)
        assert found == loss
        for name, gradient in gradients.items():
            assert torch.allclose(ours[name], gradient, rtol=1e-4, atol=1e-6), (level, name)


def test_a_middle_kept_in_codes_changes_no_loss_and_holds_what_spares_work(quick) -> None:
    acceleration.set_policy(quick, "none", compiled=False)
    loss, gradients = loss_and_gradients(quick.model)
    acceleration.set_policy(quick, "fp8", compiled=False)
    blocks = [module for module in quick.model.modules() if isinstance(module, FusedFfn)]
    assert {(block.saved, block.piece) for block in blocks} == {("codes", 0)}
    assert blocks[0].gate_up.transposed is not None
    found, ours = loss_and_gradients(quick.model)
    assert found == loss
    for name, gradient in gradients.items():
        assert float(torch.nn.functional.cosine_similarity(ours[name].flatten(), gradient.flatten(), dim=0)) > 0.995


@pytest.mark.parametrize(("capability", "fused"), [((8, 0), True), ((9, 0), False)])
def test_codes_that_could_not_be_kept_are_refused(quick, monkeypatch, capability, fused: bool) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU of before")
    gpu, model = CPU.model_copy(update={"device": "cuda"}), quick if fused else AcceleratedModel(adapted(), "bf16")
    with pytest.raises(UserError) as told:
        acceleration.fit_to_memory(model, "fp8", gpu, Silent(), longest=list, loss=sum, tokens=1, flop=0)
    assert (told.value.code, told.value.fix) == ("E-TRAIN-022", "activation_checkpointing: auto")
    assert ("a GPU of before" if fused else "no feed-forward block") in told.value.what


def test_recomputing_keeps_one_hidden_state_a_layer(quick) -> None:
    def kept() -> int:
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(lambda one: sizes.append(one.numel()) or one, lambda one: one):
            quick.model(input_ids=torch.arange(3, 40)[None], use_cache=False)
        return sum(sizes)

    acceleration.set_policy(quick, "none", compiled=False)
    everything = kept()
    acceleration.set_policy(quick, "full", compiled=False)
    assert kept() < 0.3 * everything


@pytest.mark.parametrize("ends", [True, False])
def test_what_a_layer_gives_is_not_computed_again_where_nothing_reads_it(quick, ends: bool, monkeypatch) -> None:
    blocks = [module for module in quick.model.modules() if isinstance(module, FusedFfn)]
    assert all(block.ends_layer for block in blocks)
    for block in blocks:
        block.ends_layer = ends
    _, gradients = loss_and_gradients(quick.model)
    acceleration.set_policy(quick, "full", compiled=False)
    computed = []
    output = fused_ffn.output
    monkeypatch.setattr(fused_ffn, "output", lambda frozen, *rest: computed.append(frozen) or output(frozen, *rest))
    _, ours = loss_and_gradients(quick.model)
    for block in blocks:
        assert computed.count(block.gate_up) == 2
        assert computed.count(block.down) == (1 if ends else 2)
    for name, gradient in gradients.items():
        assert torch.allclose(ours[name], gradient, rtol=1e-4, atol=1e-6), name


def test_the_first_rung_is_the_first_whose_estimate_fits() -> None:
    quick = AcceleratedModel(adapted(), "bf16")
    trained = [one for one in quick.model.parameters() if one.requires_grad]

    def first(room: float) -> int:
        return acceleration._first_that_fits(quick, POLICIES, 10_000_000, trained, room)

    assert first(1e6) == 0
    assert first(0.1) == len(POLICIES) - 1
    assert POLICIES[first(13.0)] == "selective"
    assert POLICIES[first(10.0)] == "full"


def test_values_are_kept_in_8_bits_unasked_only_where_products_are_in_8_bits(quick) -> None:
    assert acceleration.policies_for(quick) == POLICIES
    for other in (AcceleratedModel(quick.model, "bf16"), AcceleratedModel(adapted(), "fp8")):
        assert acceleration.policies_for(other) == ("none", "selective", "full", "offload")


def test_a_step_that_does_not_fit_is_computed_in_smaller_parts_and_is_the_same_step(
    tiny_llama, tmp_path: Path, monkeypatch
) -> None:
    corpus = answered_corpus(32)
    plan = plan_for(corpus, tiny_llama, {"epochs": 1, "packing": "off"}, method="lora")
    whole = train(corpus, plan, tmp_path / "whole", settings=HERE).run

    plain, refused = causal.answer_loss, []

    def short_of_memory(model, batch, *args, **named):
        if torch.is_grad_enabled() and len(batch["input_ids"]) > 2:
            refused.append(len(batch["input_ids"]))
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB. GPU 0 has …")
        return plain(model, batch, *args, **named)

    monkeypatch.setattr(acceleration, "fit_to_memory", lambda *_, **__: None)  # a GPU would try before the first step
    monkeypatch.setattr(causal, "answer_loss", short_of_memory)
    heard = Listener()
    run = train(corpus, plan, tmp_path / "parts", settings=HERE, progress=heard).run
    assert refused
    assert max(refused) > 2
    said = [line for line in heard.said if "did not fit into the GPU's memory" in line]
    assert said[0].startswith("Step 1 did not fit")
    assert len(said) <= 3
    ours, theirs = ([point.validation_loss for point in one.curve] for one in (run, whole))
    assert np.allclose(ours, theirs, rtol=1e-5)


def test_a_step_that_does_not_fit_one_row_at_a_time_ends_the_run_and_says_what_to_do(
    tiny_llama, tmp_path: Path, monkeypatch
) -> None:
    def never(model, batch, *args, **named):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB. GPU 0 has …")

    monkeypatch.setattr(acceleration, "fit_to_memory", lambda *_, **__: None)  # a GPU would try before the first step
    monkeypatch.setattr(causal, "answer_loss", never)
    corpus = answered_corpus(32)
    plan = plan_for(corpus, tiny_llama, {"epochs": 1, "packing": "off"}, method="lora")
    with pytest.raises(UserError) as told:
        train(corpus, plan, tmp_path, settings=HERE)
    assert (told.value.code, told.value.exit_code) == ("E-TRAIN-024", ExitCode.RESOURCES)
    assert "one row at a time: CUDA out of memory" in told.value.what


def test_the_compilers_budget_is_set_while_a_layer_computes_and_afterwards_what_it_was(quick, monkeypatch) -> None:
    import torch._functorch.config as partition

    seen = []

    def compile_later(forward):
        def compiled(*args, **named):
            seen.append(partition.activation_memory_budget)
            return forward(*args, **named)

        return compiled

    monkeypatch.setattr(torch, "compile", compile_later)
    before = partition.activation_memory_budget
    for policy, budgets in (("selective", {0.2, before}), ("none", {before}), ("full", {before})):
        acceleration.set_policy(quick, policy, compiled=True)
        assert partition.activation_memory_budget == before
        loss_and_gradients(quick.model)
        assert set(seen) == budgets, "the last norm is within none"
        assert partition.activation_memory_budget == before
        seen.clear()


def test_one_models_recomputing_is_not_anothers() -> None:
    first, second = AcceleratedModel(adapted(), "bf16"), AcceleratedModel(adapted(), "bf16")
    for accelerated in (first, second):
        fuse_ffn(accelerated.model, "bf16")
        acceleration.set_policy(accelerated, "full", compiled=False)
    with first.recomputing():
        assert [block.output_is_read for block in first.ffn_blocks] == [False, False]
        assert [block.output_is_read for block in second.ffn_blocks] == [True, True]
    assert [block.output_is_read for block in first.ffn_blocks] == [True, True]
