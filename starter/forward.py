"""Llama's forward pass spelled out over the weights of a transformers model, so that it compiles without a break.

It computes what ``LlamaForCausalLM`` computes (tests compare the logits); what is trained is the stock model.
"""
# ruff: noqa: TID253 (this file is imported only where a model is trained)

import torch
from torch import Tensor
from torch.nn import functional

#: Weight of log²(Z), which keeps the logits small enough for bf16 (Chowdhery et al. 2022, arXiv 2204.02311, § 5).
Z_WEIGHT = 1e-4
#: Weight of a chat's tokens that are not the assistant's: they teach the forms of requests, not what to answer.
PROMPT_WEIGHT = 0.1


def rope(length: int, width: int, theta: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines `(length, width)` of the rotary embedding, in fp32."""
    rates = 1.0 / theta ** (torch.arange(0, width, 2, device=device, dtype=torch.float32) / width)
    angles = torch.outer(torch.arange(length, device=device, dtype=torch.float32), rates)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def _normed(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    wide = x.float()
    wide = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps)
    return weight * wide.to(x.dtype)


def _turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    swapped = torch.cat((-x[..., half:], x[..., :half]), dim=-1)
    return x * cos + swapped * sin


def logits(model: torch.nn.Module, ids: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Logits `(batch, length, vocabulary)` in the model's precision."""
    config = model.config
    rows, length = ids.shape
    heads, shared, width, eps = (
        config.num_attention_heads,
        config.num_key_value_heads,
        config.head_dim,
        config.rms_norm_eps,
    )
    embedding = model.model.embed_tokens.weight
    x = functional.embedding(ids, embedding)
    cos, sin = cos[:length].to(x.dtype), sin[:length].to(x.dtype)
    for layer in model.model.layers:
        part = layer.self_attn
        h = _normed(x, layer.input_layernorm.weight, eps)
        q = functional.linear(h, part.q_proj.weight).view(rows, length, heads, width).transpose(1, 2)
        k = functional.linear(h, part.k_proj.weight).view(rows, length, shared, width).transpose(1, 2)
        v = functional.linear(h, part.v_proj.weight).view(rows, length, shared, width).transpose(1, 2)
        q, k = _turned(q, cos, sin), _turned(k, cos, sin)
        # Written out rather than enable_gqa: every fast attention kernel takes equal head counts.
        k = k.repeat_interleave(heads // shared, dim=1)
        v = v.repeat_interleave(heads // shared, dim=1)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + functional.linear(mixed.transpose(1, 2).reshape(rows, length, heads * width), part.o_proj.weight)
        h = _normed(x, layer.post_attention_layernorm.weight, eps)
        gate = functional.silu(functional.linear(h, layer.mlp.gate_proj.weight))
        x = x + functional.linear(gate * functional.linear(h, layer.mlp.up_proj.weight), layer.mlp.down_proj.weight)
    return functional.linear(_normed(x, model.model.norm.weight, eps), embedding)


def token_losses(model: torch.nn.Module, ids: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor]:
    """Negative log-likelihood and log(Z) of each next token, `(batch, length - 1)` in fp32."""
    scores = logits(model, ids, cos, sin)[:, :-1].float()
    nll = functional.cross_entropy(scores.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    return nll.view(scores.shape[:2]), torch.logsumexp(scores, dim=-1)


def loss(model: torch.nn.Module, ids: Tensor, weights: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor]:
    """What is minimized, and the weighted mean negative log-likelihood in it; `weights` as `ids`."""
    nll, total = token_losses(model, ids, cos, sin)
    weights = weights[:, 1:]
    mean = (nll * weights).sum() / weights.sum()
    return mean + Z_WEIGHT * (total.square() * weights).sum() / weights.sum(), mean.detach()
