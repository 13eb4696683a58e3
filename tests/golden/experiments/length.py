"""Rows that are too long for the model to be tuned: its own tokenizer decides, so nothing may be missed or made up."""

import tempfile
from pathlib import Path

from tests.golden import inject
from tests.golden.inject import World
from tests.golden.measure import measure
from tests.golden.trial import Experiment, Figure, figures, flagged, planted, run_check, share, world
from tests.stages.train.tiny import write_llama
from tunewright.core.context import Context, Target


def length_encoder(rows: int, seed: int) -> list[Figure]:
    """Texts of about 60 words with pasted logs among them, cut by the bundled encoder at 256 tokens."""
    made = world(rows, seed, 60)
    inject.long_rows(made, share(rows, 100), 256)
    return _figures(made, "classify", "cut", Target(method="encoder", base="", max_tokens=256))


def length_chats(rows: int, seed: int) -> list[Figure]:
    """Chats about texts of 12 words, left out by a causal model over bytes whose positions end at 512."""
    made = world(rows, seed)
    inject.long_rows(made, share(rows, 100), 256)
    inject.as_chats(made)
    with tempfile.TemporaryDirectory() as folder:
        target = Target(method="lora", base=str(write_llama(Path(folder))), max_tokens=4096)
        return _figures(made, "reply", "too_long", target)


def _figures(made: World, task: str, kind: str, target: Target) -> list[Figure]:
    corpus, truth = made.corpus(task)
    corpus.context = Context(target=target)
    result = measure(flagged(run_check("length", corpus), kind), planted(truth, "too_long"))
    return figures(f"length.{kind}", result, precision=1.0, recall=1.0)


EXPERIMENTS: tuple[Experiment, ...] = (length_encoder, length_chats)
