"""Every method learns in every number format, packed and padded, and saves what it learned: on a CPU, and on a GPU.

python -m pytest tests/stages/train/gpu/test_every_method_on_a_gpu.py [-m gpu]
"""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from tests.stages.train.test_shapes import validation_loss
from tests.stages.train.tiny import Listener, answered_corpus, labelled_corpus, plan_for

from tunewright.core.candidate import Candidate
from tunewright.core.corpus import Corpus
from tunewright.models.classifier import Classifier
from tunewright.stages.train.api import train
from tunewright.stages.train.gpu import acceleration
from tunewright.stages.train.machine import FILE, Machine
from tunewright.stages.train.settings import TrainSettings

#: Without one of these, the device's library cannot hold or round weights.
NEEDS = {"qlora": "bitsandbytes", "qat": "torchao"}
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "full": ("full", {}),
    "lora": ("lora", {"learning_rate": 2e-2}),
    "qlora-4": ("qlora", {"bits": 4, "learning_rate": 2e-2}),
    "qlora-8": ("qlora", {"bits": 8, "learning_rate": 2e-2}),
    "qat-4": ("qat", {"bits": 4}),
    "qat-w8a8": ("qat", {"bits": 8, "activations": True}),
}
OPTIONS = {"epochs": 3, "batch": 8, "max_tokens": 128, "learning_rate": 5e-3}
ON_A_GPU = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
DEVICES = ["cpu", pytest.param("cuda", marks=ON_A_GPU)]
PRECISIONS = ["fp32", "bf16"]
#: Device, number format and packing: all on a GPU, and on a CPU each once with every method.
WAYS = [
    ("cpu", "fp32", "on"),
    ("cpu", "bf16", "off"),
    *(
        pytest.param("cuda", precision, packing, marks=ON_A_GPU)
        for precision in PRECISIONS
        for packing in ("on", "off")
    ),
]


def computed_on(device: str, precision: str, work: Path) -> Path:
    """A work folder in which it is decided how a run is computed."""
    if device == "cuda" and precision == "bf16" and not torch.cuda.is_bf16_supported(including_emulation=False):
        pytest.skip("this GPU has no bf16 units")
    machine = Machine(device=device, precision=precision, threads=2, why="a test")
    work.mkdir()
    (work / FILE).write_text(machine.model_dump_json(), encoding="utf-8")
    return work


def trained(case: str, base: Path, work: Path, corpus: Corpus, **options: Any) -> tuple[Candidate, Listener]:
    """What the method of a case makes of `base`, and what was said on the way."""
    method, own = METHODS[case]
    package = NEEDS.get(method)
    if package and find_spec(package) is None:
        pytest.skip(f"{package} is not installed, which {method} needs")
    heard = Listener()
    plan = plan_for(corpus, base, {**OPTIONS, **own, **options}, method=method)
    return train(corpus, plan, work, settings=TrainSettings(own_process=False), progress=heard), heard


def formats(folder: Path) -> set[str]:
    """The number formats of the weights in a model folder."""
    found: set[str] = set()
    for path in folder.glob("*.safetensors"):
        with path.open("rb") as stream:
            header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        found |= {entry["dtype"] for name, entry in header.items() if name != "__metadata__"}
    return found


def require_learned(candidate: Candidate, corpus: Corpus, base: Path) -> None:
    """The saved model, in plain transformers and fp32, is one of those that training went through, and better."""
    best = min(point.validation_loss for point in candidate.run.curve)
    saved = validation_loss(corpus, candidate.folder)
    assert saved < validation_loss(corpus, base) - 0.2
    assert saved == pytest.approx(best, abs=0.05)


@pytest.mark.parametrize(("device", "precision", "packing"), WAYS)
@pytest.mark.parametrize("case", METHODS)
def test_it_learns_and_the_saved_model_is_the_one_that_learned(
    case: str, device: str, precision: str, packing: str, tiny_llama: Path, tmp_path: Path
) -> None:
    corpus = answered_corpus(64)
    work = computed_on(device, precision, tmp_path / "work")
    candidate, _ = trained(case, tiny_llama, work, corpus, packing=packing)
    run = candidate.run
    assert run.precision == precision
    assert run.environment["device"] == device
    assert (run.receipt.batching, run.best_step > 0) == ({"on": "packed", "off": "padded"}[packing], True), (
        run.receipt.batching_why
    )
    require_learned(candidate, corpus, tiny_llama)
    assert formats(candidate.folder) == {"F32"}, "the base is in fp32, and so is what was made of it"


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("tune", ["full", "lora"])
def test_an_encoder_learns_its_labels(
    tune: str, device: str, precision: str, tiny_encoder: Path, tmp_path: Path
) -> None:
    corpus = labelled_corpus()
    work = computed_on(device, precision, tmp_path / "work")
    plan = plan_for(corpus, tiny_encoder, {"tune": tune, "epochs": 3, "batch": 16, "learning_rate": 1e-2})
    candidate = train(corpus, plan, work, settings=TrainSettings(own_process=False))
    run = candidate.run
    assert run.precision == precision
    assert run.curve[-1].validation_loss < run.curve[0].train_loss
    held_out = corpus.scan().filter(pl.col("split") == "validation").collect()
    labels = Classifier.load(candidate.folder).classify(held_out["prompt"].to_list()).labels
    accuracy = float(np.mean(np.array(labels) == held_out["label"].to_numpy()))
    best = next(point for point in run.curve if point.step == run.best_step)
    assert accuracy > 0.9
    assert accuracy == pytest.approx(best.validation_metric, abs=0.05)


@pytest.mark.parametrize("device", DEVICES)
def test_weights_that_are_trained_in_bf16_take_steps_that_bf16_would_lose(
    device: str, tiny_llama: Path, tmp_path: Path
) -> None:
    """A step of 1e-6 beside a weight of 1e-2 is lost in eight bits; weights in fp32 under autocast take it."""
    from safetensors.torch import load_file

    corpus = answered_corpus(32)
    work = computed_on(device, "bf16", tmp_path / "work")
    candidate, _ = trained("full", tiny_llama, work, corpus, learning_rate=1e-6, epochs=1, warmup=0.0)
    before, after = (load_file(folder / "model.safetensors") for folder in (tiny_llama, candidate.folder))
    name = "model.layers.0.mlp.up_proj.weight"
    moved = (after[name] - before[name]).abs()
    assert 0 < float(moved.max()) < 1e-5
    assert float((moved > 0).float().mean()) > 0.9


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("policy", ["none", "selective", "full", "offload"])
@pytest.mark.parametrize("case", ["full", "lora", "qlora-4", "qat-4"])
def test_whatever_is_computed_again_it_learns(
    case: str, policy: str, compiled: bool, tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceleration, "COMPILE_FLOP", 0.0 if compiled else float("inf"))
    corpus = answered_corpus(64)
    work = computed_on("cuda", "bf16", tmp_path / "work")
    candidate, _ = trained(case, tiny_llama, work, corpus, activation_checkpointing=policy)
    assert candidate.run.environment["activations"].startswith(policy)
    assert candidate.run.environment["compiled"] == str(compiled)
    require_learned(candidate, corpus, tiny_llama)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("packing", ["on", "off"])
@pytest.mark.parametrize("precision", ["fp8-backward", "fp8"])
def test_adapters_learn_over_products_in_8_bits(precision: str, packing: str, tiny_llama: Path, tmp_path: Path) -> None:
    if torch.cuda.get_device_capability() < acceleration.FP8_CAPABILITY:
        pytest.skip("this GPU has no fp8 units")
    corpus = answered_corpus(64)
    work = computed_on("cuda", "bf16", tmp_path / "work")
    candidate, _ = trained("lora", tiny_llama, work, corpus, packing=packing, precision=precision)
    assert candidate.run.precision == precision
    require_learned(candidate, corpus, tiny_llama)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("case", METHODS)
def test_the_bundled_starter_learns_sums(case: str, tmp_path: Path) -> None:
    from tunewright.models.files import find_model

    corpus, base = answered_corpus(64), find_model("starter-8m").folder
    work = computed_on("cuda", "bf16", tmp_path / "work")
    rate = 2e-4 if METHODS[case][0] in ("full", "qat") else 2e-3
    candidate, _ = trained(case, base, work, corpus, learning_rate=rate)
    losses = [point.validation_loss for point in candidate.run.curve]
    assert losses[-1] < losses[0]
    assert candidate.run.receipt.batching == "packed"
