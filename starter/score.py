"""Likelihoods as figures; the network and the n-gram baseline are scored by the same functions on the same tokens."""

from typing import Any

import numpy as np
import numpy.typing as npt

from starter.tokenizer import BEGIN_ID, PAD_ID

#: Blocks a domain that are scored, evenly spread over it.
MOST_BLOCKS = 512


def scored(ids: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which tokens count: not padding, and not the one that begins a document."""
    return (ids != PAD_ID) & (ids != BEGIN_ID)


def figures(
    nll: npt.NDArray[np.float64], ids: npt.NDArray[Any], counted: npt.NDArray[np.bool_], sizes: npt.NDArray[np.int64]
) -> dict[str, float]:
    """The figures of the tokens that count."""
    total, count = float(nll[counted].sum()), int(counted.sum())
    return {
        "tokens": count,
        "nats_a_token": total / count,
        "perplexity": float(np.exp(total / count)),
        "bits_a_byte": total / np.log(2) / float(sizes[ids[counted]].sum()),
    }


def token_bytes(tokenizer: Any) -> npt.NDArray[np.int64]:
    """How many bytes of text each token stands for; special tokens none."""
    sizes = np.zeros(tokenizer.get_vocab_size(), np.int64)
    for token, at in tokenizer.get_vocab().items():
        # In the byte-level alphabet one letter stands for one byte.
        sizes[at] = 0 if token.startswith("<|") and token.endswith("|>") else len(token)
    return sizes
