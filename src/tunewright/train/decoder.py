"""How a causal language model is fed and judged: chats in lines of a batch, the loss on their answers' tokens alone.

A line is one chat filled up with padding, or several chats that do not see each other. Either way the loss is the same
number and has the same gradient, but for rounding. Only the recipes import this file, inside the function that trains.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch  # noqa: TID253

from tunewright.evidence.chat import Chat
from tunewright.evidence.encoder import one_thread_a_batch
from tunewright.train.batches import by_length
from tunewright.train.chats import Chats
from tunewright.train.packing import evened

IGNORED = -100

Batch = dict[str, torch.Tensor]


def padded(chats: Sequence[Chat], weights: npt.NDArray[np.float32]) -> Batch:
    """One chat a line: ids, mask, labels and weights ``(chats, longest)``; labels of untrained tokens are -100.

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


def answer_loss(model: Any, batch: Batch) -> torch.Tensor:
    """Weighted mean negative log-likelihood of the trained tokens; each token counts alike, whatever its row."""
    total, tokens = _summed(model, batch)
    return total / tokens


def trained_tokens(batch: Batch) -> int:
    """Tokens that the loss of one batch is taken on."""
    return int((batch["labels"][:, 1:] != IGNORED).sum())


def tested(model: Any, held_out: Chats, rows: int) -> tuple[float, float]:
    """Validation loss in nats per answer token, and its negative: the metric that rises as the loss falls."""
    device = next(model.parameters()).device

    def test(chosen: npt.NDArray[np.int64]) -> tuple[float, int]:
        batch = padded([held_out.chats[at] for at in chosen], np.ones(len(chosen), dtype=np.float32))
        with torch.inference_mode():
            losses, count = _summed(model, {name: part.to(device) for name, part in batch.items()})
            return float(losses), int(count)

    with one_thread_a_batch(device.type) as pool:
        done = list(pool(test, by_length(held_out.lengths, rows)))
    loss = sum(total for total, _ in done) / sum(count for _, count in done)
    return loss, -loss


def logits_of(model: Any, batch: Batch) -> torch.Tensor:
    """Logits of every token, shape ``(lines, longest, vocabulary)``."""
    inputs: dict[str, Any] = {name: batch[name] for name in ("attention_mask", "position_ids") if name in batch}
    if "noise" in batch:
        words = model.get_input_embeddings()(batch["input_ids"])
        inputs["inputs_embeds"] = words + batch["noise"].to(words.dtype)
    else:
        inputs["input_ids"] = batch["input_ids"]
    logits: torch.Tensor = model(**inputs, use_cache=False).logits
    return logits


def _lines(lines: list[list[int]], chats: Sequence[Chat], weights: npt.NDArray[np.float32]) -> Batch:
    longest = max(sum(len(chats[at].ids) for at in line) for line in lines)
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
    named = {"input_ids": ids, "position_ids": positions, "labels": labels, "weights": weighed, "chat_lengths": lengths}
    return {name: torch.from_numpy(values) for name, values in named.items()}


def _summed(model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    logits = logits_of(model, batch)
    labels = batch["labels"][:, 1:]
    # Only the logits that foretell a trained token are raised to fp32; the rest of a large vocabulary stays small.
    places = labels != IGNORED
    taken = logits[:, :-1][places]
    each = torch.nn.functional.cross_entropy(taken.to(_at_least_fp32(taken)), labels[places], reduction="none")
    return (each * batch["weights"][:, 1:][places]).sum(), places.sum().clamp(min=1)


def _at_least_fp32(values: torch.Tensor) -> torch.dtype:
    return torch.promote_types(values.dtype, torch.float32)
