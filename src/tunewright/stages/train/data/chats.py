"""The chats a decoder trains and validates on, with a receipt of every row that was left out."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.candidate import Receipt
from tunewright.core.corpus import Corpus
from tunewright.core.errors import UserError
from tunewright.core.progress import Progress
from tunewright.models.chat import Chat, answered_each, turns_of
from tunewright.stages.train.data.rows import none_in

TooLong = Literal["drop", "cut", "error"]


@dataclass(frozen=True)
class Chats:
    """Chats as token ids.

    Attributes:
        chats: one a row, each with at least one trained token.
        weights: what each row's loss weighs, shape ``(n,)``; the mean over trained tokens is 1, so that weights change
            what is learned from but not how fast.
        receipt: what became of the rows of the split.
        rows: positions in the corpus, shape ``(n,)``.
    """

    chats: list[Chat]
    weights: npt.NDArray[np.float32]
    receipt: Receipt = field(default_factory=lambda: Receipt(rows=0, kept=0))
    rows: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each chat."""
        return np.array([len(chat.ids) for chat in self.chats], dtype=np.int64)

    @property
    def trained_tokens(self) -> int:
        """Tokens that the loss is taken on."""
        return int(_trained(self.chats).sum())


def chats(
    corpus: Corpus, split: str, tokenizer: Any, max_tokens: int, progress: Progress, *, too_long: TooLong = "drop"
) -> Chats:
    """The rows of one split as chats; what is left out or cut is counted and said.

    Args:
        corpus: rows with their `split`.
        split: which of them.
        tokenizer: renders and tokenizes.
        max_tokens: most tokens of a chat.
        progress: told of rows left out.
        too_long: leave a longer chat out, cut its end off, or stop.

    Raises:
        UserError: E-TRAIN-007 when none is left, E-TRAIN-008 when the template does not fit, E-TRAIN-014 when a chat is
            too long and that is an error.
    """
    frame = (
        corpus.scan("row", "prompt", "answer", "messages", "weight", "split")
        .filter(pl.col("split") == split)
        .sort("row")
        .collect()
    )
    made = _rendered(frame, tokenizer)
    weights = frame["weight"].fill_null(1.0).to_numpy()
    long = np.array([len(chat.ids) > max_tokens for chat in made], dtype=np.bool_)
    if too_long == "error" and long.any():
        raise _too_long(frame["row"].to_numpy()[long], max(len(chat.ids) for chat in made), max_tokens, split)
    cut = long if too_long == "cut" else np.zeros_like(long)
    made = [_shortened(chat, max_tokens) if short else chat for chat, short in zip(made, cut, strict=True)]
    silent = _trained(made) == 0
    reasons = {
        f"are longer than {max_tokens} tokens": long & ~cut,
        f"have their answer beyond {max_tokens} tokens": cut & silent,
        "have no answer to train on": silent & ~long,
        "weigh 0": (weights == 0) & ~silent & ~(long & ~cut),
    }
    dropped = {why: int(rows.sum()) for why, rows in reasons.items() if rows.any()}
    for why, count in dropped.items():
        progress.say(f"{count} of {len(made)} {split} rows {why} and are left out.")
    kept = np.flatnonzero(~np.logical_or.reduce(list(reasons.values())))
    if not len(kept):
        raise none_in(split, f"an answer to train on within {max_tokens} tokens")
    left = [made[at] for at in kept]
    skipped = sum(chat.skipped for chat in left)
    if skipped:
        progress.say(f"{skipped} earlier answers of {split} chats are not trained: the template shows them otherwise.")
    special = frozenset(tokenizer.all_special_ids)
    receipt = Receipt(
        rows=len(made),
        kept=len(left),
        dropped=dropped,
        lost=sum(dropped.values()) - dropped.get("weigh 0", 0),
        cut=int(cut[kept].sum()),
        masked=int(silent.sum()),
        skipped_answers=skipped,
        read_tokens=sum(len(chat.ids) for chat in left),
        trained_tokens=int(_trained(left).sum()),
        stops=sum(_last_trained(chat) in special for chat in left),
    )
    return Chats(left, token_mean_one(weights[kept], _trained(left)), receipt, frame["row"].to_numpy()[kept])


def require_most(receipt: Receipt, max_lost: float) -> None:
    """Stop when more than the share `max_lost` of the rows is lost.

    Raises:
        UserError: E-TRAIN-013.
    """
    if receipt.lost <= max_lost * receipt.rows:
        return
    why = "; ".join(f"{count:,} {reason}" for reason, count in receipt.dropped.items())
    raise UserError(
        "E-TRAIN-013",
        f"{receipt.lost:,} of {receipt.rows:,} training rows would be lost: {why}.",
        why=f"That is more than {100 * max_lost:g} %; the model would be trained on something else than the data.",
        fix="Raise max_tokens, set too_long: cut, mend the rows, or allow more with max_lost.",
    )


def token_mean_one(weights: npt.NDArray[Any], tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """`weights` scaled so that their mean over all trained tokens is 1."""
    return np.asarray(weights * (tokens.sum() / (weights * tokens).sum()), dtype=np.float32)


def _rendered(frame: pl.DataFrame, tokenizer: Any) -> list[Chat]:
    columns = (frame[name] for name in ("prompt", "answer", "messages"))
    shown = answered_each(tokenizer, [turns_of(*said) for said in zip(*columns, strict=True)])
    refused = next((chat for chat in shown if isinstance(chat, UserError)), None)
    if refused is not None:
        raise refused
    return [chat for chat in shown if isinstance(chat, Chat)]


def _shortened(chat: Chat, max_tokens: int) -> Chat:
    return replace(chat, ids=chat.ids[:max_tokens], trained=chat.trained[:max_tokens])


def _trained(some: list[Chat]) -> npt.NDArray[np.int64]:
    """Tokens of each chat that the loss is taken on; nothing foretells the first token of a chat."""
    return np.array([sum(chat.trained[1:]) for chat in some], dtype=np.int64)


def _last_trained(chat: Chat) -> int:
    return chat.ids[max(at for at, trained in enumerate(chat.trained) if trained)]


def _too_long(rows: npt.NDArray[np.int64], longest: int, max_tokens: int, split: str) -> UserError:
    first = ", ".join(str(row) for row in rows[:5])
    return UserError(
        "E-TRAIN-014",
        f"{len(rows):,} {split} rows are longer than {max_tokens} tokens, the longest {longest:,} (rows {first}).",
        why="too_long: error asks to stop here.",
        fix=f"Raise max_tokens to {longest}, shorten the rows, or set too_long to drop or cut.",
    )
