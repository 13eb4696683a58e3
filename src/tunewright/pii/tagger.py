"""Names of persons, places and addresses, found by a small tagger that we trained on sentences of our own.

An averaged perceptron (Collins 2002) reads a text from left to right and gives each token a tag, from the words around
it, its form, our short lists and the tags before. The weights (`tagger.npz`) come from `tools/pii_tagger`; no corpus of
other people's texts went into them. It also tells organizations, which are nobody's personal data and not reported.
"""

from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.pii.words import KIND

#: Tags in the order of the weights, and the types that are reported.
TAGS = ("other", "person", "place", "street_address", "organization")
REPORTED = ("person", "place", "street_address")
#: Columns of the weights as they are read: eight bytes, so that one row is one word of memory.
WIDTH = 8
#: Added to every tag but "other", in errors of the training: a name that is missed costs more than a word that is
#: masked. The second is for words whose letters' case says nothing: nearly all that is doubtful there is no name.
#: Measured, low / balanced / high: 3.8 / 2.7 / 2.2 % of presidio-research's records leak (target 3 %),
#: 3.0 / 3.4 / 3.6 % of banking77's questions are flagged.
LEAN = {"low": (8.0, -4.0), "balanced": (32.0, 0.0), "high": (48.0, 6.0)}
#: What is written right before an amount, and an amount with its own currency or pence.
MONEY = r"(?i)(?:[£$€¥]|\b(?:GBP|USD|EUR|CHF))\s*(?:\d+[.,])?$"
AMOUNT = r"^(?:(?:GBP|USD|EUR|CHF)\s?)?\d{1,3}(?:[.,]\d{3})*[.,]\d\d\b|^(?:GBP|USD|EUR|CHF)\s?\d"
#: Letters of an address without a number that is a street's name and no abbreviation.
SHORTEST = 4
#: What an address without a number must hold to be one. Anything else there, mostly a shop or a quarter, is a place at
#: most: it stays found, under that name.
STREET = (
    rf"(?i)\b{KIND}\b|straße|strasse|str\.|\b(?:rue|via|calle|avenida|plaza|piazza|rua|corner|box|unit|apt|suite)\b"
)


def tagged_spans(texts: pl.DataFrame, types: frozenset[str], sensitivity: str = "balanced") -> pl.DataFrame:
    """`item`, `start`, `end`, `type`, `score` of names in `texts` (`item`, `text`); no two overlap."""
    from tunewright.kernels.name_spans import spans, tag_texts
    from tunewright.kernels.tagging import tokenize
    from tunewright.pii.gazetteer import hashed

    data, offsets = utf8(texts["text"])
    firsts, table = tokenize(data, offsets)
    known, step = weights()
    lean, caseless = (round(value / step) for value in LEAN[sensitivity])
    tags, margins = tag_texts(data, offsets, firsts, table, *hashed(), known, len(TAGS), lean, caseless)
    tagged, means = spans(data, offsets, firsts, table, tags, margins)
    # Half sure where the tag barely wins; a margin of ten errors of the training is nearly sure.
    sure = 0.5 + 0.5 * np.clip(means * step / 10, 0, 0.98)
    frame = pl.DataFrame(
        {
            "item": texts["item"].cast(pl.Int64).to_numpy()[tagged[:, 0]],
            "start": tagged[:, 2],
            "end": tagged[:, 3],
            "type": np.array(TAGS, dtype=object)[tagged[:, 1]],
            "score": sure.round(3),
        },
        schema={"item": pl.Int64, "start": pl.Int64, "end": pl.Int64, "type": pl.String, "score": pl.Float64},
    )
    reported = _as_places(frame.filter(pl.col("type").is_in(REPORTED)), texts)
    wanted = reported.filter(pl.col("type").is_in([name for name in REPORTED if name in types]))
    return wanted.join(_no_addresses(wanted, texts), on=["item", "start"], how="anti", maintain_order="left")


def _as_places(spans: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """`spans` in which an address has a number or a street."""
    words = spans.join(texts, on="item", how="left", maintain_order="left").select(
        pl.col("text").str.slice(pl.col("start"), pl.col("end") - pl.col("start"))
    )["text"]
    address = (spans["type"] == "street_address") & (words.str.len_chars() > SHORTEST)
    place = address & ~words.str.contains(r"\d") & ~words.str.contains(STREET)
    return spans.with_columns(type=pl.when(place).then(pl.lit("place")).otherwise("type"))


def _no_addresses(spans: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """Street addresses that are amounts of money, or a few letters without a number: `item` and `start`."""
    addresses = spans.filter(pl.col("type") == "street_address").join(texts, on="item", how="left")
    words = pl.col("text").str.slice(pl.col("start"), pl.col("end") - pl.col("start"))
    before = pl.col("text").str.slice(0, pl.col("start")).str.tail(12)
    amount = words.str.contains(AMOUNT) | (before.str.contains(MONEY) & words.str.contains(r"^\d"))
    word = ~words.str.contains(r"\d") & (words.str.len_chars() <= SHORTEST)
    return addresses.filter(amount | word).select("item", "start")


def utf8(values: pl.Series) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The bytes of all texts and where each begins, with the end of the last."""
    filled = values.fill_null("")
    offsets = np.zeros(len(filled) + 1, dtype=np.int64)
    np.cumsum(filled.str.len_bytes().to_numpy(), out=offsets[1:])
    data = np.frombuffer("".join(filled.to_list()).encode() + b"    ", dtype=np.uint8)
    return data, offsets


@cache
def weights() -> tuple[npt.NDArray[np.int8], float]:
    """Whole numbers of shape ``(BUCKETS, WIDTH)``, the columns behind the tags zero; and what one of them is worth."""
    with files("tunewright.pii").joinpath("tagger.npz").open("rb") as stream:
        stored = np.load(stream, allow_pickle=False)
        wide = np.zeros((len(stored["weights"]), WIDTH), dtype=np.int8)
        wide[:, : len(TAGS)] = stored["weights"]
        return wide, float(stored["step"])
