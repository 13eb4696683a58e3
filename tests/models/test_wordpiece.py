"""A BERT tokenizer's tokens are counted as it would make them, whatever the text."""

import random
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.stages.train.tiny import byte_tokenizer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from tokenizers.processors import TemplateProcessing

from tunewright.models.files import find_encoder
from tunewright.models.wordpiece import WordPieces

VOCABULARY = [
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "a",
    "b",
    "ab",
    "abc",
    "##a",
    "##b",
    "##ab",
    "Car",
    "##d",
    "card",
    "!",
    "#",
    "##",
    "é",
]


def made(*, lowercase: bool, most: int = 8) -> Tokenizer:
    """A small WordPiece tokenizer."""
    vocabulary = {piece: at for at, piece in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=most))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    tokenizer.add_special_tokens(["[CLS]", "[SEP]"])
    return tokenizer


@cache
def tokenizer_named(name: str) -> Tokenizer:
    """The bundled encoder's, or the small one with or without capitals."""
    if name != "bundled":
        return made(lowercase=name == "lower")
    tokenizer = Tokenizer.from_file(str(find_encoder().folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


ASCII = "".join(map(chr, range(128)))


@pytest.mark.parametrize("name", ["lower", "cased", "bundled"])
@given(st.lists(st.text(alphabet=st.sampled_from(ASCII + "abAB #é\u200b日" * 6), max_size=60), min_size=1, max_size=8))
@settings(max_examples=100, derandomize=True, deadline=None)
@example(["[SEP] ab", "a\x00b", "a\x0bb", "a\x7fb c", "##", "abcabc", "aaaaaaaaa", "", " ", "Card!", "[CLS"])
def test_every_text_is_counted_as_the_tokenizer_counts_it(name: str, texts: list[str]) -> None:
    tokenizer = tokenizer_named(name)
    pieces = WordPieces.of(tokenizer)
    assert pieces is not None
    told = pieces.counts(pl.Series(texts, dtype=pl.String))
    assert told.tolist() == [len(tokenizer.encode(text).ids) for text in texts]


def test_long_words_and_many_texts_are_counted() -> None:
    draw = random.Random(0)
    words = ["refund", "antidisestablishmentarianism", "x" * 300, "zqxj", "it's", "2024-05-01", "Überweisung"]
    texts = [" ".join(draw.choices(words, k=draw.randrange(0, 40))) for _ in range(500)]
    tokenizer = tokenizer_named("bundled")
    pieces = WordPieces.of(tokenizer)
    assert pieces is not None
    assert np.array_equal(pieces.counts(pl.Series(texts)), [len(tokenizer.encode(text).ids) for text in texts])


def test_a_tokenizer_of_another_kind_is_not_imitated() -> None:
    assert WordPieces.of(byte_tokenizer(None).backend_tokenizer) is None
    other = made(lowercase=True)
    other.pre_tokenizer = pre_tokenizers.Whitespace()
    assert WordPieces.of(other) is None
