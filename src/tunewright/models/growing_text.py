"""Text that grows token by token: what of it can be shown already, and whether a stop text has ended it.

A piece that was shown cannot be taken back, so the end of the text is held back while it may still change: bytes of a
character that is not whole yet, the beginning of a stop text, and white space that the tokenizer may still remove.
"""

from collections.abc import Sequence
from typing import Any

#: What transformers' clean-up of spaces reaches back over, as in " n't".
CLEANED_UP = 3


class GrowingText:
    """The text of tokens that arrive one by one.

    Args:
        tokenizer: what makes text of tokens.
        stop: texts that end it and are not part of it.
    """

    def __init__(self, tokenizer: Any, stop: Sequence[str]) -> None:
        self.stopped = False
        self.text = ""
        self._tokenizer = tokenizer
        self._stop = tuple(stop)
        self._ids: list[int] = []
        self._shown = 0
        cleans_up = bool(getattr(tokenizer, "clean_up_tokenization_spaces", False))
        self._held_back = max([CLEANED_UP if cleans_up else 0, *(len(text) - 1 for text in stop)])

    @property
    def tokens(self) -> int:
        """How many tokens have arrived."""
        return len(self._ids)

    def add(self, token: int) -> str:
        """What can be shown now that `token` is there, which may be nothing; `stopped` once a stop text is there."""
        self._ids.append(token)
        self.text = str(self._tokenizer.decode(self._ids, skip_special_tokens=True))
        ends = [place for text in self._stop if (place := self.text.find(text)) >= 0]
        if ends:
            self.text = self.text[: min(ends)]
            self.stopped = True
            return self.rest()
        # A character whose last bytes are still to come is decoded as a replacement character.
        whole = self.text.rstrip("\N{REPLACEMENT CHARACTER}")
        return self._show(len(whole) - self._held_back)

    def rest(self) -> str:
        """What was held back, when no more comes."""
        return self._show(len(self.text))

    def _show(self, end: int) -> str:
        end = max(end, self._shown)
        piece = self.text[self._shown : end]
        self._shown = end
        return piece
