"""Which texts to compare, how alike they are exactly, and one center per cluster.

Texts are numbered by the rank of their content hash before they come here, so nothing below can see the order of
the rows. Every cluster is a star: each member reached the threshold against the center itself, never only against
a neighbor of a neighbor, because transitive closure joins what has nothing in common.
"""

from typing import Any

import numpy as np

from tunewright.kernels.compiled import compiled
from tunewright.kernels.sketch import CHARS, WORDS

#: Partners that one text may name in one bucket: enough to connect a cluster, few enough for a bucket of 100,000.
PARTNERS = 2
#: Clusters of up to this many texts may change their center when they join.
SMALL = 16
_LOW = np.uint64(0xFFFFFFFF)
_SEVENS = np.uint64(0x7F7F7F7F7F7F7F7F)
_ONES = np.uint64(0x0101010101010101)


@compiled
def agreement(sketches: Any, first: Any, second: Any) -> Any:
    """How many bytes of two packed sketches are equal; `sketches` of shape ``(n, n_words)``, uint64."""
    unequal = np.uint64(0)
    for word in range(sketches.shape[1]):
        x = sketches[first, word] ^ sketches[second, word]
        # 0x80 in every byte that is not zero (Mycroft 1987), counted by one multiplication.
        x = (((x & _SEVENS) + _SEVENS) | x) & ~_SEVENS
        unequal += ((x >> np.uint64(7)) * _ONES) >> np.uint64(56)
    return sketches.shape[1] * 8 - np.int64(unequal)


@compiled
def bucket_links(
    keyed: Any, next_keys: Any, texts: Any, sketches: Any, window: Any, min_agreement: Any, links: Any
) -> Any:
    """Pairs worth an exact comparison among the texts that share a band key.

    A bucket of more than `window` + 1 texts is put in the order of the next band's key, so that texts which agree
    on more rows become neighbors (re-banding), and each is held against the `window` texts that follow it. A pair
    is kept when its sketches agree on `min_agreement` bytes, the best two per text.

    Args:
        keyed: band key in the high half, entry in the low half, sorted; shape ``(n_entries,)``; reordered here.
        next_keys: each entry's key in the next band.
        texts: each entry's text number, ascending.
        sketches: low bytes of the minima, eight to a word, shape ``(n_entries, n_permutations / 8)``.
        window: comparisons per text and bucket.
        min_agreement: bytes of two sketches that must be equal.
        links: out, lower text number in the high half, higher in the low half.

    Returns:
        Number of links.
    """
    filled = 0
    first = 0
    while first < keyed.size:
        key = keyed[first] >> np.uint64(32)
        last = first + 1
        while last < keyed.size and keyed[last] >> np.uint64(32) == key:
            last += 1
        if last - first > window + 1:
            bucket = keyed[first:last]
            for place in range(bucket.size):
                entry = bucket[place] & _LOW
                bucket[place] = (np.uint64(next_keys[np.int64(entry)]) << np.uint64(32)) | entry
            bucket.sort()
        for place in range(first, last - 1):
            mine = np.int64(keyed[place] & _LOW)
            best = second = min_agreement - 1
            best_entry = second_entry = np.int64(-1)
            for other_place in range(place + 1, min(place + window + 1, last)):
                other = np.int64(keyed[other_place] & _LOW)
                agreed = agreement(sketches, mine, other)
                if agreed > best:
                    second, second_entry = best, best_entry
                    best, best_entry = agreed, other
                elif agreed > second:
                    second, second_entry = agreed, other
            for entry in (best_entry, second_entry):
                if entry >= 0:
                    low = np.uint64(min(texts[mine], texts[entry]))
                    high = np.uint64(max(texts[mine], texts[entry]))
                    links[filled] = (low << np.uint64(32)) | high
                    filled += 1
        first = last
    return filled


@compiled
def _jaccard(flat: Any, i: Any, i_end: Any, j: Any, j_end: Any) -> Any:
    """Shared over all of two sorted sets, ``flat[i:i_end]`` and ``flat[j:j_end]``."""
    total = (i_end - i) + (j_end - j)
    shared = 0
    while i < i_end and j < j_end:
        a, b = flat[i], flat[j]
        shared += a == b
        i += a <= b
        j += b <= a
    return shared / (total - shared)


@compiled
def compare(a: Any, b: Any, flat: Any, bounds: Any, thresholds: Any) -> Any:
    """Exact Jaccard of two texts, and whether it reaches the threshold of the shingles that describe both.

    Args:
        a: place of one text in `bounds`.
        b: place of the other.
        flat: sorted shingle sets of characters and of words, both in one array.
        bounds: where each begins and ends in `flat`, shape ``(2, n_texts, 2)``.
        thresholds: of characters and of words.
    """
    for kind in (CHARS, WORDS):
        i, i_end = bounds[kind, a, 0], bounds[kind, a, 1]
        j, j_end = bounds[kind, b, 0], bounds[kind, b, 1]
        if i < i_end and j < j_end:
            # No pair of sets of such different sizes can reach it.
            if min(i_end - i, j_end - j) < thresholds[kind] * max(i_end - i, j_end - j):
                return 0.0, False
            jaccard = _jaccard(flat, i, i_end, j, j_end)
            return jaccard, jaccard >= thresholds[kind]
    return 0.0, False


@compiled
def verify(pairs: Any, flat: Any, bounds: Any, thresholds: Any, scores: Any) -> None:
    """The exact Jaccard of each pair, shape ``(n_pairs, 2)``; 0 where it does not reach the threshold."""
    for pair in range(pairs.shape[0]):
        jaccard, reached = compare(pairs[pair, 0], pairs[pair, 1], flat, bounds, thresholds)
        scores[pair] = jaccard if reached else 0.0


@compiled
def _root(parents: Any, text: Any) -> Any:
    """The text that stands for the component of `text` (path halving, Tarjan and van Leeuwen 1984)."""
    while parents[text] != text:
        parents[text] = parents[parents[text]]
        text = parents[text]
    return text


@compiled
def worth_verifying(pairs: Any, parents: Any, sizes: Any, enough: Any) -> Any:
    """Which pairs can still tell something: those not inside one connected family of `enough` texts."""
    open_ = np.ones(pairs.shape[0], dtype=np.bool_)
    for pair in range(pairs.shape[0]):
        root = _root(parents, pairs[pair, 0])
        open_[pair] = sizes[root] < enough or root != _root(parents, pairs[pair, 1])
    return open_


@compiled
def unite(pairs: Any, parents: Any, sizes: Any) -> None:
    """Join the components of each pair; the least text number stands for each (union-find)."""
    for pair in range(pairs.shape[0]):
        a, b = _root(parents, pairs[pair, 0]), _root(parents, pairs[pair, 1])
        if a != b:
            low, high = min(a, b), max(a, b)
            parents[high] = low
            sizes[low] += sizes[high]


@compiled
def _reaches_all(center: Any, cluster: Any, heads: Any, following: Any, flat: Any, bounds: Any, thresholds: Any) -> Any:
    """Whether `center` reaches the threshold to every member of `cluster`.

    The member that it does not reach moves to the front, so that the next try of this kind ends at once.
    """
    before, text = -1, heads[cluster]
    while text >= 0:
        if text != center and not compare(center, text, flat, bounds, thresholds)[1]:
            if before >= 0 and following[text] >= 0:
                following[before] = following[text]
                following[text] = heads[cluster]
                heads[cluster] = text
            return False
        before, text = text, following[text]
    return True


@compiled
def join_clusters(pairs: Any, flat: Any, bounds: Any, thresholds: Any, centers: Any) -> None:
    """Join clusters along `pairs`, the most alike first, while some center still reaches every member.

    Single linkage with a guard: a pair joins two clusters only under one of their centers, or, while both are
    small, under one of its own two texts. So closest copies find each other before looser kin can claim them.

    Args:
        pairs: verified, in descending order of their Jaccard, shape ``(n_pairs, 2)``.
        flat: shingle sets, see :func:`compare`.
        bounds: where each begins and ends.
        thresholds: of characters and of words.
        centers: out, each text's center; a text alone is its own.
    """
    n = centers.size
    clusters, heads, tails, middle = np.arange(n), np.arange(n), np.arange(n), np.arange(n)
    following, sizes = np.full(n, -1), np.ones(n, dtype=np.int64)
    for pair in range(pairs.shape[0]):
        a, b = pairs[pair, 0], pairs[pair, 1]
        large, small = clusters[a], clusters[b]
        if large == small:
            continue
        if sizes[small] > sizes[large]:
            large, small = small, large
        center = -1
        if _reaches_all(middle[large], small, heads, following, flat, bounds, thresholds):
            center = middle[large]
        elif _reaches_all(middle[small], large, heads, following, flat, bounds, thresholds):
            center = middle[small]
        elif sizes[large] <= SMALL:
            for text in (a, b):
                if (
                    center < 0
                    and _reaches_all(text, large, heads, following, flat, bounds, thresholds)
                    and _reaches_all(text, small, heads, following, flat, bounds, thresholds)
                ):
                    center = text
        if center < 0:
            continue
        text = heads[small]
        last = text
        while text >= 0:
            clusters[text] = large
            last = text
            text = following[text]
        following[tails[large]] = heads[small]
        tails[large] = last
        sizes[large] += sizes[small]
        middle[large] = center
    for text in range(n):
        centers[text] = middle[clusters[text]]


@compiled
def similarities(centers: Any, flat: Any, bounds: Any, thresholds: Any, scores: Any) -> None:
    """The exact Jaccard of each text to its center; 1 to itself."""
    for text in range(centers.size):
        scores[text] = 1.0 if centers[text] == text else compare(centers[text], text, flat, bounds, thresholds)[0]


@compiled
def promote_first(
    ordered: Any, groups: Any, first_rows: Any, flat: Any, bounds: Any, thresholds: Any, centers: Any
) -> None:
    """Let the text that comes first in the file stand for its cluster where every member reaches it too.

    People keep the earliest copy. The members stay the same; only who represents them changes.

    Args:
        ordered: texts, clusters one after another.
        groups: where each cluster begins in `ordered`, closed by its length.
        first_rows: the earliest row of each text.
        flat: shingle sets, see :func:`compare`.
        bounds: where each begins and ends.
        thresholds: of characters and of words.
        centers: in and out, who represents each text.
    """
    for group in range(groups.size - 1):
        members = ordered[groups[group] : groups[group + 1]]
        first = members[0]
        for text in members:
            if first_rows[text] < first_rows[first]:
                first = text
        if first == centers[first]:
            continue
        everyone = True
        for text in members:
            if text != first and not compare(first, text, flat, bounds, thresholds)[1]:
                everyone = False
                break
        if everyone:
            for text in members:
                centers[text] = first
