"""How a causal language model is fed and judged: padded chats, and the loss of their answers' tokens alone.

Only the recipes import this file, inside the function that trains.
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

IGNORED = -100


def padded(chats: Sequence[Chat], weights: npt.NDArray[np.float32]) -> dict[str, torch.Tensor]:
    """One batch: ids, mask and labels ``(rows, longest)``, weights ``(rows,)``; labels of untrained tokens are -100.

    Padding is told by length and never by a token, so an end token that doubles as padding is still trained.
    """
    longest = max(len(chat.ids) for chat in chats)
    ids = np.zeros((len(chats), longest), dtype=np.int64)
    mask = np.zeros((len(chats), longest), dtype=np.int64)
    labels = np.full((len(chats), longest), IGNORED, dtype=np.int64)
    for row, chat in enumerate(chats):
        ids[row, : len(chat.ids)] = chat.ids
        mask[row, : len(chat.ids)] = 1
        labels[row, : len(chat.ids)] = np.where(chat.trained, chat.ids, IGNORED)
    return {
        "input_ids": torch.from_numpy(ids),
        "attention_mask": torch.from_numpy(mask),
        "labels": torch.from_numpy(labels),
        "weights": torch.from_numpy(weights),
    }


def answer_loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Weighted mean negative log-likelihood of the trained tokens; each token counts alike, whatever its row."""
    total, tokens = _summed(model, batch)
    return total / tokens


def trained_tokens(batch: dict[str, torch.Tensor]) -> int:
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


def _summed(model: Any, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False).logits
    labels = batch["labels"][:, 1:]
    # Only the logits that foretell a trained token are raised to fp32; the rest of a large vocabulary stays small.
    places = labels != IGNORED
    each = torch.nn.functional.cross_entropy(logits[:, :-1][places].float(), labels[places], reduction="none")
    weight = batch["weights"].unsqueeze(1).expand_as(labels)[places]
    return (each * weight).sum(), places.sum().clamp(min=1)
