"""How far bf16, fp8-backward, fp8 and NF4 turn the gradients of adapters from those in fp32.

On starter-28m, which is trained: 16 tickets of the reply desk, adapters of rank 16 with small random second matrices, on
this machine, whatever it is: a CPU multiplies the very codes that a GPU would, and sums them in fp32. Each way once more
with all that is kept for the gradient rounded to fp8, which is more than the trainer does, and those in fp8 with what it
does at `activation_checkpointing: fp8`. On layers of an 8-billion-parameter Llama with random weights and random words, 2 to 32 of
them, where there is a GPU.

    python benchmarks/fp8_gradients.py [--depths 2 16 32]
"""

import argparse
import copy
import functools
import json
import tempfile
from pathlib import Path
from types import SimpleNamespace

import _harness as harness
from _desk import desk
from tunewright.core.candidate import Plan
from tunewright.core.progress import SILENT
from tunewright.models.files import find_model

BASE, RANK = "starter-28m", 16
WAYS = ("bf16", "fp8-backward", "fp8", "nf4")
TICKETS, ROWS = 120, 16
#: What is kept of fewer values a token is not worth rounding.
NARROW = 64
#: Of the models with random weights: layers, and chats of so many tokens.
DEPTHS, CHATS, LENGTH = (2, 16, 32), 2, 1024


def on_trained(work: Path) -> dict[str, float]:
    """Cosines on the starter."""
    import torch
    from peft import LoraConfig, get_peft_model

    from tunewright.stages.train.causal import begin
    from tunewright.stages.train.data.decoder import answer_loss, on_device, padded
    from tunewright.stages.train.gpu.chunked_loss import ChunkedLoss
    from tunewright.stages.train.machine import decide
    from tunewright.stages.train.methods.lora import Options

    corpus, machine = desk(TICKETS, 11), decide(work)
    options = Options(rank=RANK)
    plan = Plan(
        task="reply", method="lora", options=options.model_dump(mode="json"), base=BASE,
        base_digest=find_model(BASE).digest_of_weights, labels=(), dataset=corpus.dataset.digest, seed=0,
    )  # fmt: skip
    start = begin(corpus, plan, options, machine, SILENT, frozen=True)
    config = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear")
    # What every way begins with are weights in bf16.
    exact = with_values(get_peft_model(start.base.model.bfloat16().float(), config))
    batch = on_device(padded(start.rows.chats[:ROWS], start.rows.weights[:ROWS]), machine.device)

    wanted = gradient(exact, answer_loss(exact, batch, ChunkedLoss(exact.get_base_model().get_output_embeddings())))
    told = {}
    for way in WAYS:
        accelerated = changed(copy.deepcopy(exact), way)
        model, loss = accelerated.model, functools.partial(answer_loss, batch=batch, states_loss=accelerated.loss)
        with torch.autocast(machine.device, torch.bfloat16, enabled=way == "bf16"):
            found = loss(model)
        told[way] = cosine(gradient(model, found), wanted)
        with torch.autocast(machine.device, torch.bfloat16, enabled=way == "bf16"), keeping_fp8(batch):
            found = loss(model)
        told[f"{way}, activations kept in fp8"] = cosine(gradient(model, found), wanted)
        for block in accelerated.ffn_blocks:
            block.saved = "codes"
        if accelerated.ffn_blocks:
            told[f"{way}, memory: keep-fp8"] = cosine(gradient(model, loss(model)), wanted)
    return told


def keeping_fp8(batch):
    """Within this block what is kept for the gradient of `batch` is rounded to e4m3, a scale for each token."""
    import torch

    from tunewright.stages.train.gpu.fp8_format import rounded

    tokens = batch["input_ids"].numel()

    def kept(values: torch.Tensor) -> torch.Tensor:
        wide = values.is_floating_point() and values.ndim > 1 and values.shape[-1] >= NARROW
        if not wide or values.numel() != tokens * values.shape[-1]:
            return values  # a weight, or an adapter's inner values
        codes, scale = rounded(values)
        return (codes.float() * scale).to(values.dtype)

    return torch.autograd.graph.saved_tensors_hooks(kept, lambda values: values)


def changed(model, way: str):
    """`model` computing in one way, and its loss; with NF4, in fp32 with the values that its weights would have."""
    from tunewright.stages.train.gpu.acceleration import AcceleratedModel, freeze_head
    from tunewright.stages.train.gpu.chunked_loss import ChunkedLoss
    from tunewright.stages.train.gpu.fp8 import freeze_in_fp8
    from tunewright.stages.train.gpu.fused_ffn import fuse_ffn
    from tunewright.stages.train.gpu.fused_qkv import fuse_qkv

    loss = ChunkedLoss(model.get_base_model().get_output_embeddings())
    if way == "nf4":
        from bitsandbytes.functional import dequantize_4bit, quantize_4bit

        for module in model.modules():
            if hasattr(module, "lora_A"):
                weight = module.base_layer.weight
                codes, state = quantize_4bit(weight.data, quant_type="nf4", compress_statistics=True)
                weight.data = dequantize_4bit(codes, state).to(weight.dtype)
    elif way != "bf16":
        fuse_ffn(model, way)
        fuse_qkv(model, way)
        freeze_in_fp8(model, way)
        freeze_head(loss, way)
    return AcceleratedModel(model, way, loss=loss)


def on_random(layers: int, work: Path) -> dict[str, float]:
    """Cosines on `layers` layers with random weights, on a GPU."""
    import torch

    from train_gpu import base, in_nf4, random_chats
    from tunewright.stages.train.data.decoder import answer_loss, on_device, padded
    from tunewright.stages.train.gpu import acceleration, attention
    from tunewright.stages.train.machine import decide
    from tunewright.stages.train.methods.lora import Options
    from tunewright.stages.train.weights.adapters import adapted

    attention.install()
    work.mkdir(parents=True, exist_ok=True)
    machine = decide(work)
    chats = random_chats(CHATS, LENGTH)
    batch = on_device(padded(chats.chats, chats.weights), machine.device)

    def with_adapters(model):
        return with_values(adapted(model, SimpleNamespace(seed=0), Options(rank=RANK)))

    plain = with_adapters(base("sdpa", layers).float())
    wanted = gradient(plain, answer_loss(plain, batch)).cpu()
    del plain
    told = {}
    for way in WAYS:
        torch.cuda.empty_cache()
        model = base(attention.NAME, layers)
        model = with_adapters(in_nf4(model) if way == "nf4" else model)
        accelerated = acceleration.accelerate(model, "auto" if way == "nf4" else way, machine)
        with acceleration.autocast(machine):
            found = answer_loss(model, batch, accelerated.loss)
        told[way] = cosine(gradient(model, found).cpu(), wanted)
        del model, accelerated, found
    return told


def with_values(model):
    """`model` with small random values in all adapters: at their start half of the gradients are 0."""
    import torch

    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for _, parameter in sorted(trained(model).items()):
            parameter.copy_(torch.randn(parameter.shape, generator=draw) / 64)
    return model


def trained(model) -> dict:
    """The trained parameters by name."""
    return {name: one for name, one in model.named_parameters() if one.requires_grad}


def gradient(model, loss):
    """All adapter gradients in one row, in the order of their names."""
    import torch

    named = sorted(trained(model).items())
    return torch.cat([part.flatten().float() for part in torch.autograd.grad(loss, [one for _, one in named])])


def cosine(ours, exact) -> float:
    """How alike two gradients are."""
    import torch

    return round(float(torch.nn.functional.cosine_similarity(ours.double(), exact.double(), dim=0)), 5)


def main() -> None:
    """What this machine can, then the result file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--depths", type=int, nargs="*", default=DEPTHS)
    given = parser.parse_args()
    import torch

    angles = {}
    with tempfile.TemporaryDirectory() as folder:
        angles["starter-28m"] = on_trained(Path(folder))
        print(json.dumps(angles), flush=True)
        for layers in given.depths if torch.cuda.is_available() else ():
            angles[f"{layers} random layers of 8B"] = on_random(layers, Path(folder) / str(layers))
            print(layers, json.dumps(angles[f"{layers} random layers of 8B"]), flush=True)
    harness.publish(
        "fp8_gradients",
        what="cosine of all adapter gradients (rank 16, all layers) with those in fp32, by what frozen products are in",
        figures=[
            harness.Figure(f"{where}: {way}", value, "cosine") for where, told in angles.items()
            for way, value in told.items()
        ],
        peers={},
        target={},
        met={},
        notes=["NF4 is what QLoRA trains on", "without a GPU only the trained starter is measured"],
    )  # fmt: skip


if __name__ == "__main__":
    main()
