"""What is shown of a growing text is never taken back, and it ends before the first stop text."""

import pytest

from tunewright.models.growing_text import GrowingText


class Bytes:
    """A tokenizer whose tokens are bytes; with `cleans_up`, it takes the space out of " n't" as transformers does."""

    def __init__(self, *, cleans_up: bool = False) -> None:
        self.clean_up_tokenization_spaces = cleans_up

    def decode(self, ids: list[int], *, skip_special_tokens: bool) -> str:
        assert skip_special_tokens
        text = bytes(ids).decode(errors="replace")
        return text.replace(" n't", "n't") if self.clean_up_tokenization_spaces else text


def pieces(text: str, *, stop: tuple[str, ...] = (), cleans_up: bool = False) -> tuple[list[str], GrowingText]:
    """Each piece that is shown as the bytes of `text` arrive, up to a stop text or the end."""
    growing = GrowingText(Bytes(cleans_up=cleans_up), stop)
    shown = []
    for token in text.encode():
        shown.append(growing.add(token))
        if growing.stopped:
            return shown, growing
    return [*shown, growing.rest()], growing


@pytest.mark.parametrize("text", ["plain", "Grüße, 你好", "🙂 and so on", "ends in 🙂"])
def test_a_character_is_shown_when_all_its_bytes_are_there(text: str) -> None:
    shown, growing = pieces(text)
    assert "".join(shown) == growing.text == text
    assert "\N{REPLACEMENT CHARACTER}" not in "".join(shown)
    assert growing.tokens == len(text.encode())
    assert shown[0] == (text[0] if text[0].isascii() else "")


def test_a_character_that_stays_incomplete_is_shown_at_the_end_as_the_whole_text_has_it() -> None:
    growing = GrowingText(Bytes(), ())
    shown = [growing.add(token) for token in "a🙂".encode()[:-1]]
    assert shown == ["a", "", "", ""]
    assert growing.rest() == "\N{REPLACEMENT CHARACTER}"


def test_the_text_ends_before_the_stop_text_that_comes_first() -> None:
    """Both are complete with the same token; the longer begins earlier."""
    shown, growing = pieces("one two three", stop=("wo", "two"))
    assert "".join(shown) == growing.text == "one "
    assert growing.stopped
    assert growing.tokens == len("one two")


def test_what_only_begins_like_a_stop_text_is_shown_late_and_whole() -> None:
    shown, growing = pieces("one two", stop=("twelve",))
    assert "".join(shown) == growing.text == "one two"
    assert not growing.stopped
    assert shown[-1] == "e two", "as much as a stop text may begin with is held back to the end"


def test_a_space_that_the_tokenizer_takes_out_later_was_not_shown() -> None:
    shown, growing = pieces("we do n't know", cleans_up=True)
    assert "".join(shown) == growing.text == "we don't know"
