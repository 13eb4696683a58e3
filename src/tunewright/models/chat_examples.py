"""The rows of a task that is answered in words: what the model is asked, and the answer that is wanted of it.

A row's last assistant turn is its answer, and everything before it, system prompt and earlier turns included, is what
the model sees; so it is tested on what it was trained on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.models.chat import Chat, Message, answered, messages_of


@dataclass(frozen=True)
class Exchange:
    """One question and its reference answer.

    Attributes:
        asked: the turns before the answer.
        answer: what the desk answered.
    """

    asked: tuple[Message, ...]
    answer: str

    def turns(self, before: "Sequence[Exchange]" = ()) -> list[Message]:
        """The turns that wait for the answer, with the last turns of other exchanges shown after the system prompt."""
        system = [turn for turn in self.asked if turn["role"] == "system"]
        rest = [turn for turn in self.asked if turn["role"] != "system"]
        shown = [turn for other in before for turn in (*other.asked[-1:], other._answer_turn)]
        return [*system, *shown, *rest]

    def chat(self, tokenizer: Any, before: "Sequence[Exchange]" = ()) -> Chat:
        """Token ids of the turns and the answer, the answer alone marked as trained."""
        unmarked = [{**turn, "weight": 0} for turn in self.turns(before)]
        return answered(tokenizer, [*unmarked, self._answer_turn])

    @property
    def _answer_turn(self) -> Message:
        return {"role": "assistant", "content": self.answer}


def exchanges(corpus: Corpus, side: str) -> tuple[pl.Series, list[Exchange]]:
    """`row` of every row of one split that has an answer, and their exchanges, in `row` order."""
    frame = corpus.scan("row", "prompt", "answer", "messages", "split").filter(pl.col("split") == side).collect()
    frame = frame.filter(pl.col("answer").fill_null("").str.strip_chars() != "")
    every = [
        _exchange(prompt or "", answer, messages)
        for prompt, answer, messages in zip(frame["prompt"], frame["answer"], frame["messages"], strict=True)
    ]
    return frame["row"], every


def _exchange(prompt: str, answer: str, messages: Sequence[Mapping[str, Any]] | None) -> Exchange:
    turns = [
        {"role": turn["role"], "content": turn["content"] or ""} for turn in (() if messages is None else messages)
    ]
    places = [place for place, turn in enumerate(turns) if turn["role"] == "assistant"]
    before = turns[: places[-1]] if places else messages_of(prompt)
    return Exchange(tuple(before), answer)
