"""The chats a decoder trains and validates on, with a report of every row that was left out."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.candidate import DataReport
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
        report: what became of the rows of the split.
        rows: positions in the corpus, shape ``(n,)``.
    """

    chats: list[Chat]
    weights: npt.NDArray[np.float32]
    report: DataReport = field(default_factory=lambda: DataReport(rows=0, kept=0))
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
    frame = _rows_of(corpus, split)
    rendered = _rendered(frame, tokenizer)
    weights = frame["weight"].fill_null(1.0).to_numpy()
    long = np.array([len(chat.ids) > max_tokens for chat in rendered], dtype=np.bool_)
    if too_long == "error" and long.any():
        raise _too_long(frame["row"].to_numpy()[long], max(len(chat.ids) for chat in rendered), max_tokens, split)
    cut = long if too_long == "cut" else np.zeros_like(long)
    shortened = [_shortened(chat, max_tokens) if is_cut else chat for chat, is_cut in zip(rendered, cut, strict=True)]
    silent = _trained(shortened) == 0
    reasons = {
        f"are longer than {max_tokens} tokens": long & ~cut,
        f"have their answer beyond {max_tokens} tokens": cut & silent,
        "have no answer to train on": silent & ~long,
        "weigh 0": (weights == 0) & ~silent & ~(long & ~cut),
    }
    dropped = {why: int(rows.sum()) for why, rows in reasons.items() if rows.any()}
    for why, count in dropped.items():
        progress.say(f"{count} of {len(rendered)} {split} rows {why} and are left out.")
    trainable = np.flatnonzero(~np.logical_or.reduce(list(reasons.values())))
    if not len(trainable):
        raise none_in(split, f"an answer to train on within {max_tokens} tokens")
    left = [shortened[row] for row in trainable]
    report = DataReport(
        rows=len(rendered),
        kept=len(left),
        dropped=dropped,
        unrequested_drops=sum(dropped.values()) - dropped.get("weigh 0", 0),
        cut=int(cut[trainable].sum()),
        masked=int(silent.sum()),
        **_counts(left, frozenset(tokenizer.all_special_ids)),
    )
    if report.skipped_answers:
        progress.say(
            f"{report.skipped_answers} earlier answers of {split} chats are not trained: the template shows them "
            "otherwise."
        )
    return Chats(left, token_mean_one(weights[trainable], _trained(left)), report, frame["row"].to_numpy()[trainable])


def require_most(report: DataReport, max_lost: float) -> None:
    """Stop when more than the share `max_lost` of the rows is lost.

    Raises:
        UserError: E-TRAIN-013.
    """
    if report.unrequested_drops <= max_lost * report.rows:
        return
    why = "; ".join(f"{count:,} {reason}" for reason, count in report.dropped.items())
    raise UserError(
        "E-TRAIN-013",
        f"{report.unrequested_drops:,} of {report.rows:,} training rows would be lost: {why}.",
        why=f"That is more than {100 * max_lost:g} %; the model would be trained on something else than the data.",
        fix="Raise max_tokens, set too_long: cut, mend the rows, or allow more with max_lost.",
    )


def token_mean_one(weights: npt.NDArray[Any], tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """`weights` scaled so that their mean over all trained tokens is 1."""
    return np.asarray(weights * (tokens.sum() / (weights * tokens).sum()), dtype=np.float32)


def _rows_of(corpus: Corpus, split: str) -> pl.DataFrame:
    """The rows of one split, in their order."""
    columns = corpus.scan("row", "prompt", "answer", "messages", "weight", "split")
    return columns.filter(pl.col("split") == split).sort("row").collect()


def _rendered(frame: pl.DataFrame, tokenizer: Any) -> list[Chat]:
    """Each row as the tokenizer renders it.

    Raises:
        UserError: E-TRAIN-008 when the template does not fit.
    """
    columns = (frame[name] for name in ("prompt", "answer", "messages"))
    results = answered_each(tokenizer, [turns_of(*row) for row in zip(*columns, strict=True)])
    error = next((result for result in results if isinstance(result, UserError)), None)
    if error is not None:
        raise error
    return [result for result in results if isinstance(result, Chat)]


def _counts(chats: list[Chat], special: frozenset[int]) -> dict[str, int]:
    """What a report says of the chats that are trained on, by the names of its fields; `special` tokens end answers."""
    return {
        "skipped_answers": sum(chat.skipped for chat in chats),
        "read_tokens": sum(len(chat.ids) for chat in chats),
        "trained_tokens": int(_trained(chats).sum()),
        "stops": sum(_last_trained(chat) in special for chat in chats),
    }


def _shortened(chat: Chat, max_tokens: int) -> Chat:
    """The first `max_tokens` tokens of a chat."""
    return replace(chat, ids=chat.ids[:max_tokens], trained=chat.trained[:max_tokens])


def _trained(chats: list[Chat]) -> npt.NDArray[np.int64]:
    """Tokens of each chat that the loss is taken on; nothing foretells the first token of a chat."""
    return np.array([sum(chat.trained[1:]) for chat in chats], dtype=np.int64)


def _last_trained(chat: Chat) -> int:
    """The last token of a chat that the loss is taken on."""
    return chat.ids[max(at for at, trained in enumerate(chat.trained) if trained)]


def _too_long(rows: npt.NDArray[np.int64], longest: int, max_tokens: int, split: str) -> UserError:
    """The error that these rows of a split have more tokens than may be."""
    first = ", ".join(str(row) for row in rows[:5])
    return UserError(
        "E-TRAIN-014",
        f"{len(rows):,} {split} rows are longer than {max_tokens} tokens, the longest {longest:,} (rows {first}).",
        why="too_long: error asks to stop here.",
        fix=f"Raise max_tokens to {longest}, shorten the rows, or set too_long to drop or cut.",
    )
