"""Into how many tokens a model's tokenizer cuts the words of a term, beside everyday words of the same length.

A word in many pieces is one that the tokenizer's own texts hardly held; the model has to learn it from its parts.
"""

from pathlib import Path

import numpy as np
import polars as pl

from tunewright.text.english import word_shares

#: The most used words of English, which stand for everyday words, and how many of a length make a mean.
EVERYDAY, A_FEW = 5000, 5


def fragments(terms: pl.Series, folder: Path) -> pl.DataFrame:
    """Tokens per word of each term under the tokenizer in `folder` (its ``tokenizer.json``).

    Returns:
        `tokens_per_word` and `usual_tokens`, those of everyday words with as many letters; in the order of `terms`.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    # Encoders are saved with a fixed length.
    tokenizer.no_padding()
    tokenizer.no_truncation()

    def pieces(texts: list[str]) -> list[int]:
        # A word inside a sentence follows a space, which byte-level tokenizers make part of it.
        coded = tokenizer.encode_batch([f" {text}" for text in texts], add_special_tokens=False)
        return [len(encoding.ids) for encoding in coded]

    words = list(word_shares()[0][:EVERYDAY])
    usual = _by_length(words, pieces(words))
    split = [term.split(" ") for term in terms]
    counts = pieces(terms.to_list())
    return pl.DataFrame(
        {
            "tokens_per_word": [round(count / len(words), 2) for count, words in zip(counts, split, strict=True)],
            "usual_tokens": [
                round(float(np.mean([usual[min(len(word), len(usual) - 1)] for word in words])), 2) for words in split
            ],
        },
        schema={"tokens_per_word": pl.Float64, "usual_tokens": pl.Float64},
    )


def _by_length(words: list[str], pieces: list[int]) -> list[float]:
    """The mean number of pieces of words by their number of letters, up to the longest that a few words have."""
    means = [1.0]
    lengths = np.array([len(word) for word in words])
    for length in range(1, int(lengths.max()) + 1):
        own = np.array(pieces)[lengths == length]
        means.append(float(own.mean()) if own.size >= A_FEW else means[-1])
    return means
