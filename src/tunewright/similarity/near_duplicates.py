"""Clusters of texts that are copies of each other but for a few edits.

Texts are described by shingles of characters when short and of words when long (both near the border), sketched by
MinHash, looked up in bands, and compared exactly; an unverified match never joins two rows. Method, defaults and
what they cost: docs/decisions/010-near-duplicates.md.

The streaming form reads the texts twice, batch by batch: once to sketch all of them, once for the shingle sets of
those with a candidate. Between the two only 300 bytes a row are kept, and texts are renamed by the rank of their
content hash, so neither the order of the rows, nor the batches, nor the number of threads can change a cluster.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.digest import frame_digest
from tunewright.core.progress import SILENT, Progress
from tunewright.similarity.near_duplicate_options import NearDuplicateOptions

BATCH_ROWS = 32_768
#: Kept clusters of another version are not read; raise it when the same options would give other clusters.
VERSION = 2


def near_duplicates(
    corpus: Corpus, *, column: str = "prompt", options: NearDuplicateOptions | None = None
) -> pl.DataFrame:
    """Every row of `corpus` that has an exact or near copy in `column`, and its cluster.

    The columns are those of :func:`cluster_texts`, in the corpus's own row numbers.
    """
    options = options or NearDuplicateOptions()

    def make() -> pl.DataFrame:
        def texts() -> Iterator[pl.Series]:
            for batch in corpus.scan(column).collect_batches(maintain_order=True):
                yield from slices(batch.to_series(), BATCH_ROWS)

        clusters = cluster_batches(texts, options, rows=len(corpus), progress=corpus.progress)
        rows = corpus.column("row").to_numpy()
        names = ("row", "representative", "first", "twin")
        return clusters.with_columns(
            **{name: pl.Series(rows[clusters[name].to_numpy()], dtype=pl.Int64) for name in names}
        )

    return corpus.frame_evidence("near_duplicates", [VERSION, column, options.content()], make)


def cluster_texts(
    texts: pl.Series, options: NearDuplicateOptions | None = None, *, threads: int | None = None
) -> pl.DataFrame:
    """Every text that has an exact or near copy in `texts`.

    Args:
        texts: any strings; null, empty and punctuation-only ones are in no cluster.
        options: how alike, and how hard to look.
        threads: how many texts are worked on at once; the result does not depend on it.

    Returns:
        One row per text in a cluster of two or more, in `row` order: `row` (position in `texts`), `cluster`
        (numbered by first row), `representative` (a row that every member reaches the threshold against; the
        cluster's first row wherever that is true of it), `jaccard` to the representative, `first` (the first row
        with the same normalized text; another than `row` for an exact copy), `twin` (the row that this one is a
        copy of with the same numbers in it, `row` itself when only its numbers set it apart from others; its own
        twin is itself) and `twin_jaccard`.
    """
    options = options or NearDuplicateOptions()
    return cluster_batches(lambda: slices(texts, BATCH_ROWS), options, rows=len(texts), threads=threads)


def near_between(
    corpus: Corpus, others: pl.DataFrame, *, column: str = "prompt", options: NearDuplicateOptions | None = None
) -> pl.DataFrame:
    """Rows of `corpus` that are an exact or near copy of a row of another table, by `column`.

    Pairs are compared themselves and not through clusters, so that every row is held against what it resembles most.

    Args:
        corpus: the rows.
        others: the other table, with `row` and `column`.
        column: which text.
        options: how alike, and how hard to look.

    Returns:
        `row`, `other` (the row of `others` that is most alike; of equals the first) and `jaccard`, in `row` order.
    """
    options = options or NearDuplicateOptions()
    held = others.select("row", column)

    def make() -> pl.DataFrame:
        def texts() -> Iterator[pl.Series]:
            for batch in corpus.scan(column).collect_batches(maintain_order=True):
                yield from slices(batch.to_series(), BATCH_ROWS)
            yield from slices(held[column], BATCH_ROWS)

        pairs = pairs_across(texts, options, rows=len(corpus), others=held.height, progress=corpus.progress)
        rows, other_rows = corpus.column("row").to_numpy(), held["row"].to_numpy()
        return pairs.with_columns(
            row=pl.Series(rows[pairs["row"].to_numpy()], dtype=pl.Int64),
            other=pl.Series(other_rows[pairs["other"].to_numpy()], dtype=pl.Int64),
        ).sort("row")

    return corpus.frame_evidence("near_between", [VERSION, column, options.content(), frame_digest(held)], make)


def pairs_across(
    texts: Callable[[], Iterable[pl.Series]],
    options: NearDuplicateOptions,
    *,
    rows: int,
    others: int,
    progress: Progress = SILENT,
) -> pl.DataFrame:
    """The streaming form of :func:`near_between`: `texts` yields the `rows` first and then the `others`, each time.

    Candidates are the pairs that the sketches propose and the pairs of each cluster; every one is compared exactly.
    """
    from tunewright.similarity.clustering import Texts, bounded_map, candidates, clusters, merged
    from tunewright.similarity.minhash import KINDS, sketch

    if not rows or not others:
        return pl.DataFrame(schema={"row": pl.Int64, "other": pl.Int64, "jaccard": pl.Float64})
    progress.start("near-duplicates of other rows", 2 * (rows + others), "rows")
    try:
        with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
            batches = []
            for batch in bounded_map(pool, texts(), lambda part: sketch(part, options)):
                batches.append(batch)
                progress.advance(batch.hashes.size)
            distinct = Texts.of(batches)
            links = merged([candidates(pool, batches, distinct, kind, options) for kind in KINDS])
            batches.clear()
            members = clusters(pool, texts(), distinct, links, options)
    finally:
        progress.finish()
    sides = pl.DataFrame({"row": np.arange(rows + others), "text": distinct.of_row}).filter(pl.col("text") >= 0)
    mine = sides.filter(pl.col("row") < rows)
    first = mine.group_by("text").agg(pl.col("row").min())
    theirs = sides.filter(pl.col("row") >= rows).group_by("text").agg(other=pl.col("row").min())
    pairs = _proposed(links, members.join(sides, on="row"), theirs, options.window)
    pairs = pairs.join(first, on="text").join(theirs, left_on="with", right_on="text")
    best = (
        pairs.with_columns(jaccard=_compared(pairs, texts(), options))
        .filter(pl.col("jaccard") > 0)
        .sort(["jaccard", "other"], descending=[True, False])
        .unique("text", keep="first", maintain_order=True)
    )
    return mine.join(best.drop("row"), on="text").select("row", pl.col("other") - rows, "jaccard").sort("row")


def _proposed(links: Any, members: pl.DataFrame, theirs: pl.DataFrame, most: int) -> pl.DataFrame:
    """Pairs of texts worth comparing, `text` and `with`: itself, linked ones, and the first `most` of its cluster."""
    high, low = (pl.Series(part.astype(np.int64)) for part in (links >> np.uint64(32), links & np.uint64(0xFFFFFFFF)))
    within = members.select("representative", "text").unique()
    there = (
        within.join(theirs, on="text").sort("other").group_by("representative", maintain_order=True).head(most)
    ).select("representative", pl.col("text").alias("with"))
    parts = [
        theirs.select("text", pl.col("text").alias("with")),
        pl.DataFrame({"text": high, "with": low}),
        pl.DataFrame({"text": low, "with": high}),
        within.join(there, on="representative").select("text", "with"),
    ]
    return pl.concat(parts).unique()


def _compared(pairs: pl.DataFrame, texts: Iterable[pl.Series], options: NearDuplicateOptions) -> pl.Series:
    """The exact Jaccard of the texts at `row` and `other`, 0 where it does not reach the threshold."""
    from tunewright.kernels import links as kernel
    from tunewright.similarity.minhash import shingle_sets

    needed = np.unique(np.concatenate([pairs["row"].to_numpy(), pairs["other"].to_numpy()]))
    parts, start = [pl.Series([], dtype=pl.String)], 0
    for batch in texts:
        here = needed[np.searchsorted(needed, start) : np.searchsorted(needed, start + len(batch))]
        parts.append(batch.gather(here - start))
        start += len(batch)
    flat, bounds = shingle_sets(pl.concat(parts), options)
    places = np.stack([np.searchsorted(needed, pairs[name].to_numpy()) for name in ("row", "other")], axis=1)
    scores = np.zeros(pairs.height)
    kernel.verify(places, flat, bounds, np.array([options.threshold_short, options.threshold_long]), scores)
    # A text of one sign has no shingles to compare; it is itself all the same.
    return pl.Series(np.where((pairs["text"] == pairs["with"]).to_numpy(), 1.0, scores))


def slices(texts: pl.Series, size: int) -> Iterator[pl.Series]:
    """`texts` in slices of at most `size` rows, without copying."""
    for start in range(0, len(texts), size):
        yield texts.slice(start, size)


def cluster_batches(
    texts: Callable[[], Iterable[pl.Series]],
    options: NearDuplicateOptions,
    *,
    rows: int,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> pl.DataFrame:
    """The streaming form of :func:`cluster_texts`: `texts` yields the same batches each time it is called.

    Args:
        texts: the batches, of any sizes, in row order; called twice.
        options: how alike, and how hard to look.
        rows: number of texts, for the progress bar.
        threads: how many batches are worked on at once.
        progress: where it is reported.
    """
    from tunewright.similarity.clustering import Texts, bounded_map, candidates, clusters, merged
    from tunewright.similarity.minhash import KINDS, sketch

    workers = threads or pl.thread_pool_size()
    progress.start("near-duplicates", 2 * rows, "rows")
    try:
        with ThreadPoolExecutor(workers) as pool:
            batches = []
            for batch in bounded_map(pool, texts(), lambda part: sketch(part, options)):
                batches.append(batch)
                progress.advance(batch.hashes.size)
            if not batches:
                batches = [sketch(pl.Series([], dtype=pl.String), options)]
            distinct = Texts.of(batches)
            links = merged([candidates(pool, batches, distinct, kind, options) for kind in KINDS])
            batches.clear()
            progress.advance(rows / 2, f"{links.size:,} pairs to compare")
            frame = clusters(pool, texts(), distinct, links, options)
            progress.advance(rows / 2)
            return frame
    finally:
        progress.finish()
