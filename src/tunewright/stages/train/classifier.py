"""An encoder with a head that reads the mean of its token vectors, and how it is fed, judged and tested.

Only the recipes import this file, inside the function that trains.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch  # noqa: TID253

from tunewright.models.encoder import mean_pool, one_thread_a_batch
from tunewright.stages.train.data.rows import LabelledRows


class Classifier(torch.nn.Module):
    """Logits of each label from token ids.

    Args:
        encoder: a transformers model whose first output is ``(rows, tokens, dim)``.
        weight: the head's first matrix, shape ``(labels, dim)``.
        bias: the head's first offsets, shape ``(labels,)``.
    """

    def __init__(self, encoder: Any, weight: torch.Tensor, bias: torch.Tensor) -> None:
        super().__init__()
        self.encoder = encoder
        self.weight = torch.nn.Parameter(weight)
        self.bias = torch.nn.Parameter(bias)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Logits of shape ``(rows, labels)``."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return torch.nn.functional.linear(mean_pool(hidden, attention_mask), self.weight, self.bias)


def padded(
    ids: list[list[int]], targets: npt.NDArray[np.int64], weights: npt.NDArray[np.float32]
) -> dict[str, torch.Tensor]:
    """One batch: ids and mask ``(rows, longest)``, targets and weights ``(rows,)``."""
    longest = max(len(row) for row in ids)
    tokens = np.zeros((len(ids), longest), dtype=np.int64)
    mask = np.zeros((len(ids), longest), dtype=np.int64)
    for index, row in enumerate(ids):
        tokens[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return {
        "input_ids": torch.from_numpy(tokens),
        "attention_mask": torch.from_numpy(mask),
        "targets": torch.from_numpy(targets),
        "weights": torch.from_numpy(weights),
    }


def cross_entropy(model: Any, batch: dict[str, torch.Tensor], smoothing: float = 0.0) -> torch.Tensor:
    """Weighted mean of the rows' cross-entropies; the divisor is the number of rows, so weights count as given."""
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
    each = torch.nn.functional.cross_entropy(
        logits.float(), batch["targets"], reduction="none", label_smoothing=smoothing
    )
    return (each * batch["weights"]).mean()


def tested(
    model: Any, ids: list[list[int]], rows: LabelledRows, batches: list[npt.NDArray[np.int64]]
) -> tuple[float, float]:
    """Mean cross-entropy and accuracy on held-out rows."""
    device = next(model.parameters()).device

    def test(chosen: npt.NDArray[np.int64]) -> tuple[float, int]:
        batch = padded([ids[at] for at in chosen], rows.targets[chosen], rows.weights[chosen])
        batch = {name: part.to(device) for name, part in batch.items()}
        with torch.inference_mode():
            logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).float()
            loss = torch.nn.functional.cross_entropy(logits, batch["targets"], reduction="sum")
            return float(loss), int((logits.argmax(dim=1) == batch["targets"]).sum())

    with one_thread_a_batch(device.type) as pool:
        done = list(pool(test, batches))
    return sum(loss for loss, _ in done) / len(ids), sum(right for _, right in done) / len(ids)
