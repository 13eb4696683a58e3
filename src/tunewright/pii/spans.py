"""Personal data in every text of a corpus, found once and kept without the data itself.

A digest of six hexadecimal digits says that two spans hold the same value and no more: a full digest of a phone or
social security number is undone by trying all of them, six digits leave hundreds of candidates.
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.frozen import Frozen
from tunewright.core.progress import SILENT, Progress, tracked
from tunewright.pii.cut import MARK, cut
from tunewright.pii.numbers import number_spans
from tunewright.pii.tagger import tagged_spans
from tunewright.pii.types import TAGGED, pii_types
from tunewright.pii.words import word_spans
from tunewright.text.fields import texts

#: Texts read at once: fewer where every core shall have some, but no fewer than take longer than the patterns do to
#: compile.
BATCH_ROWS, LEAST_ROWS = 131_072, 16_384
DIGEST_DIGITS = 6
#: What stands where personal data stood: the name of its type, or a pseudonym (`stages/clean/fixes`).
MASK = r"\[[A-Z]+(?:_[A-Z]+)*(?:-[a-z]{8})?\]"
#: Types of patterns that are parts of what the tagger finds whole: of these and its spans the longest stays.
LOOSE = ("street_address", "postal_code")
#: Types that stand beside a name in a line of contact, and the letters below which what is left beside them is no name.
CONTACT, A_NAME = ("phone", "email"), 3
#: Kept spans of another version are not read; raise it when the same options would find others.
VERSION = 3
#: Characters between the beginnings of two texts in one long line; none is longer.
LINE = 1 << 32
SPAN_COLUMNS = {
    "row": pl.Int64,
    "column": pl.String,
    "start": pl.Int64,
    "end": pl.Int64,
    "type": pl.String,
    "score": pl.Float64,
    "text_digest": pl.String,
}


class PiiOptions(Frozen):
    """What is looked for."""

    types: tuple[str, ...] = Field((), description="Types that are looked for; none named means all.")
    names: bool = Field(True, description="Look for names of persons and places too, with the tagger.")
    sensitivity: Literal["low", "balanced", "high"] = Field("balanced", description="How readily a word is a name.")
    second: Literal["", "presidio"] = Field("", description="Another detector that reads the texts too.")
    second_texts: int = Field(0, ge=0, description="How many texts, evenly drawn, the second reads; 0 is all.")


def pii_spans(corpus: Corpus, options: PiiOptions | None = None) -> pl.DataFrame:
    """Spans of personal data in prompts, answers and other turns: ``SPAN_COLUMNS``, sorted, not overlapping.

    `start` and `end` count characters of the text in `column`; `end` is the first character behind the span.
    """
    options = options or PiiOptions()

    def make() -> pl.DataFrame:
        return spans_of(texts(corpus), options, corpus.progress)

    return corpus.frame_evidence("pii_spans", [VERSION, options.content()], make)


def spans_of(places: pl.DataFrame, options: PiiOptions, progress: Progress = SILENT) -> pl.DataFrame:
    """Spans of personal data in `places` (`row`, `column`, `text`), as :func:`pii_spans` returns them."""
    numbered = places.select("row", "column", "text", item=pl.int_range(pl.len(), dtype=pl.Int64))
    second = _second(numbered, options, progress) if options.second else None
    cores = pl.thread_pool_size()
    size = min(BATCH_ROWS, max(LEAST_ROWS, -(-places.height // cores)))
    starts = range(0, places.height, size)
    # Polars runs most string expressions on one core and lets go of the interpreter, so batches run side by side.
    with ThreadPoolExecutor(cores) as pool:
        done = pool.map(lambda start: _batch(numbered.slice(start, size), options, second), starts)
        frames = list(tracked(done, progress, "personal data", len(starts), "batches"))
    return pl.concat([pl.DataFrame(schema=SPAN_COLUMNS), *frames]).sort("row", "column", "start")


def types_of(options: PiiOptions) -> frozenset[str]:
    """The types that `options` ask for."""
    known = [name for name in pii_types() if options.names or name not in TAGGED]
    return frozenset(known if not options.types else (name for name in known if name in options.types))


def second_facts(options: PiiOptions) -> dict[str, str | int]:
    """What a finding says of the second detector: its name, what it read with, and how many texts at most."""
    if not options.second:
        return {}
    from tunewright.pii.presidio import presidio_reads_with

    facts: dict[str, str | int] = {"second": options.second, "second_read_with": presidio_reads_with()}
    return facts | ({"second_texts": options.second_texts} if options.second_texts else {})


def _second(texts: pl.DataFrame, options: PiiOptions, progress: Progress) -> pl.DataFrame:
    from tunewright.pii.presidio import presidio_spans

    every = max(1, texts.height // options.second_texts) if options.second_texts else 1
    drawn = texts.gather_every(every).head(options.second_texts or texts.height)
    # Asked for by name, so a missing package ends the check rather than passing for "nothing found".
    return presidio_spans(drawn.select("item", "text"), types_of(options), progress)


def _batch(numbered: pl.DataFrame, options: PiiOptions, second: pl.DataFrame | None) -> pl.DataFrame:
    types = types_of(options)
    looked = numbered.select("item", pl.col("text").str.replace_all(MARK, " ", literal=True))
    known_by = [word_spans(looked, types), number_spans(looked, types)]
    # A number that its check digit or the words before it name is not made part of an address around it.
    ranked = [pl.concat(known_by).with_columns(rank_of=pl.col("type").is_in(LOOSE).cast(pl.Int8))]
    if types & {*TAGGED, "street_address"} and options.names:
        ranked.append(tagged_spans(looked, types, options.sensitivity).with_columns(rank_of=pl.lit(1, pl.Int8)))
    if second is not None:
        own = second.join(numbered.select("item"), on="item", how="semi")
        ranked.append(own.with_columns(rank_of=pl.lit(2, pl.Int8)))
    spans = pl.concat(ranked)
    unmasked = _outside_masks(_without_remnants(resolved(spans), looked, types), looked)
    joined = unmasked.join(numbered, on="item", how="left", maintain_order="left").with_columns(
        value=pl.col("text").str.slice(pl.col("start"), pl.col("end") - pl.col("start"))
    )
    return joined.with_columns(text_digest=_digests(joined["value"])).select(*SPAN_COLUMNS)


def resolved(spans: pl.DataFrame) -> pl.DataFrame:
    """`spans` (`item`, `start`, `end`, `type`, `score`) without overlaps: the longest stays, then the surest.

    What sticks out of the one that stays is kept under its own type, so that nothing found is ever left in the open.
    Where there is a `rank_of`, a span of a lower one stays before all of these.
    """
    rest = _ranked(spans)
    disjoint = []
    while rest.height:
        ordered = rest.sort("item", "start", "end")
        # Places in one long line of all texts, so that no text needs a window of its own.
        line = pl.col("item").cast(pl.Int64) * LINE
        reach = (line + pl.col("end")).cum_max()
        behind = (line + pl.col("start") >= reach.shift(1)).fill_null(value=True)
        groups = ordered.with_columns(group=behind.cum_sum())
        best = groups.sort("rank").unique(["item", "group"], keep="first", maintain_order=True)
        disjoint.append(best.drop("group"))
        others = groups.join(best.select("item", "group", s="start", e="end"), on=["item", "group"], how="left")
        before = others.with_columns(end=pl.min_horizontal("end", "s"))
        after = others.with_columns(start=pl.max_horizontal("start", "e"))
        parts = pl.concat([before, after]).filter(pl.col("start") < pl.col("end")).select(*spans.columns)
        rest = _ranked(parts)
    return pl.concat([spans.clear(), *[frame.select(spans.columns) for frame in disjoint]]).sort("item", "start")


def _without_remnants(spans: pl.DataFrame, texts: pl.DataFrame, types: frozenset[str]) -> pl.DataFrame:
    """`spans` in which no address is the rest of one that held a phone number.

    "Ring 020 7946 0552, Greta Vale" looks like a house number and a street to the tagger. Once the number is known for
    what it is, words beside it are a name, and two letters are nothing.
    """
    beside = spans.sort("item", "start").with_columns(
        before=(pl.col("item").shift(1) == pl.col("item"))
        & (pl.col("end").shift(1) == pl.col("start"))
        & pl.col("type").shift(1).is_in(CONTACT),
        behind=(pl.col("item").shift(-1) == pl.col("item"))
        & (pl.col("start").shift(-1) == pl.col("end"))
        & pl.col("type").shift(-1).is_in(CONTACT),
    )
    touching = (pl.col("before") | pl.col("behind")).fill_null(value=False) & (pl.col("type") == "street_address")
    rests = beside.filter(touching).join(texts, on="item", how="left")
    words = pl.col("text").str.slice(pl.col("start"), pl.col("end") - pl.col("start"))
    rests = rests.filter(~words.str.contains(r"\d")).select(
        "item", "start", "end", letters=words.str.count_matches(r"\p{L}")
    )
    joined = spans.join(rests, on=["item", "start", "end"], how="left", maintain_order="left")
    name = pl.lit("person" if "person" in types else "street_address")
    return joined.filter(pl.col("letters").fill_null(A_NAME) >= A_NAME).select(
        pl.when(pl.col("letters").is_null()).then("type").otherwise(name).alias(column) if column == "type" else column
        for column in spans.columns
    )


def _outside_masks(spans: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """`spans` that touch no mask, so that masked data stays as it is when it is cleaned again."""
    masks = cut(texts.filter(pl.col("text").str.contains("[", literal=True)), MASK)
    if masks.is_empty() or spans.is_empty():
        return spans
    numbered = spans.with_row_index("span")
    touched = numbered.join(masks.select("item", s="start", e="end"), on="item").filter(
        (pl.col("start") < pl.col("e")) & (pl.col("end") > pl.col("s"))
    )
    return numbered.join(touched, on="span", how="anti").drop("span").sort("item", "start")


def _ranked(spans: pl.DataFrame) -> pl.DataFrame:
    length = pl.col("end") - pl.col("start")
    unique = spans.unique(["item", "start", "end", "type"], keep="first", maintain_order=True)
    first = ["rank_of"] if "rank_of" in spans.columns else []
    down = [*[False for _ in first], False, True, True, False, False]
    ordered = unique.sort(*first, "item", length, "score", "type", "start", descending=down)
    return ordered.with_columns(rank=pl.int_range(pl.len()))


def _digests(values: pl.Series) -> pl.Series:
    unique = values.unique()
    # hashlib takes one value at a time; each distinct value is hashed once.
    digests = [hashlib.sha256(value.encode()).hexdigest()[:DIGEST_DIGITS] for value in unique]
    return values.replace_strict(unique, pl.Series(digests, dtype=pl.String), return_dtype=pl.String)
