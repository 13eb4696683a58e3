"""A causal model made ready for one GPU: what its frozen products are computed in, and what of a step is kept.

On the CPU nothing here changes anything. On a GPU a frozen base is loaded in bf16; its feed-forward blocks, and query,
key and value, compute as one function with their adapters; with ``precision: fp8`` or ``fp8-backward`` its products run
in 8 bits; the loss is taken straight from the last hidden states; and layers are compiled where training is long enough
to earn that back. How much of a step is kept for its gradient is decided before the first step, by an estimate and then
by computing the longest batch that there could be.

Only the recipes import this file, inside the function that trains.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch  # noqa: TID253

from tunewright.core.errors import ExitCode, UserError
from tunewright.core.progress import Progress
from tunewright.models.causal_lm import CausalLM
from tunewright.models.memory_estimate import LEVELS, NOTHING_AGAIN, Level, Shape, footprint_gb
from tunewright.models.unwrap import without_adapters
from tunewright.stages.train.gpu import attention, fp8, gated, head, joint
from tunewright.stages.train.machine import Machine

Precision = Literal["auto", "bf16", "fp8-backward", "fp8"]
Memory = Literal["auto", "keep", "keep-fp8", "selective", "recompute", "offload"]

#: Compute capability from which a GPU multiplies in e4m3 with a scale for each row.
FP8_CAPABILITY = (8, 9)
#: Compiling takes some 10 to 30 s and saves about a quarter of a step; below this much arithmetic it does not pay.
COMPILE_FLOP = 5e16
#: Share of the free memory that an estimate may fill; the try of the longest batch may fill all of it.
ROOM = 0.92
#: What the compiler may keep of what it would keep at its fastest (``activation_memory_budget``), with some left out.
BUDGET = {"keep": 1.0, "keep-fp8": 1.0, "selective": 0.2, "recompute": 1.0, "offload": 1.0}
#: What of gate and up a feed-forward block keeps; where a whole layer is computed again, nothing outlives that.
KEEPS: dict[Level, gated.Keeps] = {"keep-fp8": "codes", "selective": "nothing"}
#: Logits at a time where memory is short.
SHORT_CHUNK = 1024
#: Rows of a feed-forward block at a time, likewise: enough for products to run at full rate.
PIECE = 4096

Trained = list[torch.nn.Parameter]


@dataclass
class Fast:
    """How a model computes.

    Attributes:
        model: the model that is trained.
        precision: number format of its products, as a run records it.
        head: its last layer, where the loss is taken straight from what it would be given.
        flat: whether chats share one line and attention is told where each begins.
        level: what is kept of a step.
        decisions: lines for a run's environment.
    """

    model: Any
    precision: str
    head: torch.nn.Linear | None = None
    flat: bool = False
    level: Level = "keep"
    decisions: dict[str, str] = field(default_factory=dict)


def load(folder: Path, *, device: str, frozen: bool, max_tokens: int) -> CausalLM:
    """The model in `folder`; on a GPU with our attention where it is the model's, and in bf16 where it stays frozen."""
    loading = attention.loading(folder, device, max_tokens)
    if device == "cuda" and frozen and torch.cuda.is_bf16_supported():
        loading["dtype"] = torch.bfloat16
    return CausalLM.load(folder, device=device, loading=loading)


def quicken(model: Any, precision: Precision, machine: Machine) -> Fast:
    """Let `model`, adapters and all, compute as fast as it can on this machine, in the precision that was asked for.

    Raises:
        UserError: E-TRAIN-022 when 8-bit products are asked for and this machine has none.
    """
    if precision.startswith("fp8"):
        require_fp8(precision, machine)
    if machine.device != "cuda":
        return Fast(model, machine.precision)
    plain = without_adapters(model)
    known = plain.config.model_type in attention.FAMILIES
    products: fp8.Products = "bf16" if precision == "auto" else precision
    blocks = joined = layers = 0
    if plain is not model and plain.get_input_embeddings().weight.dtype == torch.bfloat16:
        blocks, joined = gated.fuse(model, products), joint.join(model, products)
        layers = fp8.freeze_in_fp8(model, products) if products != "bf16" else 0
    changed = blocks + joined + layers
    if products != "bf16" and not changed:
        raise _no_layers(products)
    if products != "bf16":
        layers += freeze_head(plain, products)
    return Fast(
        model,
        products if changed and products != "bf16" else machine.precision,
        head=plain.get_output_embeddings() if known else None,
        flat=plain.config._attn_implementation == attention.NAME,
        decisions={"fused blocks": str(blocks), "joint layers": str(joined), "fp8 layers": str(layers)},
    )


def freeze_head(plain: Any, products: fp8.Products) -> int:
    """Let the loss be taken through fp8 products of a frozen last layer; 1 if it is.

    Measured on a trained model: the cosine of adapter gradients with fp32's goes from .9915 to .9911 in fp8, and from
    .9991 to .9990 with only the gradient in fp8 (benchmarks/results/fp8_gradients.json).
    """
    last = plain.get_output_embeddings()
    if plain.config.model_type not in attention.FAMILIES or last.weight.requires_grad or not fp8.fits(last):
        return 0
    last.frozen = fp8.FrozenWeight(last.weight, products)
    return 1


def require_fp8(precision: str, machine: Machine) -> None:
    """Stop unless this machine multiplies in 8-bit floating point.

    Raises:
        UserError: E-TRAIN-022.
    """
    if machine.device == "cuda" and torch.cuda.get_device_capability() >= FP8_CAPABILITY:
        return
    raise _no_units(f"precision: {precision}", machine, fix="precision: auto")


def require_codes(fast: Fast, machine: Machine) -> None:
    """Stop unless feed-forward blocks can keep their middle in 8 bits.

    Raises:
        UserError: E-TRAIN-022.
    """
    if torch.cuda.get_device_capability() < FP8_CAPABILITY:
        raise _no_units("memory: keep-fp8", machine, fix="memory: auto")
    if not _blocks(fast.model):
        raise UserError(
            "E-TRAIN-022",
            "memory: keep-fp8 changes nothing here: no feed-forward block of this base is fused.",
            why="Fused is a frozen block with plain LoRA on gate, up and down, and silu between.",
            fix="memory: auto",
        )


def _no_units(setting: str, machine: Machine, *, fix: str) -> UserError:
    has = torch.cuda.get_device_name() if machine.device == "cuda" else "no GPU"
    return UserError(
        "E-TRAIN-022",
        f"{setting} needs a GPU with fp8 units, and this machine has {has}.",
        why="NVIDIA GPUs have them from compute capability 8.9 on: Ada, Hopper, Blackwell.",
        fix=fix,
        exit_code=ExitCode.RESOURCES,
    )


def settle(
    fast: Fast,
    asked: Memory,
    machine: Machine,
    progress: Progress,
    *,
    longest: Callable[[], Any],
    loss: Callable[[Any], torch.Tensor],
    tokens: int,
    flop: float,
) -> None:
    """Decide what of a step is kept, compile, and try the longest batch, before the first step.

    Args:
        fast: the model; its level is set.
        asked: a level, or ``auto``.
        machine: how it is computed.
        progress: told what was decided.
        longest: the longest batch that a step could hold, on the device.
        loss: of one batch.
        tokens: in that batch.
        flop: floating-point operations of the whole training, about.

    Raises:
        UserError: E-TRAIN-023 when it fits at no level, E-TRAIN-022 when codes are to be kept and cannot.
    """
    if machine.device != "cuda":
        return
    if asked == "keep-fp8":
        require_codes(fast, machine)
    compiled = flop >= COMPILE_FLOP and _layers(fast.model) != []
    free, whole = (value / 1e9 for value in torch.cuda.mem_get_info())
    held = torch.cuda.memory_allocated() / 1e9
    trained = [one for one in fast.model.parameters() if one.requires_grad]
    levels = ladder(fast) if asked == "auto" else (asked,)
    levels = levels[_first_that_fits(fast, levels, tokens, trained, ROOM * (free + held)) :]
    for level in levels:
        set_level(fast, level, compiled=compiled)
        peak = _tried(fast, machine, longest, loss, trained)
        if peak is not None and peak <= free + held:
            fast.decisions |= {
                "activations": f"{level}: the longest batch there could be, {tokens} tokens, takes {peak:.1f} of "
                f"{whole:.0f} GB",
                "compiled": str(compiled),
            }
            progress.say(f"Of each step {_WORDS[level]}: {peak:.1f} of {whole:.0f} GB at the longest batch.")
            return
        progress.say(f"With {_WORDS[level]} the longest batch ({tokens} tokens) does not fit; keeping less.")
    raise UserError(
        "E-TRAIN-023",
        f"The longest batch, {tokens} tokens, does not fit into {free + held:.0f} GB of GPU memory.",
        why="It was tried before the first step" + ("" if asked == "auto" else f", with memory: {asked}") + ".",
        fix="Raise accumulation, lower batch or max_tokens, or use method qlora"
        + ("." if asked == "auto" else "; memory: auto may find a way."),
        exit_code=ExitCode.RESOURCES,
    )


def ladder(fast: Fast) -> tuple[Level, ...]:
    """Levels that ``auto`` tries in turn: values are kept in 8 bits only of blocks whose products are in 8 bits too."""
    rounded = fast.precision.startswith("fp8") and _blocks(fast.model) != []
    return tuple(level for level in LEVELS if rounded or level != "keep-fp8")


def settle_divided(fast: Fast, asked: Memory, machine: Machine, progress: Progress) -> None:
    """Decide what of a step is kept where several processes divide the model among them; nothing is tried.

    Who divides a model is short of memory, so ``auto`` keeps one hidden state a layer. Layers are not compiled.
    """
    fast.decisions["model"] = "divided among the processes by FSDP2"
    if machine.device != "cuda":
        return
    if asked == "keep-fp8":
        require_codes(fast, machine)
    set_level(fast, "recompute" if asked == "auto" else asked, compiled=False)
    fast.decisions |= {"activations": fast.level, "compiled": "False"}
    progress.say(f"The model is divided among the processes; of each step {_WORDS[fast.level]}.")


_WORDS: dict[Level, str] = {
    "keep": "everything is kept",
    "keep-fp8": "everything is kept, the middle of feed-forward blocks in 8 bits",
    "selective": "what is cheap is computed again",
    "recompute": "one hidden state a layer is kept",
    "offload": "one hidden state a layer is kept, in main memory",
}


def set_level(fast: Fast, level: Level, *, compiled: bool) -> None:
    """Let the layers keep what `level` says from now on."""
    import torch._functorch.config as partition

    torch.compiler.reset()
    partition.activation_memory_budget = BUDGET[level]
    short = level not in NOTHING_AGAIN
    for block in _blocks(fast.model):
        block.keeps, block.piece = KEEPS.get(level, "values"), PIECE if short else 0
    for module in fast.model.modules():
        if isinstance(module, fp8.FrozenWeight) and short:
            module.drop_transposed()
    for layer in _layers(fast.model):
        whole = type(layer).forward.__get__(layer)
        forward = torch.compile(whole) if compiled else whole
        layer.forward = _recomputed(forward, level == "offload") if level in ("recompute", "offload") else forward
    last = _last_norm(fast.model)
    if last is not None:
        whole = type(last).forward.__get__(last)
        last.forward = torch.compile(whole) if compiled else whole
    head.chunk_tokens(SHORT_CHUNK if short else head.CHUNK)
    fast.level = level


def _recomputed(forward: Callable[..., Any], offload: bool) -> Callable[..., Any]:
    from torch.utils.checkpoint import checkpoint

    @functools.wraps(forward)
    def again(*args: Any, **named: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*args, **named)
        computed = False

        def compute(*args: Any, **named: Any) -> Any:
            nonlocal computed
            first, computed = not computed, True
            with nullcontext() if first else gated.unread():
                return forward(*args, **named)

        # What checkpoint saves is its input; the hook keeps that in main memory until it is needed.
        with torch.autograd.graph.save_on_cpu(pin_memory=True) if offload else nullcontext():
            return checkpoint(compute, *args, use_reentrant=False, preserve_rng_state=False, **named)

    return again


def _tried(
    fast: Fast, machine: Machine, longest: Callable[[], Any], loss: Callable[[Any], torch.Tensor], trained: Trained
) -> float | None:
    """Gigabytes at the peak of one step on the longest batch, Adam's moments included; None when it does not fit."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    try:
        with autocast(machine):
            found = loss(longest())
        torch.autograd.grad(found, trained)
        del found
    except torch.OutOfMemoryError:
        return None
    finally:
        torch.cuda.empty_cache()
    moments = 8 * sum(one.numel() for one in trained)
    return (torch.cuda.max_memory_allocated() + moments) / 1e9


@contextmanager
def autocast(machine: Machine) -> Iterator[None]:
    """As the Trainer computes: in bf16 where the machine does."""
    with torch.autocast(machine.device, torch.bfloat16, enabled=machine.precision == "bf16"):
        yield


def _first_that_fits(fast: Fast, levels: tuple[Level, ...], tokens: int, trained: Trained, room: float) -> int:
    """The place of the first level whose estimate fits; the last one where none does, to be tried all the same."""
    shape = _shape(fast.model)
    if shape is None:  # nothing is known, and the try decides
        return 0
    count, held = sum(one.numel() for one in trained), _held(fast.model, fast.precision)
    fits = [footprint_gb(shape, tokens, products=held, level=level, trained=count) <= room for level in levels]
    return next((at for at, one in enumerate(fits) if one), len(levels) - 1)


def fits_whole(model: Any, machine: Machine, tokens: int) -> bool:
    """Whether one GPU has room for all of `model` and a step of so many tokens, one hidden state a layer kept.

    That is an estimate. Where there is no GPU, or nothing is known of the model, it is not said to fit.
    """
    shape = _shape(model)
    if machine.device != "cuda" or shape is None:
        return False
    trained = sum(one.numel() for one in model.parameters() if one.requires_grad)
    room = (torch.cuda.mem_get_info()[0] + torch.cuda.memory_allocated()) / 1e9
    held = _held(model, "bf16")
    return footprint_gb(shape, tokens, products=held, level="recompute", trained=trained) <= ROOM * room


def _shape(model: Any) -> Shape | None:
    """The sizes of a Llama-like model; None of another kind."""
    config = model.config
    config = config if hasattr(config, "num_hidden_layers") else without_adapters(model).config
    try:
        return Shape.of(config)
    except AttributeError:
        return None


def _held(model: Any, products: str) -> str:
    """What the frozen layers' weights are held in: the few bits that they were loaded in, or what `products` need."""
    marks = {"nf4": "is_loaded_in_4bit", "int8": "is_loaded_in_8bit"}
    return next((bits for bits, mark in marks.items() if getattr(model, mark, False)), products)


def _layers(model: Any) -> list[Any]:
    from transformers.modeling_layers import GradientCheckpointingLayer

    return [module for module in model.modules() if isinstance(module, GradientCheckpointingLayer)]


def _blocks(model: Any) -> list[gated.GatedBlock]:
    return [module for module in model.modules() if isinstance(module, gated.GatedBlock)]


def _last_norm(model: Any) -> Any:
    """What normalizes the last hidden states, where it is found; operation by operation it takes ten times as long."""
    plain = without_adapters(model)
    return getattr(plain.get_decoder(), "norm", None)


def _no_layers(products: str) -> UserError:
    return UserError(
        "E-TRAIN-022",
        f"precision: {products} changes no layer of this base: none that is frozen in bf16 under an adapter has sizes "
        f"that are multiples of {fp8.MULTIPLE}.",
        why="The setting would look as if it had been obeyed.",
        fix="precision: auto",
    )
