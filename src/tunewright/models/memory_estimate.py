"""The memory that training a causal language model takes, from its shape alone, before anything is loaded.

Rank hardly matters; what does is the bytes a weight of the base takes, how many tokens a step holds, and how much of
them is kept for the gradient (measured on an H200: rank 32 to 64 costs .2 GB, keeping everything instead of one
hidden state a layer 60). A try of the longest batch decides in the end; this says where to begin.
"""

from pathlib import Path
from typing import Any, Literal

from tunewright.core.frozen import Frozen

#: What of a step is computed again for its gradient instead of kept, from most memory to least. none: everything is
#: kept; fp8: that too, the middle of the feed-forward blocks in 8 bits; selective: what is dear to compute again is
#: kept; full: one hidden state a layer is; offload: those are, in main memory.
ActivationPolicy = Literal["none", "fp8", "selective", "full", "offload"]
POLICIES: tuple[ActivationPolicy, ...] = ("none", "fp8", "selective", "full", "offload")
#: Those that compute nothing again, and hold what spares work beside.
NOTHING_AGAIN = frozenset[ActivationPolicy]({"none", "fp8"})

#: Bytes that a weight of a frozen layer takes, by what its products are computed in; where nothing is computed again,
#: fp8 holds a second, transposed copy.
WEIGHT_BYTES = {"fp32": 4.0, "bf16": 2.0, "fp8-backward": 3.0, "fp8": 1.0, "nf4": 0.52, "int8": 1.0}
#: Hidden states and widths of the feed-forward middle that each layer keeps of a token, in two bytes each: fitted to
#: the peaks of the 8-billion-parameter shape at 16,384 tokens (benchmarks/results/train_gpu.json); of fp8, a
#: byte each, and four for every 128, which its peak bears out.
KEPT: dict[ActivationPolicy, tuple[float, float]] = {
    "none": (8.2, 2.0),
    "fp8": (8.2, 1.03),
    "selective": (2.8, 0.0),
    "full": (1.0, 0.0),
    "offload": (0.0, 0.0),
}
#: Bytes of one trained value in fp32: itself, its gradient, and Adam's two moments.
TRAINED_BYTES = 16
#: Tokens whose logits are in memory at once, in two bytes, beside their gradient.
LOGIT_TOKENS = 2048
#: CUDA's own context, workspaces and what the allocator cannot use.
OVERHEAD_GB = 1.5


class Shape(Frozen):
    """The sizes of a Llama-like causal language model.

    Attributes:
        layers: number of layers.
        hidden: width of a hidden state.
        middle: width of the feed-forward middle.
        queries: width of all queries of a token together.
        keys: width of all its keys together.
        words: size of the vocabulary.
        tied: whether the last layer is the table of words.
    """

    layers: int
    hidden: int
    middle: int
    queries: int
    keys: int
    words: int
    tied: bool

    @classmethod
    def of(cls, config: Any) -> "Shape":
        """The shape that a transformers configuration describes.

        Raises:
            AttributeError: it describes another kind of model.
        """
        heads = int(config.num_attention_heads)
        size = int(getattr(config, "head_dim", None) or config.hidden_size // heads)
        return cls(
            layers=int(config.num_hidden_layers),
            hidden=int(config.hidden_size),
            middle=int(config.intermediate_size),
            queries=heads * size,
            keys=int(getattr(config, "num_key_value_heads", None) or heads) * size,
            words=int(config.vocab_size),
            tied=bool(getattr(config, "tie_word_embeddings", False)),
        )

    @classmethod
    def in_folder(cls, folder: Path) -> "Shape | None":
        """The shape of the model in `folder`, from its config.json; None where it is not such a model."""
        import json
        from types import SimpleNamespace

        try:
            return cls.of(SimpleNamespace(**json.loads((folder / "config.json").read_text(encoding="utf-8"))))
        except (AttributeError, OSError):
            return None

    @property
    def parameters(self) -> int:
        """All parameters: layers' products and norms, and the words once or twice."""
        words = (1 if self.tied else 2) * self.words * self.hidden
        return self.linear + words + (2 * self.layers + 1) * self.hidden

    @property
    def linear(self) -> int:
        """Parameters of all layers' products, which adapters are put on."""
        attention = 2 * self.hidden * (self.queries + self.keys)
        return self.layers * (attention + 3 * self.hidden * self.middle)

    def adapters(self, rank: int) -> int:
        """Parameters of adapters of `rank` on all of them."""
        attention = 2 * (2 * self.hidden + self.queries + self.keys)
        return rank * self.layers * (attention + 3 * (self.hidden + self.middle))


def footprint_gb(shape: Shape, tokens: int, *, products: str, policy: ActivationPolicy, trained: int) -> float:
    """Gigabytes (10⁹ bytes) at the peak of a training step on a GPU.

    Args:
        shape: of the model.
        tokens: that are computed at once.
        products: what the frozen layers compute in, a key of :data:`WEIGHT_BYTES`; ``fp32`` where all weights are
            trained.
        policy: what is kept.
        trained: number of trained parameters.
    """
    held = WEIGHT_BYTES[products] + (1.0 if products == "fp8" and policy in NOTHING_AGAIN else 0.0)
    rest = 4.0 if products == "fp32" else 2.0
    everything = trained >= shape.parameters
    weights = 0.0 if everything else held * shape.linear + rest * (shape.parameters - shape.linear)
    if products.startswith("fp8"):  # the last layer's codes, beside its weights
        weights += (held if products == "fp8" else 1.0) * shape.words * shape.hidden
    hidden, middle = KEPT[policy]
    activations = 2 * tokens * shape.layers * (hidden * shape.hidden + middle * shape.middle)
    at_work = 2 * tokens * (4 * shape.middle + 2 * shape.hidden)
    logits = 2 * 2 * min(tokens, LOGIT_TOKENS) * shape.words
    return (weights + TRAINED_BYTES * trained + activations + max(at_work, logits)) / 1e9 + OVERHEAD_GB
