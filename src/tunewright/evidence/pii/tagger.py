"""Names of persons, places and addresses, found by a small tagger that we trained on sentences of our own.

An averaged perceptron (Collins 2002) reads a text from left to right and gives each token a tag, from the words around
it, its form, our short lists and the tags before. The weights (`tagger.npz`) come from `train_tagger.py`; no corpus of
other people's texts went into them. It also tells organizations, which are nobody's personal data and not reported.
"""

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

#: Tags in the order of the weights, and the types that are reported.
TAGS = ("other", "person", "place", "street_address", "organization")
REPORTED = ("person", "place", "street_address")
#: Added to every tag but "other": what a missed name costs is more than what a masked word costs.
LEAN = 0.0


def tagged_spans(texts: pl.DataFrame, types: frozenset[str]) -> pl.DataFrame:
    """`item`, `start`, `end`, `type`, `score` of names in `texts` (`item`, `text`); no two overlap."""
    from tunewright.evidence.kernels.tagging import tag_texts, tokenize
    from tunewright.evidence.pii.gazetteer import hashed

    data, offsets = utf8(texts["text"])
    firsts, table = tokenize(data, offsets)
    keys, flags = hashed()
    tags, margins = tag_texts(data, offsets, firsts, table, keys, flags, weights(), LEAN)
    lengths = np.diff(firsts)
    tokens = pl.DataFrame(
        {
            "item": np.repeat(texts["item"].to_numpy(), lengths),
            "start": table[:, 2].astype(np.int64),
            "end": table[:, 3].astype(np.int64),
            "shape": table[:, 4],
            "tag": tags,
            "margin": margins,
            "year": (data[np.repeat(offsets[:-1], lengths) + table[:, 0]] < ord("3"))
            & (table[:, 3] - table[:, 2] == 4),
        }
    )
    return _joined(_with_numbers(tokens)).filter(pl.col("type").is_in([name for name in REPORTED if name in types]))


def _with_numbers(tokens: pl.DataFrame) -> pl.DataFrame:
    """`tokens` with what stands between or beside tagged ones and belongs to them.

    A number beside an address and one word inside it are part of it; so is a code of four to six digits behind a place.
    An organization beside a person, in one run of words, is taken for a person: a leak costs more than a mask.
    """
    from tunewright.evidence.kernels.tagging import BREAK, DIGITS, SIGN

    solid = ~pl.col("shape").is_in([BREAK, SIGN])
    said, owner = pl.when(solid).then("tag"), pl.when(solid).then("item")
    before = pl.when(owner.forward_fill().shift(1) == pl.col("item")).then(said.forward_fill().shift(1)).fill_null(0)
    after = pl.when(owner.backward_fill().shift(-1) == pl.col("item")).then(said.backward_fill().shift(-1)).fill_null(0)
    beside = pl.col("tag").shift(1).fill_null(0), pl.col("tag").shift(-1).fill_null(0)
    person, place, address, company = (
        TAGS.index(name) for name in ("person", "place", "street_address", "organization")
    )
    free, number = solid & (pl.col("tag") == 0), pl.col("shape") == DIGITS
    inside = (before == address) & (after == address)
    by_address = number & ((before == address) | (after == address))
    code = number & (before == place) & (pl.col("end") - pl.col("start")).is_between(4, 6) & ~pl.col("year")
    named = (pl.col("tag") == company) & ((beside[0] == person) | (beside[1] == person))
    return tokens.with_columns(
        tag=pl.when(named)
        .then(person)
        .when(free & (inside | by_address))
        .then(address)
        .when(free & code)
        .then(place)
        .otherwise("tag")
        .cast(pl.Int8)
    )


def _joined(tokens: pl.DataFrame) -> pl.DataFrame:
    """Neighbors of one tag as one span, without signs at its ends."""
    from tunewright.evidence.kernels.tagging import BREAK, SIGN

    new = (pl.col("tag") != pl.col("tag").shift(1)) | (pl.col("item") != pl.col("item").shift(1))
    solid = ~pl.col("shape").is_in([BREAK, SIGN])
    return (
        tokens.with_columns(span=new.fill_null(value=True).cum_sum())
        .filter((pl.col("tag") != 0) & solid)
        .group_by("span", maintain_order=True)
        .agg(
            pl.col("item", "tag").first(),
            pl.col("start").min(),
            pl.col("end").max(),
            pl.col("margin").mean(),
            letters=(pl.col("end") - pl.col("start")).sum(),
        )
        .filter(pl.col("letters") > 1)
        .select(
            pl.col("item").cast(pl.Int64),
            "start",
            "end",
            type=pl.col("tag").replace_strict(range(len(TAGS)), TAGS, return_dtype=pl.String),
            # Half sure where the tag barely wins; a margin of two trained errors is nearly sure.
            score=(0.5 + 0.5 * (pl.col("margin") / 10).clip(0, 0.98)).cast(pl.Float64).round(3),
        )
    )


def utf8(values: pl.Series) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The bytes of all texts and where each begins, with the end of the last."""
    filled = values.fill_null("")
    offsets = np.zeros(len(filled) + 1, dtype=np.int64)
    np.cumsum(filled.str.len_bytes().to_numpy(), out=offsets[1:])
    data = np.frombuffer("".join(filled.to_list()).encode() + b"    ", dtype=np.uint8)
    return data, offsets


@cache
def weights() -> npt.NDArray[Any]:
    """Shape ``(BUCKETS, tags)``, float32."""
    with files("tunewright.evidence.pii").joinpath("tagger.npz").open("rb") as stream:
        kept = np.load(stream, allow_pickle=False)
        return np.asarray(kept["weights"].astype(np.float32) * kept["scale"])
