"""Tokens of many texts to a BERT tokenizer, without making the tokens.

The count of a text in ASCII is that of its words' pieces, which a compiled loop finds forty times as fast as the
tokenizer; every other text, and one that spells a special token, goes to the tokenizer itself.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.buffers import text_buffers

Array = npt.NDArray[Any]
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
WHITE_SPACE = " \t\n\r"


@dataclass(frozen=True)
class WordPieces:
    """A BERT tokenizer's vocabulary, ready for the compiled loop.

    Attributes:
        tokenizer: of the package tokenizers, for what is not plain.
        specials: tokens that it puts around every text.
        added: texts that it reads as one token wherever they stand.
        arguments: what :func:`kernels.wordpiece.counted` wants between the texts and the counts.
    """

    tokenizer: Any
    specials: int
    added: tuple[str, ...]
    arguments: tuple[Any, ...]

    @classmethod
    def of(cls, tokenizer: Any) -> "WordPieces | None":
        """The word pieces of a tokenizer; None for one that normalizes or cuts in another way than BERT's do."""
        parts = json.loads(tokenizer.to_str())
        model, normal = parts["model"], parts["normalizer"] or {}
        alike = (
            model["type"] == "WordPiece"
            and model["continuing_subword_prefix"] == "##"
            and model["unk_token"] in model["vocab"]
            and normal.get("type") == "BertNormalizer"
            and normal["clean_text"]
            and parts["pre_tokenizer"] == {"type": "BertPreTokenizer"}
        )
        if not alike:
            return None
        added = tuple(token["content"] for token in parts["added_tokens"])
        if not all(added):
            return None
        specials = tokenizer.num_special_tokens_to_add(is_pair=False)
        most = model["max_input_chars_per_word"]
        return cls(
            tokenizer, specials, added, (*_tables(lowercase=normal["lowercase"]), most, *_entered(model["vocab"]))
        )

    def counts(self, texts: pl.Series) -> npt.NDArray[np.int64]:
        """Tokens of each text with the special ones, ``(n,)``; none may be null."""
        from tunewright.kernels import wordpiece

        plain = texts.str.len_bytes() == texts.str.len_chars()
        if self.added:
            plain &= ~texts.str.contains_any(list(self.added))
        counts = np.zeros(len(texts), dtype=np.int64)
        pieces = np.zeros(int(plain.sum()), dtype=np.int64)
        arguments = [*text_buffers(texts.filter(plain)), *self.arguments, pieces]
        wordpiece.counted(*arguments)
        mask = plain.to_numpy()
        counts[mask] = pieces + self.specials
        others = texts.filter(~plain).to_list()
        counts[~mask] = [len(encoding) for encoding in self.tokenizer.encode_batch_fast(others)]
        return counts


def _tables(*, lowercase: bool) -> tuple[Array, Array]:
    """What each ASCII byte is, and which byte stands for it."""
    from tunewright.kernels import wordpiece

    kinds, lowered = np.full(128, wordpiece.LETTER, dtype=np.uint8), np.arange(128, dtype=np.uint8)
    kinds[:32] = kinds[127] = wordpiece.DROPPED
    for signs, kind in ((PUNCTUATION, wordpiece.SIGN), (WHITE_SPACE, wordpiece.SPACE)):
        kinds[[ord(sign) for sign in signs]] = kind
    if lowercase:
        lowered[65:91] += 32
    return kinds, lowered


def _entered(vocabulary: dict[str, int]) -> tuple[Any, ...]:
    """The longest piece, and the pieces with their places; those beyond ASCII can be in no ASCII word."""
    from tunewright.kernels import wordpiece

    names = [name for name in vocabulary if name.isascii() and name.removeprefix("##")]
    inner = np.array([name.startswith("##") for name in names], dtype=np.int64)
    spelled = [name[2 * int(inside) :].encode() for name, inside in zip(names, inner, strict=True)]
    # A sign is a word of its own: "##" itself begins one, and no text holds it.
    bounds = np.cumsum([0, *map(len, spelled)]).astype(np.int64)
    pieces = np.frombuffer(b"".join(spelled), dtype=np.uint8)
    table = np.full(1 << max(4, 2 + len(names).bit_length()), -1, dtype=np.int32)
    wordpiece.filled(pieces, bounds, inner, table)
    return max(map(len, spelled), default=1), pieces, bounds, inner, table
