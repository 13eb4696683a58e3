"""The retention suite: general questions whose answers a tuned model should not have forgotten.

Arithmetic, reading, rewriting and common knowledge in plain words, made by ``starter/retention.py``; 400 test items,
and other rows of the same kinds that training may draw on. Nobody's text is among them. They are easy, and worded as
the starter models were taught; a large model's figures say whether it forgot the plain things, not what it knows.
"""

import json
import lzma
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.digest import digest
from tunewright.core.progress import SILENT, Progress
from tunewright.models.causal_lm import CausalLM
from tunewright.models.chat import Chat, answered_each, messages_of
from tunewright.models.encoder import fitting

TEST, REPLAY = "retention_test.jsonl", "retention_replay.jsonl.xz"
#: No model is asked for more; shorter contexts are read from the model.
LONGEST = 1 << 20


@dataclass(frozen=True)
class Recall:
    """How well one model still knows the suite.

    Attributes:
        nats: negative log-likelihood of each right answer, in nats a token, ``(n,)``.
        tokens: tokens of each, ``(n,)``.
        exact: whether the model's own greedy answer is the right one, token for token, ``(n,)``.
    """

    nats: npt.NDArray[np.float64]
    tokens: npt.NDArray[np.float64]
    exact: npt.NDArray[np.bool_]


@cache
def measured_items() -> pl.DataFrame:
    """``kind, prompt, answer`` of the items that are measured on."""
    return _read(files("tunewright.models").joinpath(TEST).read_bytes())


@cache
def replay_rows() -> pl.DataFrame:
    """``kind, prompt, answer`` of rows to train on against forgetting; nothing they are about is tested."""
    return _read(lzma.decompress(files("tunewright.models").joinpath(REPLAY).read_bytes()))


def suite_digest() -> str:
    """What the measured items are, for whoever keeps a figure of them."""
    return digest(measured_items().rows())


def suite_chats(model: CausalLM, most: int = 0) -> list[Chat]:
    """The test items as `model` reads them, without those too long for it; at most so many of all kinds, 0 for all."""
    items = measured_items()
    if most:
        items = items.gather_every(max(1, -(-items.height // most)))
    chats = answered_each(model.tokenizer, [messages_of(*pair) for pair in items.select("prompt", "answer").rows()])
    longest = fitting(LONGEST, model.model, model.tokenizer)
    return [chat for chat in chats if isinstance(chat, Chat) and len(chat.ids) <= longest]


def recall(model: CausalLM, chats: list[Chat], *, progress: Progress = SILENT) -> Recall:
    """How well `model` foretells the answers of the suite, and which it would write itself."""
    nats, exact = model.score_and_match(chats, progress=progress)
    return Recall(nats, np.array([sum(chat.trained) for chat in chats], dtype=np.float64), exact)


def _read(content: bytes) -> pl.DataFrame:
    return pl.DataFrame([json.loads(line) for line in content.splitlines()])
