"""Into how many tokens terms fall."""

import polars as pl
from tests.stages.train.tiny import byte_tokenizer

from tunewright.models.files import find_encoder
from tunewright.text.fragmentation import fragments


def test_an_unknown_word_falls_to_pieces_and_everyday_words_do_not() -> None:
    found = fragments(pl.Series(["brevoaxle", "kitchen", "kitchen garden"]), find_encoder().folder)
    strange, plain, phrase = found.rows()
    assert strange[0] >= 4, "bre-vo-ax-le under WordPiece"
    assert plain[0] == 1.0
    assert phrase[0] == 1.0
    assert 1 <= strange[1] < 2, "everyday words of nine letters are mostly one token"


def test_every_byte_is_a_token_of_a_byte_tokenizer(tmp_path) -> None:
    byte_tokenizer(None).save_pretrained(tmp_path)
    (row,) = fragments(pl.Series(["dynohub"]), tmp_path).rows()
    assert row == (8.0, 8.0), "seven letters and the space before them"


def test_no_terms_give_an_empty_frame() -> None:
    assert fragments(pl.Series([], dtype=pl.String), find_encoder().folder).shape == (0, 2)
