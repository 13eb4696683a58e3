"""Cross-entropy straight from the last hidden states, without all logits of a batch in memory at once.

With 128,000 words, 16,384 tokens have 4 GB of logits in bf16 and 8 GB in fp32, and their gradient takes as much again.
Here the head's product, the loss and the gradient of the hidden states are computed together for a few thousand tokens
at a time (the way of Liger Kernel, arXiv 2410.10989, and Cut Cross-Entropy, arXiv 2411.09009), each token with a
weight. The head itself may be trained.

Only the recipes import this file, inside the function that trains.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch  # noqa: TID253

from tunewright.stages.train.gpu.fp8 import (
    FrozenWeight,
    Ready,
    input_gradient,
    ones_for,
    output,
    product,
    rounded_rows,
    transposed_of,
)

#: Tokens at a time: .5 GB of bf16 logits for 128,000 words, and long enough for the product to run at full rate.
CHUNK = 2048
IGNORED = -100
_chunk = {"tokens": CHUNK}


def chunk_tokens(tokens: int) -> None:
    """Take so many tokens at a time from now on."""
    _chunk["tokens"] = tokens


class _ChunkedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: torch.Tensor,
        head: torch.Tensor,
        bias: torch.Tensor | None,
        labels: torch.Tensor,
        weights: torch.Tensor,
        frozen: FrozenWeight | None,
    ) -> torch.Tensor:
        total = torch.zeros((), device=hidden.device, dtype=torch.float32)
        gradient = torch.empty_like(hidden)
        of_head = torch.zeros_like(head, dtype=torch.float32) if head.requires_grad else None
        of_bias = torch.zeros_like(bias, dtype=torch.float32) if bias is not None and bias.requires_grad else None
        # A head that is trained is in fp32; its products are in the format of the hidden states.
        held = frozen or Ready(head.to(hidden.dtype))
        turned = transposed_of(held)
        for start in range(0, len(hidden), _chunk["tokens"]):
            here = slice(start, start + _chunk["tokens"])
            logits = output(held, hidden[here])
            if bias is not None:
                logits = logits + bias
            if turned is not None and held.scale is not None and of_head is None and of_bias is None:
                loss, codes, scale = rounded_loss(logits, labels[here], weights[here], held.scale)
                total += loss
                gradient[here] = product(codes, scale, turned, ones_for(turned), hidden.dtype)
                continue
            loss, slope = _loss_and_slope(hidden.device.type)(logits, labels[here], weights[here])
            total += loss
            gradient[here] = input_gradient(held, slope, turned)
            if of_head is not None:
                of_head += slope.t() @ hidden[here]
            if of_bias is not None:
                of_bias += slope.float().sum(0)
        ctx.save_for_backward(gradient, of_head, of_bias)
        ctx.dtypes = head.dtype, bias.dtype if bias is not None else None
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        gradient, of_head, of_bias = ctx.saved_tensors
        by = gradients[0]
        return (
            gradient * by.to(gradient.dtype),
            (of_head * by).to(ctx.dtypes[0]) if of_head is not None else None,
            (of_bias * by).to(ctx.dtypes[1]) if of_bias is not None else None,
            None,
            None,
            None,
        )


def loss_and_slope(
    logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The weighted negative log-likelihoods of one chunk, summed, and their gradient by the logits, in their format."""
    raised = logits.float()
    normalizer = torch.logsumexp(raised, dim=-1, keepdim=True)
    right = torch.arange(logits.shape[1], device=logits.device) == labels[:, None]
    own = torch.where(right, raised, 0.0).sum(-1)
    slope = (torch.exp(raised - normalizer) - right.to(raised.dtype)) * weights[:, None]
    return ((normalizer[:, 0] - own) * weights).sum(), slope.to(logits.dtype)


def rounded_loss(
    logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, scales: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The loss of one chunk as in :func:`loss_and_slope`; codes and row scales of the gradient by the logits.

    The gradient's columns are multiplied by `scales` ``(words, 1)`` before they are rounded; see ``fp8.py``.
    """
    if logits.device.type == "cuda":
        from tunewright.stages.train.gpu import loss_kernels

        return loss_kernels.rounded_loss(logits, labels, weights, scales)
    loss, slope = loss_and_slope(logits, labels, weights)
    return loss, *rounded_rows(slope, scales)


_compiled: dict[str, Any] = {}


def _loss_and_slope(device: str) -> Any:
    """Compiled on a GPU, where it is bound by memory: two passes over the logits instead of a dozen."""
    if device != "cuda":
        return loss_and_slope
    if device not in _compiled:
        _compiled[device] = torch.compile(loss_and_slope, dynamic=False)
    return _compiled[device]


def weighted_loss(
    hidden: torch.Tensor, head: torch.nn.Linear, labels: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """Sum over tokens of their weight times their negative log-likelihood, a scalar in fp32.

    Args:
        hidden: last hidden states that foretell the labels, ``(tokens, width)``.
        head: the model's last layer; with a weight ``frozen`` beside its own, its products are that one's.
        labels: ids, ``(tokens,)``; :data:`IGNORED` where nothing is learned, whose weight must be 0.
        weights: of each token, fp32 ``(tokens,)``.
    """
    short = -len(hidden) % _chunk["tokens"] if hidden.device.type == "cuda" else 0
    if short:  # so that every chunk has one shape, compiled once
        hidden = torch.cat([hidden, hidden.new_zeros(short, hidden.shape[1])])
        labels = torch.cat([labels, labels.new_full((short,), IGNORED)])
        weights = torch.cat([weights, weights.new_zeros(short)])
    given = (hidden, head.weight, head.bias, labels, weights, getattr(head, "frozen", None))
    loss: torch.Tensor = _ChunkedCrossEntropy.apply(*given)  # type: ignore[no-untyped-call]
    return loss


@contextmanager
def without_head(head: torch.nn.Module) -> Iterator[list[torch.Tensor]]:
    """Within this block a model's head hands on what it is given, and the list of what that was is this block's value.

    What the model returns would be the same, but in fp32: that is what mixed precision does to every output.
    """
    given: list[torch.Tensor] = []

    def hand_on(hidden: torch.Tensor) -> torch.Tensor:
        given.append(hidden)
        return hidden

    head.forward = hand_on
    try:
        yield given
    finally:
        del head.forward
