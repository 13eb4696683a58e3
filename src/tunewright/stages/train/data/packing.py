"""Several chats in one line of a batch, and the proof that the loaded model keeps them apart."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tunewright.models.chat import Chat
from tunewright.models.unwrap import without_adapters
from tunewright.stages.train.data.bin_packing import evened

if TYPE_CHECKING:
    import numpy.typing as npt

#: Measured in fp32 on tiny random models: Llama, Qwen2, Mistral, Gemma 2 and GPT-2 shapes keep chats apart to 3e-7 of
#: the largest logit. Where they do not (Bloom, Falcon with ALiBi, MPT, Qwen3-Next, Mamba) it is 8e-3 to .5.
TOLERANCE = 1e-4
#: In 16 bits and below, products of another shape are rounded otherwise; what tells a leak there is :func:`leakage`.
COARSE = 5e-2
PROBES = 4
#: A line that holds whatever it is given.
ENDLESS = 1 << 40
#: Chats that fill their lines to this share stand side by side even where they could share a line: cuDNN's attention
#: takes lines of one length only, and is quicker than the one that is told where each chat begins.
FULL = 0.95

#: Puts chats and the weight of each into one line.
Lay = Callable[[Sequence[Chat], Any], dict[str, Any]]

Batching = Literal["packed", "padded"]


def decide_batching(
    model: Any,
    chats: Sequence[Chat],
    choice: Literal["auto", "on", "off"],
    capacity: int,
    device: str,
    *,
    lay: Lay | None = None,
) -> tuple[Batching, str]:
    """Whether to pack `chats` for `model`, and why, in words that follow a colon.

    On a CPU ``auto`` pads, because attention over a long line costs more than the padding it saves: 1,370 tokens of
    text a second for padded chats of like length, 1,000 for packed ones and 460 for padded ones of any length (one core
    of a Xeon, 10 M parameters, 8 chats of 120 tokens in the median). On a GPU it packs.

    Args:
        model: the loaded model.
        chats: what it is to be trained on.
        choice: what the user asked for.
        capacity: tokens of a line.
        device: ``cpu`` or ``cuda``.
        lay: puts chats, in their order, into one line; None leaves it to transformers to keep them apart.
    """
    if choice == "off":
        return "padded", "packing is off"
    if choice == "auto" and device == "cpu":
        return "padded", "on a CPU chats of like length side by side are quicker than long lines"
    if not takes_positions(model):
        return "padded", "this model takes no positions, so chats in one line would see each other"
    exact = _computes_in_fp32(model, device)
    gap, leak = isolation_gap(model, chats, capacity, lay), 0.0 if exact else leakage(model, chats, capacity, lay)
    if not gap <= (TOLERANCE if exact else COARSE) or not leak <= TOLERANCE:
        return "padded", (
            f"in this model chats in one line see each other (logits differ by {max(gap, leak):.1g} of their scale)"
        )
    if exact:
        return "packed", (
            f"packed logits equal single ones (to {gap:.0e} of their scale, at most {TOLERANCE:.0e} is allowed)"
        )
    return "packed", (
        f"other words beside a chat change its logits by {leak:.0e} of their scale (at most {TOLERANCE:.0e} is allowed)"
        f", and packed ones equal single ones to {gap:.0e}, within rounding"
    )


def _computes_in_fp32(model: Any, device: str) -> bool:
    """Whether products with the model's weights are in 32 bits: those weights are, and autocast is off."""
    import torch

    return next(model.parameters()).dtype.itemsize >= 4 and not torch.is_autocast_enabled(device)


def takes_positions(model: Any) -> bool:
    """Whether the model's forward has `position_ids`, from which its mask is made."""
    plain = without_adapters(model)
    return "position_ids" in inspect.signature(plain.forward).parameters


def isolation_gap(model: Any, chats: Sequence[Chat], capacity: int, lay: Lay | None = None) -> float:
    """Largest difference of any logit of a few chats in one line and of each alone, over the largest logit."""
    import torch

    worst, scale = 0.0, 0.0
    probes, most = _probes(chats, capacity)
    with torch.inference_mode():
        together = _logits(model, probes, most, lay)
        for at, here in _spans(probes, most, lay):
            alone = _logits(model, [probes[at]], most, lay)[: here.stop - here.start]
            worst = max(worst, float((together[here] - alone).abs().max()))
            scale = max(scale, float(alone.abs().max()))
    return worst / scale if scale else float("inf")


def leakage(model: Any, chats: Sequence[Chat], capacity: int, lay: Lay | None = None) -> float:
    """Largest change of any logit of one chat when all others in its line say something else, over the largest logit.

    Nothing changes shape, so in any number format a chat that sees nothing of the others has the very same logits.
    """
    import torch

    probes, most = _probes(chats, capacity)
    unchanged = PROBES - 1
    changed = [
        probe if index == unchanged else replace(probe, ids=probe.ids[::-1]) for index, probe in enumerate(probes)
    ]
    span = dict(_spans(probes, most, lay))[unchanged]
    with torch.inference_mode():
        before, after = (_logits(model, line, most, lay)[span] for line in (probes, changed))
    scale = float(before.abs().max())
    return float((before - after).abs().max()) / scale if scale else float("inf")


def _probes(chats: Sequence[Chat], capacity: int) -> tuple[list[Chat], int]:
    """A few chats, and the most tokens that one of them has."""
    most = max(2, capacity // PROBES)
    spread = [chats[at * len(chats) // PROBES] for at in range(PROBES)]
    return [replace(chat, ids=chat.ids[:most], trained=chat.trained[:most]) for chat in spread], most


def _spans(probes: list[Chat], most: int, lay: Lay | None) -> list[tuple[int, slice]]:
    """Each chat's place in the line that holds all."""
    lengths = [len(chat.ids) for chat in probes]
    order = range(len(probes)) if lay else evened(lengths, PROBES * most)[0]
    ends = np.cumsum([lengths[at] for at in order]).tolist()
    return [(at, slice(end - lengths[at], end)) for at, end in zip(order, ends, strict=True)]


def _logits(model: Any, some: list[Chat], most: int, lay: Lay | None) -> Any:
    """Logits of one line of chats, ``(tokens, vocabulary)``, fp32."""
    import torch

    from tunewright.stages.train.data.decoder import logits_of, packed

    weights = np.ones(len(some), dtype=np.float32)
    batch = lay(some, weights) if lay else packed(some, weights, capacity=PROBES * most)
    device = next(model.parameters()).device
    there = {name: part.to(device) if isinstance(part, torch.Tensor) else part for name, part in batch.items()}
    return logits_of(model, there)[0].float()


def filled(lengths: "npt.NDArray[np.int64]") -> float:
    """Share of the tokens of chats side by side that are a chat's."""
    return float(lengths.sum() / (len(lengths) * lengths.max()))


def utilization(
    lengths: "npt.NDArray[np.int64]",
    steps: Iterable["npt.NDArray[np.int64]"],
    parts: Callable[["npt.NDArray[np.int64]"], list["npt.NDArray[np.int64]"]],
    capacity: int | None,
) -> float:
    """Share of the computed tokens that are a chat's, over some steps; `capacity` of a line where chats are packed."""
    read, computed = 0, 0
    for rows in steps:
        for part in parts(rows):
            here = lengths[part]
            lines = [[at] for at in range(len(here))] if capacity is None else evened(here.tolist(), capacity)
            read += int(here.sum())
            computed += len(lines) * max(int(here[line].sum()) for line in lines)
    return read / computed if computed else 1.0
