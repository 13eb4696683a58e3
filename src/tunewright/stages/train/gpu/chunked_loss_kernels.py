"""The Triton kernel of the loss whose gradient goes into an fp8 product: two looks at the logits, none at a gradient.

Imported only where there is a GPU.
"""

import torch  # noqa: TID253
import triton  # type: ignore[import-not-found,import-untyped,unused-ignore]
import triton.language as tl  # type: ignore[import-not-found,import-untyped,unused-ignore]

from tunewright.stages.train.gpu.fp8_format import CODES, LARGEST, LEAST_SCALE

#: Words at a time, and warps: so many that few rows are under way at once, whose logits the cache still holds when they
#: are looked at again.
SIZES = {"PIECE": 2048, "num_warps": 16}


def rounded_loss(
    logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, scales: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The loss, and its gradient's codes ``(T, V)`` and row scales ``(T, 1)``; see ``chunked_loss.py``."""
    count, words = logits.shape
    losses = torch.empty(count, device=logits.device, dtype=torch.float32)
    codes = torch.empty(count, words, device=logits.device, dtype=CODES)
    scale = torch.empty(count, 1, device=logits.device, dtype=torch.float32)
    _rounded_loss[(count,)](
        logits.contiguous(),
        labels,
        weights,
        scales,
        losses,
        codes,
        scale,
        words,
        LARGEST,
        LEAST_SCALE,
        **SIZES,
    )
    return losses.sum(), codes, scale


# Triton reads annotations as types of its own, so this function has none.


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _rounded_loss(  # type: ignore[no-untyped-def]
    logits, labels, weights, scales, losses, codes, scale, words, LARGEST, LEAST, PIECE: tl.constexpr
):
    row = tl.program_id(0).to(tl.int64)
    logits += row * words
    codes += row * words
    label = tl.load(labels + row)
    weight = tl.load(weights + row)
    # The softmax's sum, each lane relative to its largest logit so far (Milakov and Gimelshein 2018, arXiv 1805.02867);
    # and the largest scaled gradient among all words but the right one, by its logarithm.
    lane = tl.arange(0, PIECE)
    most = tl.full((PIECE,), -1e30, tl.float32)
    steepest = tl.full((PIECE,), float("-inf"), tl.float32)
    total = tl.zeros((PIECE,), tl.float32)
    for start in range(0, words, PIECE):
        place = start + lane
        inside = place < words
        value = tl.load(logits + place, mask=inside, other=float("-inf")).to(tl.float32)
        by = tl.load(scales + place, mask=inside, other=1.0)
        higher = tl.maximum(most, value)
        total = total * tl.exp(most - higher) + tl.exp(value - higher)
        most = higher
        steepest = tl.maximum(steepest, tl.where(place == label, float("-inf"), value + tl.log(by)))
    largest = tl.max(most, axis=0)
    normalizer = largest + tl.log(tl.sum(total * tl.exp(most - largest), axis=0))
    known = (label >= 0) & (label < words)
    own = tl.load(logits + label, mask=known, other=0.0).to(tl.float32)
    at_own = (1.0 - tl.exp(own - normalizer)) * tl.load(scales + label, mask=known, other=0.0)
    top = tl.maximum(tl.exp(tl.max(steepest, axis=0) - normalizer), at_own) * tl.abs(weight)
    step = tl.maximum(top, LEAST * LARGEST) / LARGEST
    factor = weight / step
    tl.store(losses + row, (normalizer - own) * weight)
    tl.store(scale + row, step)
    for start in range(0, words, PIECE):
        place = start + lane
        inside = place < words
        value = tl.load(logits + place, mask=inside, other=float("-inf")).to(tl.float32)
        by = tl.load(scales + place, mask=inside, other=0.0)
        grad_logit = tl.exp(value - normalizer) - tl.where(place == label, 1.0, 0.0)
        code = grad_logit * by * factor
        code = tl.minimum(tl.maximum(code, -LARGEST), LARGEST)  # rounding may end just beyond the largest code
        tl.store(codes + place, code.to(codes.dtype.element_ty), mask=inside)
