"""What only a GPU can show: the kernels' sums, attention by beginnings, each rung of the memory ladder, and a whole run.

python -m pytest tests/stages/train/gpu -m gpu
"""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.stages.train.gpu.test_fused_ffn import adapted
from tests.stages.train.test_gradients import CHATS, WEIGHTS
from tests.stages.train.test_packing import chats_of, model

from tunewright.core.errors import UserError
from tunewright.core.progress import Silent
from tunewright.stages.train.data.decoder import answer_loss, flat, on_device, padded
from tunewright.stages.train.gpu import acceleration, attention, chunked_loss, fp8, fp8_format
from tunewright.stages.train.gpu.acceleration import AcceleratedModel
from tunewright.stages.train.gpu.chunked_loss import ChunkedLoss
from tunewright.stages.train.gpu.fused_ffn import ffn_middle, ffn_middle_gradient
from tunewright.stages.train.gpu.fused_ffn_types import Codes, FfnInner
from tunewright.stages.train.machine import Machine

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

GPU = Machine(device="cuda", precision="bf16", threads=1, why="a test")


def error(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    ours, theirs = ours.double().cpu(), theirs.double().cpu()
    return float((ours - theirs).norm() / theirs.norm())


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, device="cuda", dtype=torch.bfloat16)


def block_inputs(count: int, wide: int, rank: int) -> FfnInner:
    """What the block's kernels read: both products, the adapters' inner values, three of their matrices."""
    shapes = (count, 2 * wide), (count, 2 * rank), (wide, rank), (wide, rank), (rank, wide)
    return FfnInner(*(random(*shape) for shape in shapes))


@pytest.mark.parametrize("count", [1, 31, 333])
@pytest.mark.parametrize("wide", [64, 1000, 4096])
@pytest.mark.parametrize("rank", [16, 64])
def test_the_gated_kernels_compute_what_plain_pytorch_does(count: int, wide: int, rank: int) -> None:
    torch.manual_seed(count)
    kept = block_inputs(count, wide, rank)
    of_middle, of_narrow, scales = random(count, wide), random(count, rank), torch.rand(2 * wide, 1, device="cuda")
    exact = FfnInner(*(one.double().cpu() for one in kept))
    *ours, codes = ffn_middle(kept, with_row_max=True)
    *theirs, _ = ffn_middle(exact, with_row_max=True)
    assert codes is None
    ours += ffn_middle_gradient(of_middle, of_narrow, kept, scales)
    theirs += [
        *ffn_middle_gradient(of_middle.double().cpu(), of_narrow.double().cpu(), exact, scales.double().cpu()),
    ]
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape
        assert torch.isfinite(one).all()
        assert error(one, other) < 6e-3
    assert ffn_middle(kept, with_row_max=False)[2] is None
    assert ffn_middle_gradient(of_middle, of_narrow, kept, None)[3] is None


@pytest.mark.parametrize("count", [1, 31, 333])
@pytest.mark.parametrize("wide", [64, 1000, 4096])
@pytest.mark.parametrize("rank", [16, 64])
def test_the_gated_kernels_write_and_read_the_codes_that_plain_pytorch_does(count: int, wide: int, rank: int) -> None:
    torch.manual_seed(count)
    kept = block_inputs(count, wide, rank)
    exact = FfnInner(*(one.float().cpu() for one in kept))
    *ours, codes = ffn_middle(kept, with_row_max=True, with_codes=True)
    *theirs, wanted = ffn_middle(exact, with_row_max=True, with_codes=True)
    for one, other in zip(ours, theirs, strict=True):
        assert error(one, other) < 6e-3
    assert codes.codes.dtype == fp8_format.CODES
    assert codes.scale.shape == wanted.scale.shape
    assert error(codes.scale, wanted.scale) < 1e-5
    # A value between two codes may go either way where the last bit of a sum differs.
    assert (codes.codes.float().cpu() != wanted.codes.float()).float().mean() < 2e-3
    of_middle, of_narrow, scales = random(count, wide), random(count, rank), torch.rand(2 * wide, 1, device="cuda")
    read = ffn_middle_gradient(of_middle, of_narrow, kept._replace(gate_up=codes), scales)
    same = Codes(codes.codes.cpu(), codes.scale.cpu())
    by_hand = ffn_middle_gradient(
        of_middle.float().cpu(), of_narrow.float().cpu(), exact._replace(gate_up=same), scales.cpu()
    )
    for one, other in zip(read, by_hand, strict=True):
        assert error(one, other) < 6e-3


@pytest.mark.parametrize("width", [48, 4096, 14336, 28672])
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_rows_are_rounded_by_their_own_largest_value(width: int, scaled: bool, known: bool) -> None:
    rows, scales = random(65, width), torch.rand(width, 1, device="cuda") if scaled else None
    exact = rows.float() if scales is None else rows.float() * scales.t()
    codes, scale = fp8.rounded_rows(rows, scales, exact.abs().amax(dim=1) if known else None)
    wanted, wanted_scale = fp8_format.rounded(exact)
    assert torch.allclose(scale, wanted_scale, rtol=1e-6)
    assert codes.float().abs().amax() == fp8_format.LARGEST
    assert error(codes.float() * scale, exact) < 0.03
    # A value between two codes may go either way where the division's last bit differs.
    assert (codes.float() != wanted.float()).float().mean() < 1e-3


@pytest.mark.parametrize("shape", [(16, 48), (300, 1000), (4096, 14336)])
def test_transposed_codes_are_the_codes(shape: tuple[int, int]) -> None:
    from tunewright.stages.train.gpu import fp8_kernels

    codes = random(*shape).to(fp8_format.CODES)
    assert torch.equal(fp8_kernels.transposed(codes).view(torch.uint8), codes.view(torch.uint8).t())


@pytest.mark.parametrize(("count", "words"), [(5, 96), (70, 8704), (64, 128256)])
def test_the_rounded_loss_is_that_of_plain_pytorch(count: int, words: int) -> None:
    logits, labels, weights = 3 * random(count, words), torch.randint(0, words, (count,), device="cuda"), random(count)
    weights, scales = weights.abs().float(), torch.rand(words, 1, device="cuda") / 100 + 1e-3
    labels[2], weights[2] = chunked_loss.IGNORED, 0.0
    logits[1, labels[1]] = 30.0
    loss, codes, by = chunked_loss.rounded_loss(logits, labels, weights, scales)
    wanted, slope = chunked_loss.loss_and_gradient(logits, labels, weights)
    assert error(loss, wanted) < 1e-5
    assert error(codes.float() * by, slope.float() * scales.t()) < 0.04
    assert not codes[2].float().any(), "a token that is not trained has no gradient"


def test_fp8_products_are_those_of_the_codes() -> None:
    left, right = random(200, 256), random(64, 256)
    one, other = fp8_format.rounded(left), fp8_format.rounded(right)
    found = fp8.product(*one, *other, torch.bfloat16)
    exact = (one[0].double() * one[1].double()) @ (other[0].double() * other[1].double()).t()
    assert error(found, exact) < 5e-3
    assert 0.01 < error(found, left.double() @ right.double().t()) < 0.06


def test_chats_in_one_line_have_the_loss_of_chats_side_by_side() -> None:
    attention.install()
    loaded = model("Llama", attention.NAME).cuda().bfloat16()
    with torch.inference_mode():
        lined = answer_loss(loaded, on_device(flat(CHATS, WEIGHTS, 21, 8), "cuda"), ChunkedLoss(loaded.lm_head))
        beside = answer_loss(loaded, on_device(padded(CHATS, WEIGHTS), "cuda"), ChunkedLoss(loaded.lm_head))
        exact = answer_loss(model("Llama"), padded(CHATS, WEIGHTS))
    assert float(lined) == pytest.approx(float(beside), rel=5e-3)
    assert float(lined) == pytest.approx(float(exact), rel=2e-2)


def quickened(precision: str) -> AcceleratedModel:
    attention.install()
    loaded = adapted()
    loaded.get_base_model().config._attn_implementation = attention.NAME
    loaded = loaded.cuda()
    for name, parameter in loaded.named_parameters():
        if "lora_" not in name:
            parameter.data = parameter.data.bfloat16()
    return acceleration.accelerate(loaded, precision, GPU)


def gradients_at(level: str, *, precision: str, compiled: bool) -> tuple[float, torch.Tensor]:
    quick = quickened(precision)
    loaded = quick.model
    acceleration.set_policy(quick, level, compiled=compiled)
    chats = chats_of(60, 50, 64, 33)
    batch = on_device(flat(chats, np.ones(4, dtype=np.float32), 64, 8), "cuda")
    with acceleration.autocast(GPU):
        loss = answer_loss(loaded, batch, quick.loss)
    found = torch.autograd.grad(loss, [one for one in loaded.parameters() if one.requires_grad])
    return float(loss.detach()), torch.cat([one.flatten().float() for one in found])


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("precision", ["bf16", "fp8-backward", "fp8"])
def test_every_rung_of_the_ladder_has_the_same_gradients(precision: str, compiled: bool) -> None:
    loss, whole = gradients_at("none", precision=precision, compiled=False)
    for level in ("fp8", "selective", "full", "offload"):
        found, gradients = gradients_at(level, precision=precision, compiled=compiled)
        assert found == pytest.approx(loss, rel=1e-2), level
        assert float(torch.nn.functional.cosine_similarity(whole, gradients, dim=0)) > 0.995, level


def test_a_step_that_does_not_fit_is_computed_in_smaller_parts(tiny_llama, tmp_path: Path, monkeypatch) -> None:
    from tests.stages.train.tiny import Listener, answered_corpus, plan_for

    from tunewright.stages.train import causal
    from tunewright.stages.train.api import train
    from tunewright.stages.train.settings import TrainSettings

    plain, refused = causal.answer_loss, []

    def short(model, batch, *args, **named):
        if model.training is False and torch.is_grad_enabled() and int(batch["input_ids"].numel()) > 200:
            refused.append(1)
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")
        return plain(model, batch, *args, **named)

    monkeypatch.setattr(acceleration, "fit_to_memory", lambda *_, **__: None)
    monkeypatch.setattr(causal, "answer_loss", short)
    corpus = answered_corpus(32)
    plan = plan_for(corpus, tiny_llama, {"epochs": 1, "max_tokens": 128}, method="lora")
    heard = Listener()
    candidate = train(corpus, plan, tmp_path, settings=TrainSettings(own_process=False), progress=heard)
    assert refused
    assert candidate.run.best_step > 0
    assert any("did not fit into the GPU's memory; steps are computed in" in line for line in heard.said)


@pytest.mark.parametrize("precision", ["auto", "fp8-backward", "fp8"])
def test_a_whole_run_learns_and_merges(precision: str, tiny_llama, tmp_path: Path) -> None:
    from tests.stages.train.tiny import answered_corpus, plan_for

    from tunewright.stages.train.api import train
    from tunewright.stages.train.settings import TrainSettings

    corpus = answered_corpus(64)
    options = {"epochs": 3, "max_tokens": 128, "learning_rate": 5e-3, "precision": precision}
    plan = plan_for(corpus, tiny_llama, options, method="lora")
    candidate = train(corpus, plan, tmp_path, settings=TrainSettings(own_process=False), progress=Silent())
    run = candidate.run
    assert run.precision == {"auto": "bf16"}.get(precision, precision)
    assert run.curve[-1].validation_loss < run.curve[0].train_loss
    assert run.receipt.batching == "packed"
    assert run.environment["fused blocks"] == "2"
    assert "the longest batch there could be" in run.environment["activations"]
    assert (candidate.folder / "merge.json").exists()


def test_batches_made_ahead_are_those_of_their_steps(tiny_llama, tmp_path: Path, monkeypatch) -> None:
    from tests.stages.train.tiny import answered_corpus, plan_for

    from tunewright.stages.train.api import train
    from tunewright.stages.train.loop import trainer
    from tunewright.stages.train.settings import TrainSettings

    def losses(name: str) -> list[float]:
        plan = plan_for(corpus, tiny_llama, {"epochs": 2, "max_tokens": 128}, method="lora")
        work, alone = tmp_path / name, TrainSettings(own_process=False)
        return [one.train_loss for one in train(corpus, plan, work, settings=alone, progress=Silent()).run.curve]

    corpus = answered_corpus(64)
    ahead = losses("ahead")
    monkeypatch.setattr(trainer.OurTrainer, "_look_ahead", lambda *_: None)
    assert ahead == pytest.approx(losses("each"), rel=1e-3)


def test_where_keeping_everything_does_not_fit_fp8_keeps_codes_and_bf16_computes_again(monkeypatch) -> None:
    plain = acceleration._tried
    monkeypatch.setattr(
        acceleration, "_tried", lambda quick, *rest: None if quick.policy == "none" else plain(quick, *rest)
    )
    for precision, level in (("fp8", "fp8"), ("bf16", "selective")):
        quick = quickened(precision)
        batch = on_device(flat(chats_of(60, 50), np.ones(2, dtype=np.float32), 64, 8), "cuda")

        def loss(batch: dict, quick: AcceleratedModel = quick) -> torch.Tensor:
            return answer_loss(quick.model, batch, quick.loss)

        acceleration.fit_to_memory(
            quick, "auto", GPU, Silent(), longest=lambda batch=batch: batch, loss=loss, tokens=128, flop=0.0
        )
        assert quick.policy == level


def test_a_batch_that_fits_at_no_level_is_told_before_the_first_step() -> None:
    quick = AcceleratedModel(copy.deepcopy(adapted()).cuda(), "bf16")

    def huge() -> torch.Tensor:
        return torch.empty(1 << 42, device="cuda")

    with pytest.raises(UserError) as told:
        acceleration.fit_to_memory(
            quick, "auto", GPU, Silent(), longest=huge, loss=lambda batch: batch.sum(), tokens=99, flop=0.0
        )
    assert told.value.code == "E-TRAIN-023"
