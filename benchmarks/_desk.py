"""Tickets of the reply desk as rows to train on, and rows held out."""

import importlib.util
import random
import sys
import tomllib

import polars as pl

import _harness as harness
from tunewright.core.corpus import Corpus
from tunewright.core.dataset import Dataset
from tunewright.core.digest import frame_digest

DESK = harness.ROOT / "examples" / "reply-desk"
HELD_OUT = 3  # one row in three validates


def desk(rows: int, seed: int) -> Corpus:
    """Tickets of the reply desk and the JSON that it answers with."""
    spec = importlib.util.spec_from_file_location("reply_desk", DESK / "generate.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["reply_desk"] = module
    spec.loader.exec_module(module)
    phrases = tomllib.loads((DESK / "phrases.toml").read_text(encoding="utf-8"))
    tickets = module.distinct(module.Desk(phrases, random.Random(seed)).ticket, rows)
    frame = pl.DataFrame(
        {
            "row": range(rows),
            "prompt": [one.message for one in tickets],
            "answer": [one.answer for one in tickets],
            "label": [None] * rows,
            "messages": [None] * rows,
            "weight": [1.0] * rows,
            "split": ["validation" if at % HELD_OUT == 0 else "train" for at in range(rows)],
        },
        schema_overrides={"row": pl.Int64, "label": pl.String},
    )
    dataset = Dataset(table="desk", version=None, rows=rows, task="reply", root=frame_digest(frame.drop("messages")))
    return Corpus(dataset, frame.lazy())
