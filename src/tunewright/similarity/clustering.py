"""Sketches to clusters: candidates by band, exact comparison, stars."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.kernels import links as kernel
from tunewright.similarity.minhash import Sketches, shingle_sets
from tunewright.similarity.near_duplicate_options import NearDuplicateOptions

Array = npt.NDArray[Any]
Item = TypeVar("Item")
Result = TypeVar("Result")
#: A sketch strays this many standard errors below its pair's Jaccard once in 4,000.
SLACK = 3.5
PAIRS_PER_TASK = 25_000
#: Batches read before the first is done; enough for any number of threads a desk has.
DEPTH = 16
#: A connected family of this many texts needs no further proof that it is one.
ENOUGH = 64


@dataclass(frozen=True)
class Texts:
    """The distinct texts of all batches, numbered by the rank of their hash.

    Attributes:
        of_row: number of each row's text, -1 for a row without one, shape ``(n_rows,)``.
        first_rows: earliest row of each text, shape ``(n_texts,)``.
        numbers: hash of the numbers in each, shape ``(n_texts,)``.
    """

    of_row: Array
    first_rows: Array
    numbers: Array

    @classmethod
    def of(cls, batches: list[Sketches]) -> "Texts":
        """Collapse exact copies: equal hashes are one text."""
        hashes = np.concatenate([batch.hashes for batch in batches])
        rows = np.flatnonzero(hashes)
        _, first, inverse = np.unique(hashes[rows], return_index=True, return_inverse=True)
        of_row = np.full(hashes.size, -1, dtype=np.int64)
        of_row[rows] = inverse
        first_rows = rows[first]
        return cls(of_row, first_rows, np.concatenate([batch.numbers for batch in batches])[first_rows])


@dataclass(frozen=True)
class Clusters:
    """Who stands for each text, and how well; each array of shape ``(n_texts,)``.

    Attributes:
        centers: the text that represents it.
        scores: its exact Jaccard to that.
        twins: the text that it is a copy of, numbers included.
        twin_scores: its exact Jaccard to that.
    """

    centers: Array
    scores: Array
    twins: Array
    twin_scores: Array


def bounded_map(pool: Executor, items: Iterable[Item], work: Callable[[Item], Result]) -> Iterator[Result]:
    """`work` done on `items` in the pool, in order, with at most `DEPTH` items in memory."""
    waiting: deque[Future[Result]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) >= DEPTH:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def candidates(
    pool: Executor, batches: list[Sketches], texts: Texts, kind: int, options: NearDuplicateOptions
) -> Array:
    """The pairs of texts that share a band key and whose sketches agree well enough.

    Returns:
        Distinct pairs of text numbers, the lower in the high half, ascending, shape ``(n_links,)`` uint64.
    """
    starts = np.cumsum([0, *(batch.hashes.size for batch in batches)])
    rows = np.concatenate([start + batch.described[kind] for start, batch in zip(starts, batches, strict=False)])
    of_entry = texts.of_row[rows]
    # One entry per text, that of its first row, in text order: from here on row order is unknown.
    entries = np.flatnonzero(texts.first_rows[of_entry] == rows)
    entries = entries[np.argsort(of_entry[entries])]
    numbers = of_entry[entries]
    sketches = _gathered([batch.shorts[kind] for batch in batches], entries)
    places = np.arange(entries.size, dtype=np.uint64)
    least = min_agreement(options)[kind]

    def keys(band: int) -> Array:
        whole: Array = np.concatenate([batch.keys[kind][band % options.bands] for batch in batches])
        entry_keys: Array = whole[entries]
        return entry_keys

    def links_of(band: int) -> Array:
        keyed = (keys(band).astype(np.uint64) << np.uint64(32)) | places
        keyed.sort()
        high = keyed >> np.uint64(32)
        shared = np.zeros(keyed.size, dtype=np.bool_)
        same = high[1:] == high[:-1]
        shared[1:] |= same
        shared[:-1] |= same
        keyed = keyed[shared]
        links = np.empty(kernel.PARTNERS * keyed.size, dtype=np.uint64)
        count = kernel.bucket_links(keyed, keys(band + 1), numbers, sketches, options.window, least, links)
        return merged([links[:count]])

    links_by_band = list(pool.map(links_of, range(options.bands)))
    return merged(links_by_band)


def _gathered(parts: list[Array], places: Array) -> Array:
    """``np.concatenate(parts)[places]`` for distinct places, without holding the whole twice."""
    target = np.full(sum(len(part) for part in parts), -1, dtype=np.int64)
    target[places] = np.arange(places.size)
    gathered = np.empty((places.size, *parts[0].shape[1:]), dtype=parts[0].dtype)
    start = 0
    for part in parts:
        here = target[start : start + len(part)]
        wanted = here >= 0
        gathered[here[wanted]] = part[wanted]
        start += len(part)
    return gathered


def merged(parts: list[Array]) -> Array:
    """Sorted distinct values of all parts; ``np.unique`` hashes them first and takes a hundred times as long."""
    values = np.concatenate(parts)
    values.sort()
    first = np.ones(values.size, dtype=np.bool_)
    first[1:] = values[1:] != values[:-1]
    distinct: Array = values[first]
    return distinct


def min_agreement(options: NearDuplicateOptions) -> Array:
    """By kind, the agreement of two sketches below which a pair at the threshold is out of the question."""
    count = options.bands * options.band_rows
    thresholds = _thresholds(options)
    # Unequal minima share their low byte once in 256.
    expected = count * (thresholds + (1 - thresholds) / 256)
    slack = SLACK * np.sqrt(count * thresholds * (1 - thresholds))
    padding = -(-count // 8) * 8 - count
    least: Array = np.floor(expected - slack).astype(np.int64).clip(1) + padding
    return least


def clusters(
    pool: Executor,
    batches: Iterable[pl.Series],
    texts: Texts,
    links: Array,
    options: NearDuplicateOptions,
) -> pl.DataFrame:
    """Compare the candidates exactly and say who represents whom.

    Args:
        pool: where comparisons run.
        batches: the texts once more, in row order.
        texts: the distinct texts.
        links: the candidates, as :func:`candidates` returns them.
        options: thresholds.
    """
    pairs = np.stack([links >> np.uint64(32), links & np.uint64(0xFFFFFFFF)], axis=1).astype(np.int64)
    compared = np.zeros(texts.first_rows.size, dtype=np.bool_)
    compared[pairs.ravel()] = True
    needed = np.flatnonzero(compared)
    pairs = (np.cumsum(compared) - 1)[pairs]
    flat, bounds = _shingles(pool, batches, texts.first_rows[needed], options)
    pairs = _verified(pool, pairs, flat, bounds, options)
    centers, scores = _representatives(pairs, texts.first_rows[needed], flat, bounds, options)
    twins, twin_scores = _exact_number_copies(
        centers, scores, texts.numbers[needed], texts.first_rows[needed], flat, bounds, options
    )
    n = texts.first_rows.size
    representatives = Clusters(np.arange(n), np.ones(n), np.arange(n), np.ones(n))
    representatives.centers[needed], representatives.scores[needed] = needed[centers], scores
    representatives.twins[needed], representatives.twin_scores[needed] = needed[twins], twin_scores
    return _frame(texts, representatives)


def _thresholds(options: NearDuplicateOptions) -> Array:
    return np.array([options.threshold_short, options.threshold_long])


def _shingles(
    pool: Executor, batches: Iterable[pl.Series], rows: Array, options: NearDuplicateOptions
) -> tuple[Array, Array]:
    """Shingle sets of the texts at `rows`: all in one array, and their bounds in the order of `rows`."""
    order = np.argsort(rows)
    ordered = rows[order]

    def wanted() -> Iterable[pl.Series]:
        start = 0
        for batch in batches:
            here = ordered[np.searchsorted(ordered, start) : np.searchsorted(ordered, start + len(batch))]
            yield batch.gather(here - start)
            start += len(batch)

    flats, bounds, begin = [], [], 0
    for flat, bound in bounded_map(pool, wanted(), lambda part: shingle_sets(part, options)):
        flats.append(flat)
        bounds.append(bound + begin)
        begin += flat.size
    together = np.zeros((2, rows.size, 2), dtype=np.int64)
    if flats:
        together[:, order] = np.concatenate(bounds, axis=1)
    return np.concatenate(flats) if flats else np.empty(0, dtype=np.uint32), together


def _verified(pool: Executor, pairs: Array, flat: Array, bounds: Array, options: NearDuplicateOptions) -> Array:
    """The pairs that reach the threshold exactly, the most alike first.

    A family of thousands proposes millions of pairs, nearly all of them true. Once `ENOUGH` of its texts are
    connected, pairs inside it are passed over; blocks are of fixed sizes, so what is passed over depends on the
    texts alone.
    """
    thresholds = _thresholds(options)
    parents = np.arange(bounds.shape[1])
    sizes = np.ones(bounds.shape[1], dtype=np.int64)

    def score(part: Array) -> Array:
        scores = np.empty(len(part))
        kernel.verify(part, flat, bounds, thresholds, scores)
        return scores

    true, scores = [pairs[:0]], [np.empty(0)]
    start, size = 0, PAIRS_PER_TASK
    while start < len(pairs):
        block = pairs[start : start + size]
        block = block[kernel.worth_verifying(block, parents, sizes, ENOUGH)]
        reached = np.concatenate([*pool.map(score, np.array_split(block, -(-len(block) // PAIRS_PER_TASK) or 1))])
        kernel.unite(block[reached > 0], parents, sizes)
        true.append(block[reached > 0])
        scores.append(reached[reached > 0])
        start, size = start + size, size * 2
    ordered: Array = np.concatenate(true)[np.argsort(-np.concatenate(scores), kind="stable")]
    return ordered


def _representatives(
    pairs: Array, first_rows: Array, flat: Array, bounds: Array, options: NearDuplicateOptions
) -> tuple[Array, Array]:
    """Each compared text's representative and its exact Jaccard to it."""
    thresholds = _thresholds(options)
    centers, scores = np.arange(first_rows.size), np.ones(first_rows.size)
    kernel.join_clusters(pairs, flat, bounds, thresholds, centers)
    ordered = np.argsort(centers, kind="stable")
    kernel.promote_first(ordered, _edges(centers[ordered]), first_rows, flat, bounds, thresholds, centers)
    kernel.similarities(centers, flat, bounds, thresholds, scores)
    return centers, scores


def _exact_number_copies(
    centers: Array,
    scores: Array,
    numbers: Array,
    first_rows: Array,
    flat: Array,
    bounds: Array,
    options: NearDuplicateOptions,
) -> tuple[Array, Array]:
    """The text that each is a copy of, numbers included, and its exact Jaccard to it; itself when it is none.

    In a family of one template with other numbers, the earliest text of each sequence of numbers is nobody's copy.
    """
    n = centers.size
    is_center = centers == np.arange(n)
    # The center leads its own numbers, so that whoever has them is a copy of it.
    order = np.lexsort((first_rows, ~is_center, numbers, centers))
    leads = np.ones(n, dtype=np.bool_)
    leads[1:] = (centers[order][1:] != centers[order][:-1]) | (numbers[order][1:] != numbers[order][:-1])
    twins = np.empty(n, dtype=np.int64)
    twins[order] = order[np.maximum.accumulate(np.where(leads, np.arange(n), 0))] if n else order
    scores_to_source = np.ones(n)
    others = np.flatnonzero(twins != np.arange(n))
    reached = np.empty(others.size)
    kernel.verify(np.stack([twins[others], others], axis=1), flat, bounds, _thresholds(options), reached)
    scores_to_source[others] = reached
    # Two members of one star may miss each other.
    lone = scores_to_source == 0
    twins[lone], scores_to_source[lone] = np.flatnonzero(lone), 1.0
    return twins, scores_to_source


def _edges(sorted_keys: Array) -> Array:
    """Where each run of equal keys begins, closed by the length."""
    changes = np.flatnonzero(sorted_keys[1:] != sorted_keys[:-1]) + 1
    return np.concatenate([[0], changes, [sorted_keys.size]]) if sorted_keys.size else np.zeros(1, dtype=np.int64)


def _frame(texts: Texts, clusters: Clusters) -> pl.DataFrame:
    """Rows of clusters of two or more, as promised by :func:`cluster_texts`."""
    rows = np.flatnonzero(texts.of_row >= 0)
    text = texts.of_row[rows]
    center = clusters.centers[text]
    big = np.bincount(center, minlength=texts.first_rows.size)[center] > 1
    rows, text, center = rows[big], text[big], center[big]
    columns: dict[str, Array] = {
        "row": rows,
        "representative": texts.first_rows[center],
        "jaccard": clusters.scores[text],
        "first": texts.first_rows[text],
        "twin": texts.first_rows[clusters.twins[text]],
        "twin_jaccard": clusters.twin_scores[text],
    }
    decimals = {"jaccard", "twin_jaccard"}
    frame = pl.DataFrame(columns, schema={name: pl.Float64 if name in decimals else pl.Int64 for name in columns})
    number = pl.col("row").min().over("representative").rank("dense").cast(pl.Int64) - 1
    return frame.select("row", number.alias("cluster"), *list(columns)[1:]).sort("row")
