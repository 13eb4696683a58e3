"""A whole project that trains in seconds: a few hundred invented tickets and a tiny random encoder."""

import csv
import random
from pathlib import Path

from tests.stages.train.tiny import save_bert

THINGS = {
    "card_lost": ["I lost my {a} card", "my {a} card is gone", "somebody took my {a} card", "cannot find the {a} card"],
    "transfer": [
        "send {n} euros to {p}",
        "the transfer to {p} of {n} is late",
        "pay {p} {n} please",
        "wire {n} to {p}",
    ],
    "login": ["I cannot log in to the {a} app", "the {a} app forgot my password", "locked out of {a} banking again"],
}
ADJECTIVES = ["blue", "old", "second", "joint", "silver", "business", "travel", "student", "gold", "spare"]
PEOPLE = ["Amara", "Bo", "Chidi", "Dana", "Emil", "Farah", "Gus", "Hana", "Ines", "Jonas"]
TAILS = ["", " thanks", " can you help", " it happened at {n} o'clock", " since {n} days", " please hurry"]


def tickets(rows: int, seed: int = 0) -> list[tuple[str, str]]:
    """Different tickets with their labels."""
    rng = random.Random(seed)
    made: dict[str, str] = {}
    while len(made) < rows:
        label = rng.choice(list(THINGS))
        text = rng.choice(THINGS[label]) + rng.choice(TAILS)
        made.setdefault(text.format(a=rng.choice(ADJECTIVES), p=rng.choice(PEOPLE), n=rng.randint(2, 900)), label)
    return list(made.items())


def write_csv(path: Path, rows: list[tuple[str, str]]) -> Path:
    """The tickets as a CSV with a header."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "category"])
        writer.writerows(rows)
    return path


def tiny_encoder(folder: Path) -> Path:
    """A random BERT of a few thousand parameters with a word-piece vocabulary of letters and a few words."""
    from tokenizers import models

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789'"
    words = sorted({w for lines in THINGS.values() for line in lines for w in line.lower().split() if "{" not in w})
    every = dict.fromkeys([*pieces, *letters, *("##" + c for c in letters), *words])
    vocabulary = {piece: index for index, piece in enumerate(every)}
    return save_bert(folder, models.WordPiece(vocabulary, unk_token="[UNK]"), len(vocabulary))
