"""A 5-gram language model with modified Kneser-Ney smoothing over token ids, as the baseline that a network must beat.

    python -m starter.kneser_ney --corpus FOLDER --tokenizer FOLDER --out kneser_ney.json

Interpolated, with three discounts an order (Chen and Goodman 1999, doi 10.1006/csla.1999.0128); below the highest order
an n-gram counts by the number of different tokens before it. The unigrams are interpolated with the uniform
distribution, so every token of the vocabulary has a probability.

Columns only: an n-gram is (number of its context, last token) in one int64, sorted; 37 M tokens take about 2.5 GB.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from starter.data import FULL, ID, Data, Tokens, blocks, load, prepare
from starter.score import MOST_BLOCKS, figures, scored, token_bytes

ORDER = 5
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass
class Level:
    """The n-grams of one order.

    Attributes:
        keys: sorted ``context * vocabulary + token``, where `context` is the place of the first n-1 tokens among the
            n-grams of the order below.
        share: discounted count over the context's total, per n-gram.
        rest: per context of this order, the mass that goes to the order below; 1 where the context was never seen.
    """

    keys: Longs
    share: npt.NDArray[np.float32]
    rest: npt.NDArray[np.float32]


class KneserNey:
    """The model; `levels[0]` are the unigrams."""

    def __init__(self, vocabulary: int, levels: list[Level]) -> None:
        self.vocabulary = vocabulary
        self.levels = levels

    @classmethod
    def of(cls, stream: npt.NDArray[np.integer], vocabulary: int, order: int = ORDER) -> "KneserNey":
        """Count one stream of ids."""
        ids = np.asarray(stream, np.int64)
        contexts = 1
        keys, places = _unique(ids)
        levels = []
        for n in range(1, order):
            longer_keys, longer = _unique(places[: len(ids) - n].astype(np.int64) * vocabulary + ids[n:])
            counts = _kinds_before(places, longer, len(keys), len(longer_keys))
            levels.append(_level(keys, counts, contexts, vocabulary))
            contexts, keys, places = len(keys), longer_keys, longer
        levels.append(_level(keys, np.bincount(places, minlength=len(keys)), contexts, vocabulary))
        return cls(vocabulary, levels)

    def probabilities(self, contexts: npt.NDArray[np.integer], tokens: npt.NDArray[np.integer]) -> Floats:
        """Of `tokens` (n,) after `contexts` (n, order - 1); a context's unknown tokens are -1 and stand at its left."""
        contexts, tokens = np.asarray(contexts, np.int64), np.asarray(tokens, np.int64)
        chance = np.full(len(tokens), 1.0 / self.vocabulary)
        for n, level in enumerate(self.levels):
            place = self._places(contexts[:, contexts.shape[1] - n :])
            known = place >= 0
            rest = np.where(known, level.rest[np.maximum(place, 0)], 1.0)
            at, there = _find(level.keys, place * self.vocabulary + tokens)
            share = np.where(known & there, level.share[at], 0.0)
            chance = share + rest * chance
        return chance

    def _places(self, contexts: Longs) -> Longs:
        """The place of each context among the n-grams of its length, -1 where it was not seen."""
        place = np.zeros(len(contexts), np.int64)
        for n in range(contexts.shape[1]):
            at, there = _find(self.levels[n].keys, place * self.vocabulary + contexts[:, n])
            place = np.where(there & (place >= 0) & (contexts[:, n] >= 0), at, -1)
        return place

    def losses(self, ids: npt.NDArray[np.integer], chunk: int = 200_000) -> Floats:
        """Negative log-likelihood of each token of a stream after its first, given at most four before it."""
        ids = np.asarray(ids, np.int64)
        wide = len(self.levels) - 1
        padded = np.concatenate([np.full(wide, -1, np.int64), ids])
        windows = np.lib.stride_tricks.sliding_window_view(padded, wide + 1)[1:]
        parts = [
            -np.log(self.probabilities(w[:, :-1], w[:, -1])) for w in np.array_split(windows, len(windows) // chunk + 1)
        ]
        return np.concatenate(parts)


def _unique(full: Longs) -> tuple[Longs, npt.NDArray[np.int32]]:
    """The different values in order, and for each value its place among them."""
    order = np.argsort(full)
    ranked = full[order]
    first = np.empty(len(full), bool)
    first[:1] = True
    np.not_equal(ranked[1:], ranked[:-1], out=first[1:])
    inverse = np.empty(len(full), np.int32)
    inverse[order] = np.cumsum(first, dtype=np.int32) - 1
    return ranked[first], inverse


def _kinds_before(shorter: npt.NDArray[np.int32], longer: npt.NDArray[np.int32], size: int, longer_size: int) -> Longs:
    """Per n-gram, how many different tokens stand before it.

    The (n+1)-gram at position i ends in the n-gram at i + 1; each kind of (n+1)-gram counts once.
    """
    suffix = np.zeros(longer_size, np.int32)
    suffix[longer] = shorter[1 : len(longer) + 1]
    return np.bincount(suffix, minlength=size)


def _level(keys: Longs, counts: Longs, contexts: int, vocabulary: int) -> Level:
    """Discount and share out the counts of one order."""
    how_many = [float((counts == n).sum()) for n in range(1, 5)]
    base = how_many[0] / max(1.0, how_many[0] + 2 * how_many[1])
    cuts = [0.0]
    for n in (1, 2, 3):
        # Chen and Goodman's estimate; a text too small to have the counts gets the plain discount.
        cut = n - (n + 1) * base * how_many[n] / how_many[n - 1] if how_many[n - 1] and how_many[n] else base
        cuts.append(min(max(cut, 0.0), float(n)))
    cut = np.array(cuts)[np.minimum(counts, 3)]
    context = keys // vocabulary
    total = np.bincount(context, weights=counts, minlength=contexts)
    lost = np.bincount(context, weights=np.minimum(cut, counts), minlength=contexts)
    seen = np.maximum(total, 1.0)
    share = np.maximum(counts - cut, 0.0) / seen[context]
    return Level(keys, share.astype(np.float32), np.where(total > 0, lost / seen, 1.0).astype(np.float32))


def _find(keys: Longs, wanted: Longs) -> tuple[Longs, npt.NDArray[np.bool_]]:
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return at, keys[at] == wanted


def measured(model: KneserNey, held_out: dict[str, Tokens], sizes: Longs) -> dict[str, dict[str, float]]:
    """The figures of :func:`starter.measure.likelihood` for this model, over the very same tokens."""
    found = {}
    for name, stream in held_out.items():
        # The first token of a block is scored by neither model; the n-grams may look back over a block's start.
        nll = np.concatenate([[0.0], model.losses(stream & ID)])
        some, whole = blocks(stream, MOST_BLOCKS), blocks(nll, MOST_BLOCKS)[:, 1:]
        ids, full = (some & ID)[:, 1:].astype(np.int64), (some & FULL)[:, 1:] > 0
        found[name] = figures(whole, ids, scored(ids), sizes)
        if not full.all():
            found[f"{name}, answers"] = figures(whole, ids, full, sizes)
    return found


def training_stream(data: Data) -> Tokens:
    """Every source of text and the generated chats, one after the other, without padding."""
    whole = np.concatenate([data.train[name] & ID for name in sorted(data.train)])
    return whole[whole != 0]


def main() -> None:
    """Count the training text, score the held-out text, write the figures."""
    parser = argparse.ArgumentParser(description="Score the 5-gram baseline.")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--generated", type=int, default=100_000, help="chats that are counted besides all texts")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    began = time.monotonic()
    data = prepare(
        given.corpus,
        given.tokenizer,
        generated=given.generated,
        reading=0,
        seed=given.seed,
        workers=given.workers,
        corpus_chats=False,
    )
    tokenizer = load(given.tokenizer)
    stream = training_stream(data)
    model = KneserNey.of(stream, tokenizer.get_vocab_size())
    results = {
        "order": ORDER,
        "train_tokens": len(stream),
        "train_sources": {name: len(tokens) for name, tokens in data.train.items()},
        "grams": [len(level.keys) for level in model.levels],
        "held_out_digest": data.digest(),
        "held_out": measured(model, data.held_out, token_bytes(tokenizer)),
        "seconds": round(time.monotonic() - began, 1),
    }
    given.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
