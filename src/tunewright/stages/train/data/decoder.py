"""How a causal language model is fed and judged: chats in lines of a batch, the loss on their answers' tokens alone.

A line is one chat filled up with padding, or several chats that do not see each other. Either way the loss is the same
number and has the same gradient, but for rounding. Only the recipes import this file, inside the function that trains.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch  # noqa: TID253

from tunewright.models.chat import Chat
from tunewright.models.encoder import one_thread_a_batch
from tunewright.stages.train.data.batches import by_length
from tunewright.stages.train.data.bin_packing import evened
from tunewright.stages.train.data.chats import Chats
from tunewright.stages.train.data.logit_positions import LogitPositions
from tunewright.stages.train.distributed.process_group import ALONE, ProcessGroup
from tunewright.stages.train.gpu.chunked_loss import ChunkedLoss

IGNORED = -100
#: What a model is given beside the words.
EXTRA_INPUTS = ("attention_mask", "position_ids", "cu_seq_lens_q", "max_length_q")

#: Lines for which attention is told where each chat begins are filled up to a multiple of this.
MULTIPLE = 64

Batch = dict[str, Any]


def padded(chats: Sequence[Chat], weights: npt.NDArray[np.float32]) -> Batch:
    """One chat a line: ids, mask, labels and weights ``(chats, longest)``; labels of untrained tokens are -100.

    ``trained`` has the places of the others, counted through all lines.

    Padding is told by length and never by a token, so an end token that doubles as padding is still trained.
    """
    batch = _lines([[at] for at in range(len(chats))], chats, weights)
    lengths = torch.tensor([len(chat.ids) for chat in chats])
    del batch["position_ids"]
    batch["attention_mask"] = (torch.arange(batch["labels"].shape[1]) < lengths[:, None]).long()
    return batch


def packed(chats: Sequence[Chat], weights: npt.NDArray[np.float32], capacity: int) -> Batch:
    """Several chats a line of at most `capacity` tokens: ids, positions, labels and weights ``(lines, longest)``.

    Positions start anew with each chat, and there is no mask: from that transformers (5) makes the block-diagonal one
    that keeps chats apart, for every kind of attention; a mask of ones, or a cache, would silently undo it. A token of
    padding is a chat of its own. No chat's first token is foretold from the chat before it.
    """
    return _lines(evened([len(chat.ids) for chat in chats], capacity), chats, weights)


def flat(chats: Sequence[Chat], weights: npt.NDArray[np.float32], longest: int, most: int) -> Batch:
    """All chats one after another in one line ``(1, tokens)``, and where each begins, for attention that is told so.

    What is filled up is a chat of its own. The list of beginnings has the same length whatever the number of chats, its
    end repeated, so that compiled code meets one shape.

    Args:
        chats: of one part of a step.
        weights: of each.
        longest: most tokens that any chat has.
        most: chats of the largest part.
    """
    lengths = [len(chat.ids) for chat in chats]
    size = -(-sum(lengths) // MULTIPLE) * MULTIPLE
    batch = _lines([list(range(len(chats)))], chats, weights, longest=size)
    ends = np.minimum(np.cumsum([0, *lengths, size]), size)
    ends = np.concatenate([ends, np.full(max(0, most + 2 - len(ends)), size)])
    return {**batch, "cu_seq_lens_q": torch.from_numpy(ends.astype(np.int32)), "max_length_q": longest + MULTIPLE}


def with_noise(batch: Batch, alpha: float, width: int, seed: Sequence[int]) -> Batch:
    """`batch` with noise for its word vectors, shape ``(lines, longest, width)`` (NEFTune, arXiv 2310.05914).

    Uniform in ±alpha / √(length · width), where length is the chat's own; drawn from `seed` and from nothing else, so
    that a resumed step draws it again. Padding gets none.
    """
    generator = torch.Generator().manual_seed(int(np.random.default_rng(seed).integers(2**62)))
    shape = (*batch["input_ids"].shape, width)
    scale = alpha / torch.sqrt(batch["chat_lengths"].clamp(min=1) * width)
    noise = (torch.rand(shape, generator=generator) * 2 - 1) * (scale * (batch["chat_lengths"] > 0)).unsqueeze(-1)
    return {**batch, "noise": noise}


def answer_loss(
    model: Any, batch: Batch, states_loss: ChunkedLoss | None = None, positions: LogitPositions | None = None
) -> torch.Tensor:
    """Weighted mean negative log-likelihood of the trained tokens; each token counts alike, whatever its row.

    Args:
        model: the model.
        batch: lines of chats.
        states_loss: takes the loss straight from what the model's head would be given, where it is to be.
        positions: of its head, where that is to read the trained tokens alone.
    """
    total, tokens = _loss_and_count(model, batch, states_loss, positions)
    return total / tokens


def on_device(batch: Batch, device: str | torch.device) -> Batch:
    """`batch` with its tensors on `device`."""
    return {name: part.to(device) if isinstance(part, torch.Tensor) else part for name, part in batch.items()}


def trained_tokens(batch: Batch) -> int:
    """Tokens that the loss of one batch is taken on."""
    return len(batch["trained"])


def tested(
    model: Any,
    held_out: Chats,
    rows: int,
    states_loss: ChunkedLoss | None = None,
    positions: LogitPositions | None = None,
    group: ProcessGroup = ALONE,
) -> tuple[float, float]:
    """Validation loss in nats per answer token, and its negative: the metric that rises as the loss falls.

    Args:
        model: the model.
        held_out: the validation rows.
        rows: how many of them are read at once.
        states_loss: as for :func:`answer_loss`.
        positions: as for :func:`answer_loss`.
        group: the processes that read them together.
    """
    device = next(model.parameters()).device

    def test(chosen: npt.NDArray[np.int64]) -> tuple[float, int]:
        batch = padded([held_out.chats[row] for row in chosen], np.ones(len(chosen), dtype=np.float32))
        # A sharded model refuses inference tensors.
        with torch.inference_mode() if group.is_alone else torch.no_grad():
            loss, count = _loss_and_count(model, on_device(batch, device), states_loss, positions)
            return float(loss), int(count)

    batches = by_length(held_out.lengths, rows)
    if group.is_alone:
        with one_thread_a_batch(device.type) as pool:
            results = list(pool(test, batches))
    else:
        own = [(test(chosen), counts) for chosen, counts in group.shard(batches)]
        results = [result for result, counts in own if counts]
    total, tokens = group.all_reduce_sum(sum(loss for loss, _ in results), sum(count for _, count in results))
    return total / tokens, -total / tokens


def logits_of(model: Any, batch: Batch) -> torch.Tensor:
    """Logits of every token, shape ``(lines, longest, vocabulary)``."""
    inputs: dict[str, Any] = {name: batch[name] for name in EXTRA_INPUTS if name in batch}
    if "noise" in batch:
        words = model.get_input_embeddings()(batch["input_ids"])
        inputs["inputs_embeds"] = words + batch["noise"].to(words.dtype)
    else:
        inputs["input_ids"] = batch["input_ids"]
    logits: torch.Tensor = model(**inputs, use_cache=False).logits
    return logits


def _lines(
    lines: list[list[int]], chats: Sequence[Chat], weights: npt.NDArray[np.float32], *, longest: int = 0
) -> Batch:
    """A batch with these chats in each line, all lines `longest` tokens long, or as long as the fullest."""
    longest = longest or max(sum(len(chats[at].ids) for at in line) for line in lines)
    shape = (len(lines), longest)
    ids, positions, lengths = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    labels = np.full(shape, IGNORED, dtype=np.int64)
    weighed = np.zeros(shape, dtype=np.float32)
    for row, line in enumerate(lines):
        start = 0
        for at in line:
            chat = chats[at]
            here = (row, slice(start, start := start + len(chat.ids)))
            ids[here], positions[here] = chat.ids, np.arange(len(chat.ids))
            labels[here] = np.where(chat.trained, chat.ids, IGNORED)
            labels[row, here[1].start] = IGNORED
            weighed[here], lengths[here] = weights[at], len(chat.ids)
    named = {
        "input_ids": ids,
        "position_ids": positions,
        "labels": labels,
        "weights": weighed,
        "chat_lengths": lengths,
        "trained": np.flatnonzero(labels != IGNORED),
    }
    return {name: torch.from_numpy(values) for name, values in named.items()}


def _loss_and_count(
    model: Any, batch: Batch, states_loss: ChunkedLoss | None, positions: LogitPositions | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """The weighted losses of the trained tokens, added, and how many tokens they are, at least 1."""
    if states_loss is not None:
        with states_loss.hidden_states() as hidden:
            logits_of(model, batch)
        # By their numbers: a GPU asked which tokens are trained would have to be waited for.
        at = batch["trained"]
        labels, weights = batch["labels"].flatten()[at], batch["weights"].flatten()[at]
        return states_loss(hidden[-1].flatten(0, 1)[at - 1], labels, weights), torch.tensor(max(len(at), 1))
    labels = batch["labels"][:, 1:]
    trained = labels != IGNORED
    # Only the logits that foretell a trained token are computed, or at least raised to fp32.
    if positions is not None:
        with positions.only(torch.nn.functional.pad(trained, (0, 1))):
            logits = logits_of(model, batch)
    else:
        logits = logits_of(model, batch)[:, :-1][trained]
    losses = torch.nn.functional.cross_entropy(logits.to(_at_least_fp32(logits)), labels[trained], reduction="none")
    return (losses * batch["weights"][:, 1:][trained]).sum(), trained.sum().clamp(min=1)


def _at_least_fp32(values: torch.Tensor) -> torch.dtype:
    """The number format of `values`, or fp32 where that holds more."""
    return torch.promote_types(values.dtype, torch.float32)
