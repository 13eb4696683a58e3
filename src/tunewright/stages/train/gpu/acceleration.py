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
from tunewright.models.memory_estimate import NOTHING_AGAIN, POLICIES, ActivationPolicy, Shape, footprint_gb
from tunewright.models.unwrap import without_adapters
from tunewright.stages.train.gpu import attention, fp8
from tunewright.stages.train.gpu.chunked_loss import CHUNK, ChunkedLoss
from tunewright.stages.train.gpu.fp8_format import MULTIPLE, Products
from tunewright.stages.train.gpu.fused_ffn import FusedFfn, Recomputing, fuse_ffn
from tunewright.stages.train.gpu.fused_ffn_types import Saved
from tunewright.stages.train.gpu.fused_qkv import fuse_qkv
from tunewright.stages.train.machine import Machine

Precision = Literal["auto", "bf16", "fp8-backward", "fp8"]
Checkpointing = Literal["auto", "none", "fp8", "selective", "full", "offload"]

#: Compute capability from which a GPU multiplies in e4m3 with a scale for each row.
FP8_CAPABILITY = (8, 9)
#: Compiling takes some 10 to 30 s and saves about a quarter of a step; below this much arithmetic it does not pay.
COMPILE_FLOP = 5e16
#: Share of the free memory that an estimate may fill; the try of the longest batch may fill all of it.
ROOM = 0.92
#: What the compiler may keep of what it would keep at its fastest (``activation_memory_budget``), with some left out.
BUDGET: dict[ActivationPolicy, float] = {"none": 1.0, "fp8": 1.0, "selective": 0.2, "full": 1.0, "offload": 1.0}
#: What of gate and up a feed-forward block saves; where a whole layer is computed again, nothing outlives that.
SAVED: dict[ActivationPolicy, Saved] = {"fp8": "codes", "selective": "nothing"}
#: Logits at a time where memory is short.
SHORT_CHUNK = 1024
#: Rows of a feed-forward block at a time, likewise: enough for products to run at full rate.
PIECE = 4096

#: The option that chooses what of a step is kept, as users type it.
SETTING = "activation_checkpointing"

Trained = list[torch.nn.Parameter]


@dataclass
class AcceleratedModel:
    """How a model computes.

    Attributes:
        model: the model that is trained.
        precision: number format of its products, as a run records it.
        loss: taken straight from what its last layer would be given; None where that layer is not known.
        flat: whether chats share one line and attention is told where each begins.
        policy: what is kept of a step.
        decisions: lines for a run's environment.
        recomputing: tells its blocks when their layer is computed again.
    """

    model: Any
    precision: str
    loss: ChunkedLoss | None = None
    flat: bool = False
    policy: ActivationPolicy = "none"
    decisions: dict[str, str] = field(default_factory=dict)
    recomputing: Recomputing = field(default_factory=Recomputing)

    @property
    def ffn_blocks(self) -> list[FusedFfn]:
        """Its fused feed-forward blocks."""
        return [module for module in self.model.modules() if isinstance(module, FusedFfn)]

    @property
    def frozen_weights(self) -> list[fp8.FrozenWeight]:
        """Its weights that may be in fp8, the last layer's included."""
        weights = [module for module in self.model.modules() if isinstance(module, fp8.FrozenWeight)]
        return weights if self.loss is None or self.loss.frozen is None else [*weights, self.loss.frozen]


def load(folder: Path, *, device: str, bf16: bool, max_tokens: int) -> CausalLM:
    """The model in `folder`, in bf16 or in fp32; on a GPU with our attention where it is the model's.

    Weights that are trained are in fp32 whatever the products are in: a step of 2e-5 is lost in the 8 bits of bf16.
    """
    loading = attention.loading(folder, device, max_tokens)
    if bf16:
        loading["dtype"] = torch.bfloat16
    return CausalLM.load(folder, device=device, loading=loading)


def accelerate(model: Any, precision: Precision, machine: Machine) -> AcceleratedModel:
    """Let `model`, adapters and all, compute as fast as it can on this machine, in the precision that was asked for.

    Raises:
        UserError: E-TRAIN-022 when 8-bit products are asked for and this machine has none.
    """
    if precision.startswith("fp8"):
        require_fp8(precision, machine)
    if machine.device != "cuda":
        return AcceleratedModel(model, machine.precision)
    plain = without_adapters(model)
    products: Products = "bf16" if precision == "auto" else precision
    blocks = attentions = layers = 0
    if plain is not model and plain.get_input_embeddings().weight.dtype == torch.bfloat16:
        blocks, attentions = fuse_ffn(model, products), fuse_qkv(model, products)
        layers = fp8.freeze_in_fp8(model, products) if products != "bf16" else 0
    changed = blocks + attentions + layers
    if products != "bf16" and not changed:
        raise _no_layers(products)
    loss = loss_of(plain, machine)
    if products != "bf16" and loss is not None:
        layers += freeze_head(loss, products)
    return AcceleratedModel(
        model,
        products if changed and products != "bf16" else machine.precision,
        loss=loss,
        flat=plain.config._attn_implementation == attention.NAME,
        decisions={"fused blocks": str(blocks), "joint layers": str(attentions), "fp8 layers": str(layers)},
    )


def loss_of(plain: Any, machine: Machine) -> ChunkedLoss | None:
    """The loss straight from the last hidden states of a family that is known; None of another.

    It is computed outside the model's forward, and so outside of its autocast: where that is in bf16, the head's
    products are told to be.
    """
    if plain.config.model_type not in attention.FAMILIES:
        return None
    return ChunkedLoss(plain.get_output_embeddings(), dtype=torch.bfloat16 if machine.precision == "bf16" else None)


def freeze_head(loss: ChunkedLoss, products: Products) -> int:
    """Let the loss be taken through fp8 products of a frozen last layer; 1 if it is.

    Measured on a trained model: the cosine of adapter gradients with fp32's goes from .9915 to .9911 in fp8, and from
    .9991 to .9990 with only the gradient in fp8 (benchmarks/results/fp8_gradients.json).
    """
    if loss.head.weight.requires_grad or not fp8.fits(loss.head):
        return 0
    loss.frozen = fp8.FrozenWeight(loss.head.weight, products)
    return 1


def require_fp8(precision: str, machine: Machine) -> None:
    """Stop unless this machine multiplies in 8-bit floating point.

    Raises:
        UserError: E-TRAIN-022.
    """
    if machine.device == "cuda" and torch.cuda.get_device_capability() >= FP8_CAPABILITY:
        return
    raise _no_units(f"precision: {precision}", machine, fix="precision: auto")


def require_codes(accelerated: AcceleratedModel, machine: Machine) -> None:
    """Stop unless feed-forward blocks can keep their middle in 8 bits.

    Raises:
        UserError: E-TRAIN-022.
    """
    if torch.cuda.get_device_capability() < FP8_CAPABILITY:
        raise _no_units(f"{SETTING}: fp8", machine, fix=f"{SETTING}: auto")
    if not accelerated.ffn_blocks:
        raise UserError(
            "E-TRAIN-022",
            f"{SETTING}: fp8 changes nothing here: no feed-forward block of this base is fused.",
            why="Fused is a frozen block with plain LoRA on gate, up and down, and silu between.",
            fix=f"{SETTING}: auto",
        )


def _no_units(setting: str, machine: Machine, *, fix: str) -> UserError:
    """The error that `setting` needs fp8 units, which this machine has not."""
    has = torch.cuda.get_device_name() if machine.device == "cuda" else "no GPU"
    return UserError(
        "E-TRAIN-022",
        f"{setting} needs a GPU with fp8 units, and this machine has {has}.",
        why="NVIDIA GPUs have them from compute capability 8.9 on: Ada, Hopper, Blackwell.",
        fix=fix,
        exit_code=ExitCode.RESOURCES,
    )


def fit_to_memory(
    accelerated: AcceleratedModel,
    chosen: Checkpointing,
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
        accelerated: the model; its policy is set.
        chosen: a policy, or ``auto``.
        machine: how it is computed.
        progress: told what was decided.
        longest: the longest batch that a step could hold, on the device.
        loss: of one batch.
        tokens: in that batch.
        flop: floating-point operations of the whole training, about.

    Raises:
        UserError: E-TRAIN-023 when it fits with no policy, E-TRAIN-022 when codes are to be kept and cannot.
    """
    if machine.device != "cuda":
        return
    if chosen == "fp8":
        require_codes(accelerated, machine)
    compiled = flop >= COMPILE_FLOP and _layers(accelerated.model) != []
    free, whole = (value / 1e9 for value in torch.cuda.mem_get_info())
    held = torch.cuda.memory_allocated() / 1e9
    trained = [parameter for parameter in accelerated.model.parameters() if parameter.requires_grad]
    policies = policies_for(accelerated) if chosen == "auto" else (chosen,)
    policies = policies[_first_that_fits(accelerated, policies, tokens, trained, ROOM * (free + held)) :]
    for policy in policies:
        set_policy(accelerated, policy, compiled=compiled)
        peak = _tried(accelerated, machine, longest, loss, trained)
        if peak is not None and peak <= free + held:
            accelerated.decisions |= {
                "activations": f"{policy}: the longest batch there could be, {tokens} tokens, takes {peak:.1f} of "
                f"{whole:.0f} GB",
                "compiled": str(compiled),
            }
            progress.say(f"Of each step {_WORDS[policy]}: {peak:.1f} of {whole:.0f} GB at the longest batch.")
            return
        progress.say(f"With {_WORDS[policy]} the longest batch ({tokens} tokens) does not fit; keeping less.")
    raise UserError(
        "E-TRAIN-023",
        f"The longest batch, {tokens} tokens, does not fit into {free + held:.0f} GB of GPU memory.",
        why="It was tried before the first step" + ("" if chosen == "auto" else f", with {SETTING}: {chosen}") + ".",
        fix="Raise accumulation, lower batch or max_tokens, or use method qlora"
        + ("." if chosen == "auto" else f"; {SETTING}: auto may find a way."),
        exit_code=ExitCode.RESOURCES,
    )


def policies_for(accelerated: AcceleratedModel) -> tuple[ActivationPolicy, ...]:
    """What ``auto`` tries in turn: values are kept in 8 bits only of blocks whose products are in 8 bits too."""
    in_fp8 = accelerated.precision.startswith("fp8") and accelerated.ffn_blocks != []
    return tuple(policy for policy in POLICIES if in_fp8 or policy != "fp8")


def fit_sharded(accelerated: AcceleratedModel, chosen: Checkpointing, machine: Machine, progress: Progress) -> None:
    """Decide what of a step is kept where several processes divide the model among them; nothing is tried.

    Who divides a model is short of memory, so ``auto`` keeps one hidden state a layer. Layers are not compiled.
    """
    accelerated.decisions["model"] = "divided among the processes by FSDP2"
    if machine.device != "cuda":
        return
    if chosen == "fp8":
        require_codes(accelerated, machine)
    set_policy(accelerated, "full" if chosen == "auto" else chosen, compiled=False)
    accelerated.decisions |= {"activations": accelerated.policy, "compiled": "False"}
    progress.say(f"The model is divided among the processes; of each step {_WORDS[accelerated.policy]}.")


_WORDS: dict[ActivationPolicy, str] = {
    "none": "everything is kept",
    "fp8": "everything is kept, the middle of feed-forward blocks in 8 bits",
    "selective": "what is cheap is computed again",
    "full": "one hidden state a layer is kept",
    "offload": "one hidden state a layer is kept, in main memory",
}


def set_policy(accelerated: AcceleratedModel, policy: ActivationPolicy, *, compiled: bool) -> None:
    """Let the layers keep what `policy` says from now on."""
    torch.compiler.reset()
    short = policy not in NOTHING_AGAIN
    for block in accelerated.ffn_blocks:
        block.saved, block.piece = SAVED.get(policy, "values"), PIECE if short else 0
        block.recomputing = accelerated.recomputing
    if short:
        for weight in accelerated.frozen_weights:
            weight.drop_transposed()
    for layer in _layers(accelerated.model):
        forward = _own_forward(layer, BUDGET[policy] if compiled else None)
        if policy in ("full", "offload"):
            forward = _recomputed(forward, accelerated.recomputing, offload=policy == "offload")
        layer.forward = forward
    last = _last_norm(accelerated.model)
    if last is not None:
        last.forward = _own_forward(last, 1.0 if compiled else None)
    if accelerated.loss is not None:
        accelerated.loss.tokens = SHORT_CHUNK if short else CHUNK
    accelerated.policy = policy


def _own_forward(module: Any, budget: float | None) -> Callable[..., Any]:
    """The forward of a module's class, compiled within a memory `budget` where there is one.

    The compiler reads its budget from a setting of the whole process, while it compiles and again for another shape; so
    that is set around each call, and is afterwards what it was.
    """
    forward: Callable[..., Any] = type(module).forward.__get__(module)
    if budget is None:
        return forward
    import torch._functorch.config as partition

    compiled = torch.compile(forward)
    if budget == partition.activation_memory_budget:
        return compiled

    @functools.wraps(forward)
    def within_budget(*args: Any, **named: Any) -> Any:
        with partition.patch(activation_memory_budget=budget):
            return compiled(*args, **named)

    return within_budget


def _recomputed(forward: Callable[..., Any], recomputing: Recomputing, *, offload: bool) -> Callable[..., Any]:
    """`forward` of a layer that keeps its input alone, with `offload` in main memory, and is computed again."""
    from torch.utils.checkpoint import checkpoint

    @functools.wraps(forward)
    def again(*args: Any, **named: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*args, **named)
        computed = False

        def compute(*args: Any, **named: Any) -> Any:
            nonlocal computed
            first, computed = not computed, True
            with nullcontext() if first else recomputing():
                return forward(*args, **named)

        # What checkpoint saves is its input; the hook keeps that in main memory until it is needed.
        with torch.autograd.graph.save_on_cpu(pin_memory=True) if offload else nullcontext():
            return checkpoint(compute, *args, use_reentrant=False, preserve_rng_state=False, **named)

    return again


def _tried(
    accelerated: AcceleratedModel,
    machine: Machine,
    longest: Callable[[], Any],
    loss: Callable[[Any], torch.Tensor],
    trained: Trained,
) -> float | None:
    """Gigabytes at the peak of one step on the longest batch, Adam's moments included; None when it does not fit."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    try:
        with autocast(machine):
            value = loss(longest())
        torch.autograd.grad(value, trained)
        del value
    except torch.OutOfMemoryError:
        return None
    finally:
        torch.cuda.empty_cache()
    moments = 8 * sum(parameter.numel() for parameter in trained)
    return (torch.cuda.max_memory_allocated() + moments) / 1e9


@contextmanager
def autocast(machine: Machine) -> Iterator[None]:
    """As the Trainer computes: in bf16 where the machine does."""
    with torch.autocast(machine.device, torch.bfloat16, enabled=machine.precision == "bf16"):
        yield


def _first_that_fits(
    accelerated: AcceleratedModel,
    policies: tuple[ActivationPolicy, ...],
    tokens: int,
    trained: Trained,
    room: float,
) -> int:
    """The place of the first policy whose estimate fits; the last one where none does, to be tried all the same."""
    shape = _shape(accelerated.model)
    if shape is None:  # nothing is known, and the try decides
        return 0
    count = sum(parameter.numel() for parameter in trained)
    products = _products(accelerated.model, accelerated.precision)
    fits = [footprint_gb(shape, tokens, products=products, policy=policy, trained=count) <= room for policy in policies]
    return next((place for place, fitting in enumerate(fits) if fitting), len(policies) - 1)


def fits_whole(model: Any, machine: Machine, tokens: int) -> bool:
    """Whether one GPU has room for all of `model` and a step of so many tokens, one hidden state a layer kept.

    That is an estimate. Where there is no GPU, or nothing is known of the model, it is not said to fit.
    """
    shape = _shape(model)
    if machine.device != "cuda" or shape is None:
        return False
    trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    room = (torch.cuda.mem_get_info()[0] + torch.cuda.memory_allocated()) / 1e9
    return footprint_gb(shape, tokens, products=_products(model, "bf16"), policy="full", trained=trained) <= ROOM * room


def _shape(model: Any) -> Shape | None:
    """The sizes of a Llama-like model; None of another kind."""
    config = model.config
    config = config if hasattr(config, "num_hidden_layers") else model.get_base_model().config
    try:
        return Shape.of(config)
    except AttributeError:
        return None


def _products(model: Any, products: str) -> str:
    """What the frozen layers' weights are held in: the few bits that they were loaded in, or what `products` need."""
    marks = {"nf4": "is_loaded_in_4bit", "int8": "is_loaded_in_8bit"}
    return next((bits for bits, mark in marks.items() if getattr(model, mark, False)), products)


def _layers(model: Any) -> list[Any]:
    """The layers of `model` that transformers would compute again as a whole."""
    from transformers.modeling_layers import GradientCheckpointingLayer

    return [module for module in model.modules() if isinstance(module, GradientCheckpointingLayer)]


def _last_norm(model: Any) -> Any:
    """What normalizes the last hidden states, where it is found; operation by operation it takes ten times as long."""
    return getattr(without_adapters(model).get_decoder(), "norm", None)


def _no_layers(products: str) -> UserError:
    """The error that a precision in fp8 would have no effect."""
    return UserError(
        "E-TRAIN-022",
        f"precision: {products} changes no layer of this base: none that is frozen in bf16 under an adapter has sizes "
        f"that are multiples of {MULTIPLE}.",
        why="The setting would look as if it had been obeyed.",
        fix="precision: auto",
    )
