"""The chats a decoder trains and validates on, with a receipt of every row that was left out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.errors import UserError
from tunewright.core.progress import Progress
from tunewright.evidence.chat import Chat, answered_each, turns_of
from tunewright.train.rows import none_in


@dataclass(frozen=True)
class Chats:
    """Chats as token ids.

    Attributes:
        chats: one a row, each with at least one trained token.
        weights: what each row's loss weighs, shape ``(n,)``, mean 1.
    """

    chats: list[Chat]
    weights: npt.NDArray[np.float32]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each chat."""
        return np.array([len(chat.ids) for chat in self.chats], dtype=np.int64)

    @property
    def trained_tokens(self) -> int:
        """Tokens that the loss is taken on."""
        return sum(sum(chat.trained) for chat in self.chats)


def chats(corpus: Corpus, split: str, tokenizer: Any, max_tokens: int, progress: Progress) -> Chats:
    """The rows of one split as chats; rows too long for `max_tokens`, or without an answer, are counted and said.

    Raises:
        UserError: E-TRAIN-007 when none is left, E-TRAIN-008 when the template does not fit.
    """
    frame = (
        corpus.scan("row", "prompt", "answer", "messages", "weight", "split")
        .filter(pl.col("split") == split)
        .sort("row")
        .collect()
    )
    shown = answered_each(
        tokenizer,
        [
            turns_of(prompt, answer, messages)
            for prompt, answer, messages in zip(frame["prompt"], frame["answer"], frame["messages"], strict=True)
        ],
    )
    refused = next((chat for chat in shown if isinstance(chat, UserError)), None)
    if refused is not None:
        raise refused
    made = [chat for chat in shown if isinstance(chat, Chat)]
    kept = [at for at, chat in enumerate(made) if any(chat.trained) and len(chat.ids) <= max_tokens]
    long = sum(len(chat.ids) > max_tokens for chat in made)
    silent = sum(not any(chat.trained) for chat in made)
    for count, why in ((long, f"are longer than {max_tokens} tokens"), (silent, "have no answer to train on")):
        if count:
            progress.say(f"{count} of {len(made)} {split} rows {why} and are left out.")
    skipped = sum(made[at].skipped for at in kept)
    if skipped:
        progress.say(f"{skipped} earlier answers of {split} chats are not trained: the template shows them otherwise.")
    if not kept:
        raise none_in(split, f"an answer to train on within {max_tokens} tokens")
    weights = frame["weight"].fill_null(1.0).to_numpy()[kept]
    return Chats([made[at] for at in kept], (weights / weights.mean()).astype(np.float32))
