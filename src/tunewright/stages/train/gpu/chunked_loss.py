"""Cross-entropy straight from the last hidden states, without all logits of a batch in memory at once.

With 128,000 words, 16,384 tokens have 4 GB of logits in bf16 and 8 GB in fp32, and their gradient takes as much again.
Here the head's product, the loss and the gradient of the hidden states are computed together for a few thousand tokens
at a time (the way of Liger Kernel, arXiv 2410.10989, and Cut Cross-Entropy, arXiv 2411.09009), each token with a
weight. The head itself may be trained.

Shapes: T tokens that are foretold, D width of a hidden state, V size of the vocabulary.

Only the recipes import this file, inside the function that trains.
"""

import functools
from collections.abc import Callable, Iterator
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


class ChunkedLoss:
    """The loss of a model's last hidden states, a few thousand tokens at a time.

    Args:
        head: the model's last layer, ``(V, D)``.
        dtype: what the head's products are computed in; None leaves them in the format of the hidden states.
        tokens: tokens at a time.

    Attributes:
        frozen: the head's weight in fp8, where its products are in that.
    """

    def __init__(self, head: torch.nn.Linear, *, dtype: torch.dtype | None = None, tokens: int = CHUNK) -> None:
        self.head, self.dtype, self.tokens = head, dtype, tokens
        self.frozen: FrozenWeight | None = None

    def __call__(self, hidden: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Sum over tokens of their weight times their negative log-likelihood, a scalar in fp32.

        Args:
            hidden: last hidden states that foretell the labels, ``(T, D)``.
            labels: ids, ``(T,)``; :data:`IGNORED` where nothing is learned, whose weight must be 0.
            weights: of each token, fp32 ``(T,)``.
        """
        if self.dtype is not None:
            hidden = hidden.to(self.dtype)
        short = -len(hidden) % self.tokens if hidden.device.type == "cuda" else 0
        if short:  # so that every chunk has one shape, compiled once
            hidden = torch.cat([hidden, hidden.new_zeros(short, hidden.shape[1])])
            labels = torch.cat([labels, labels.new_full((short,), IGNORED)])
            weights = torch.cat([weights, weights.new_zeros(short)])
        inputs = (hidden, self.head.weight, self.head.bias, labels, weights)
        loss: torch.Tensor = _ChunkedCrossEntropy.apply(*inputs, self)  # type: ignore[no-untyped-call]
        return loss

    @contextmanager
    def hidden_states(self) -> Iterator[list[torch.Tensor]]:
        """Within this block the head hands on what it is given, and the list of what that was is this block's value.

        What the model returns would be the same, but in fp32: that is what mixed precision does to every output.
        """
        states: list[torch.Tensor] = []

        def hand_on(hidden: torch.Tensor) -> torch.Tensor:
            states.append(hidden)
            return hidden

        self.head.forward = hand_on  # type: ignore[assignment,method-assign]
        try:
            yield states
        finally:
            del self.head.forward

    def loss_and_gradient(self, device: str) -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
        """:func:`loss_and_gradient`; on a GPU, where it is bound by memory, compiled: two passes instead of a dozen."""
        return self._compiled if device == "cuda" else loss_and_gradient

    @functools.cached_property
    def _compiled(self) -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
        """That function compiled for chunks of one shape."""
        return torch.compile(loss_and_gradient, dynamic=False)


class _ChunkedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: torch.Tensor,
        head: torch.Tensor,
        bias: torch.Tensor | None,
        labels: torch.Tensor,
        weights: torch.Tensor,
        loss: ChunkedLoss,
    ) -> torch.Tensor:
        total = torch.zeros((), device=hidden.device, dtype=torch.float32)
        grad_hidden = torch.empty_like(hidden)
        grad_head = torch.zeros_like(head, dtype=torch.float32) if head.requires_grad else None
        grad_bias = torch.zeros_like(bias, dtype=torch.float32) if bias is not None and bias.requires_grad else None
        # A head that is trained is in fp32; its products are in the format of the hidden states.
        weight = loss.frozen or Ready(head.to(hidden.dtype))
        transposed = transposed_of(weight)
        for start in range(0, len(hidden), loss.tokens):
            here = slice(start, start + loss.tokens)
            logits = output(weight, hidden[here])
            if bias is not None:
                logits = logits + bias
            if transposed is not None and weight.scale is not None and grad_head is None and grad_bias is None:
                part, codes, scale = rounded_loss(logits, labels[here], weights[here], weight.scale)
                total += part
                grad_hidden[here] = product(codes, scale, transposed, ones_for(transposed), hidden.dtype)
                continue
            part, grad_logits = loss.loss_and_gradient(hidden.device.type)(logits, labels[here], weights[here])
            total += part
            grad_hidden[here] = input_gradient(weight, grad_logits, transposed)
            if grad_head is not None:
                grad_head += grad_logits.t() @ hidden[here]
            if grad_bias is not None:
                grad_bias += grad_logits.float().sum(0)
        ctx.save_for_backward(grad_hidden, grad_head, grad_bias)
        ctx.dtypes = head.dtype, bias.dtype if bias is not None else None
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        grad_hidden, grad_head, grad_bias = ctx.saved_tensors
        by = gradients[0]
        return (
            grad_hidden * by.to(grad_hidden.dtype),
            (grad_head * by).to(ctx.dtypes[0]) if grad_head is not None else None,
            (grad_bias * by).to(ctx.dtypes[1]) if grad_bias is not None else None,
            None,
            None,
            None,
        )


def loss_and_gradient(
    logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The weighted negative log-likelihoods of one chunk, summed, and their gradient by the logits, in their format.

    Args:
        logits: ``(T, V)``.
        labels: ``(T,)``.
        weights: ``(T,)``.
    """
    raised = logits.float()
    normalizer = torch.logsumexp(raised, dim=-1, keepdim=True)
    right = torch.arange(logits.shape[1], device=logits.device) == labels[:, None]
    own = torch.where(right, raised, 0.0).sum(-1)
    grad_logits = (torch.exp(raised - normalizer) - right.to(raised.dtype)) * weights[:, None]
    return ((normalizer[:, 0] - own) * weights).sum(), grad_logits.to(logits.dtype)


def rounded_loss(
    logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, scales: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The loss of one chunk as in :func:`loss_and_gradient`; codes and row scales of the gradient by the logits.

    The gradient's columns are multiplied by `scales` ``(V, 1)`` before they are rounded; see ``fp8.py``.
    """
    if logits.device.type == "cuda":
        from tunewright.stages.train.gpu import chunked_loss_kernels

        return chunked_loss_kernels.rounded_loss(logits, labels, weights, scales)
    loss, grad_logits = loss_and_gradient(logits, labels, weights)
    return loss, *rounded_rows(grad_logits, scales)
