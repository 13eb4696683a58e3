"""Causal attention on a GPU for chats side by side, each in its line or several in one line, without any mask matrix.

Padding is on the right, where causal attention never looks, so chats in lines of their own need no mask; chats in one
line are told by where each begins. transformers makes a mask of lines × length × length for the latter, which also
rules the fastest kernels out.

Only the recipes import this file, inside the function that trains.
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

import torch  # noqa: TID253

#: As transformers knows it.
NAME = "tunewright"
#: Compute capability from which a GPU has the kernel that is told where each chat begins.
FLASH_CAPABILITY = (8, 0)
#: Families whose attention is this one: causal, scaled, without caps or sinks.
FAMILIES = frozenset({"llama", "mistral", "qwen2", "qwen3"})


def suits(config: Any, longest: int) -> bool:
    """Whether a model's attention over chats of at most `longest` tokens is the one computed here."""
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    return config.model_type in FAMILIES and (window is None or longest <= window)


def install() -> None:
    """Make it known to transformers, which then makes no mask for it."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    ALL_ATTENTION_FUNCTIONS.register(NAME, attend)


def loading(folder: Path, device: str, longest: int) -> dict[str, Any]:
    """What to tell transformers when it loads the model in `folder`, so that on a GPU it computes like this."""
    from transformers import AutoConfig

    if device != "cuda" or not suits(AutoConfig.from_pretrained(folder, trust_remote_code=False), longest):
        return {}
    install()
    return {"attn_implementation": NAME}


def attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float | None = None,
    cu_seq_lens_q: torch.Tensor | None = None,
    max_length_q: int | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of queries ``(B, H, L, S)`` for B lines of L tokens and H heads of size S; it gives ``(B, L, H, S)``.

    Args:
        module: the attention layer; not read.
        query: ``(B, H, L, S)``.
        key: ``(B, K, L, S)``, of fewer heads where they are shared.
        value: likewise.
        attention_mask: never there, because transformers makes none.
        scaling: of the scores.
        cu_seq_lens_q: where each chat begins, and the end, int32; there is one line then.
        max_length_q: most tokens of a chat.
    """
    assert attention_mask is None, "this attention is causal and has no other mask"
    if cu_seq_lens_q is None:
        return _causal(query, key, value, scaling).transpose(1, 2).contiguous(), None
    return _by_beginnings(query, key, value, cu_seq_lens_q, max_length_q, scaling), None


@torch.compiler.disable  # type: ignore[untyped-decorator]
def _by_beginnings(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    beginnings: torch.Tensor,
    longest: int | None,
    scaling: float | None,
) -> torch.Tensor:
    """Attention of one line of chats; the compiler is kept out, whose list of beginnings would be another each step.

    The kernel that is told where chats begin multiplies in 16 bits alone, and autocast does not know it. So what is to
    be computed in bf16 is rounded here, as autocast does before its own kernels: weights that are trained are in fp32,
    and with them the angles that turn queries and keys. In fp32, and on GPUs before it, chats are computed in turns.
    """
    dtype = _product_dtype(query)
    if not has_kernel(query.device, dtype):
        spans = [slice(start, end) for start, end in pairwise(beginnings.tolist()) if end > start]
        each = [_causal(query[:, :, here], key[:, :, here], value[:, :, here], scaling) for here in spans]
        return torch.cat(each, dim=2).transpose(1, 2).contiguous()
    outputs = torch.ops.aten._flash_attention_forward(
        *(part[0].transpose(0, 1).to(dtype) for part in (query, key, value)),
        beginnings,
        beginnings,
        longest,
        longest,
        0.0,
        True,
        False,
        scale=scaling,
    )
    out: torch.Tensor = outputs[0][None]
    return out


def _product_dtype(values: torch.Tensor) -> torch.dtype:
    """The format of products with `values`: that of autocast where it is on, else their own."""
    device = values.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else values.dtype


def has_kernel(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether `device` has a kernel for chats in one line that multiplies in `dtype`."""
    in_16_bits = dtype in (torch.bfloat16, torch.float16)
    return in_16_bits and device.type == "cuda" and torch.cuda.get_device_capability(device) >= FLASH_CAPABILITY


def _causal(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float | None) -> torch.Tensor:
    """Causal attention of lines that each hold one chat, ``(B, H, L, S)``."""
    # One token after a cache sees all of it; PyTorch would take it for the first token of its text.
    alone = query.shape[2] == 1
    assert alone or query.shape[2] == key.shape[2], "several tokens after a cache are not computed here"
    shared = query.shape[1] != key.shape[1]
    return torch.nn.functional.scaled_dot_product_attention(
        query, key, value, is_causal=not alone, scale=scaling, enable_gqa=shared
    )
