"""The two starter models as stock Llama configurations, and the folders that hold them.

Query heads come in pairs on one key-value head, so a pruner can take away any key-value head with its pair and the
rest is a stock configuration again (8/4 → 6/3 → 4/2): transformers wants the width to be a multiple of the number of
query heads, so it is one of 8, 6 and 4. `head_dim` is written out, so it stays when heads go.
"""

import json
from pathlib import Path
from typing import Any

from starter.tokenizer import BEGIN_ID, END_ID, PAD_ID, POSITIONS, VOCABULARY

MODELS = Path(__file__).resolve().parent.parent / "src" / "tunewright" / "models" / "starters"
#: Width, inner width, layers, query heads, key-value heads, width of a head.
SIZES = {
    "8m": (288, 768, 7, 8, 4, 32),
    "28m": (576, 1408, 7, 8, 4, 64),
    "toy": (64, 128, 2, 4, 2, 16),
}


def folder(size: str) -> Path:
    """Where the model of this size lies in the package."""
    return MODELS / f"starter-{size}"


def config(size: str, *, vocabulary: int = VOCABULARY) -> dict[str, Any]:
    """The content of ``config.json``; `rope_theta` is written both ways, for readers of either."""
    width, inner, layers, heads, shared, head = SIZES[size]
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": vocabulary,
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": shared,
        "head_dim": head,
        "max_position_embeddings": POSITIONS,
        "rope_theta": 10000.0,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "initializer_range": 0.02,
        "attention_bias": False,
        "mlp_bias": False,
        "attention_dropout": 0.0,
        "tie_word_embeddings": True,
        "bos_token_id": BEGIN_ID,
        "eos_token_id": END_ID,
        "pad_token_id": PAD_ID,
        "use_cache": True,
        "dtype": "bfloat16",
    }


def write(size: str, to: Path, *, vocabulary: int = VOCABULARY) -> None:
    """Write ``config.json`` and ``generation_config.json``."""
    to.mkdir(parents=True, exist_ok=True)
    generation = {"bos_token_id": BEGIN_ID, "eos_token_id": END_ID, "pad_token_id": PAD_ID, "do_sample": False}
    for name, content in (("config.json", config(size, vocabulary=vocabulary)), ("generation_config.json", generation)):
        (to / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def parameters(size: str, vocabulary: int = VOCABULARY) -> int:
    """How many parameters a model has, the embedding counted once."""
    width, inner, layers, heads, shared, head = SIZES[size]
    layer = width * head * (2 * heads + 2 * shared) + 3 * width * inner + 2 * width
    return vocabulary * width + layers * layer + width


if __name__ == "__main__":
    for one in ("8m", "28m"):
        write(one, folder(one))
