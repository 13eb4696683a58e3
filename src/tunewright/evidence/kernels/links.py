"""Which texts to compare, how alike they are exactly, and one center per cluster.

Texts are numbered by the rank of their content hash before they come here, so nothing below can see the order of
the rows. Every cluster is a star: each member reached the threshold against the center itself, never only against
a neighbor of a neighbor, because transitive closure joins what has nothing in common.
"""

# ruff: noqa: PLR0917 (a compiled loop takes its arrays one by one)

from typing import Any

import numpy as np

from tunewright.evidence.kernels.compiled import compiled
from tunewright.evidence.kernels.sketch import CHARS, WORDS

#: Partners that one text may name in one bucket: enough to connect a cluster, few enough for a bucket of 100,000.
PARTNERS = 2
_LOW = np.uint64(0xFFFFFFFF)
_SEVENS = np.uint64(0x7F7F7F7F7F7F7F7F)
_ONES = np.uint64(0x0101010101010101)


@compiled
def agreement(left: Any, right: Any) -> Any:
    """How many bytes of two packed sketches are equal; both of shape ``(n_permutations / 8,)``, uint64."""
    unequal = np.uint64(0)
    for word in range(left.size):
        x = left[word] ^ right[word]
        # 0x80 in every byte that is not zero (Mycroft 1987), counted by one multiplication.
        x = (((x & _SEVENS) + _SEVENS) | x) & ~_SEVENS
        unequal += ((x >> np.uint64(7)) * _ONES) >> np.uint64(56)
    return left.size * 8 - np.int64(unequal)


@compiled
def bucket_links(
    keyed: Any, next_keys: Any, texts: Any, sketches: Any, window: Any, floor: Any, links: Any
) -> Any:
    """Pairs worth an exact comparison among the texts that share a band key.

    A bucket of more than `window` + 1 texts is put in the order of the next band's key, so that texts which agree
    on more rows become neighbors (re-banding), and each is held against the `window` texts that follow it. A pair
    is kept when its sketches agree on `floor` bytes, the best two per text.

    Args:
        keyed: band key in the high half, entry in the low half, sorted; shape ``(n_entries,)``; reordered here.
        next_keys: each entry's key in the next band.
        texts: each entry's text number, ascending.
        sketches: low bytes of the minima, eight to a word, shape ``(n_entries, n_permutations / 8)``.
        window: comparisons per text and bucket.
        floor: least agreement.
        links: out, lower text number in the high half, higher in the low half.

    Returns:
        Number of links.
    """
    found = 0
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
            one = np.int64(keyed[place] & _LOW)
            best = second = floor - 1
            best_entry = second_entry = np.int64(-1)
            for other_place in range(place + 1, min(place + window + 1, last)):
                other = np.int64(keyed[other_place] & _LOW)
                agreed = agreement(sketches[one], sketches[other])
                if agreed > best:
                    second, second_entry = best, best_entry
                    best, best_entry = agreed, other
                elif agreed > second:
                    second, second_entry = agreed, other
            for entry in (best_entry, second_entry):
                if entry >= 0:
                    low = np.uint64(min(texts[one], texts[entry]))
                    high = np.uint64(max(texts[one], texts[entry]))
                    links[found] = (low << np.uint64(32)) | high
                    found += 1
        first = last
    return found


@compiled
def _jaccard(left: Any, right: Any) -> Any:
    """Shared over all of two sorted sets."""
    i, j, shared = 0, 0, 0
    while i < left.size and j < right.size:
        a, b = left[i], right[j]
        shared += a == b
        i += a <= b
        j += b <= a
    return shared / (left.size + right.size - shared)


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
        left = flat[bounds[kind, a, 0] : bounds[kind, a, 1]]
        right = flat[bounds[kind, b, 0] : bounds[kind, b, 1]]
        if left.size > 0 and right.size > 0:
            # No pair of sets of such different sizes can reach it.
            if min(left.size, right.size) < thresholds[kind] * max(left.size, right.size):
                return 0.0, False
            jaccard = _jaccard(left, right)
            return jaccard, jaccard >= thresholds[kind]
    return 0.0, False


@compiled
def verify(pairs: Any, flat: Any, bounds: Any, thresholds: Any, kept: Any) -> None:
    """Mark the pairs, shape ``(n_pairs, 2)``, whose exact Jaccard reaches the threshold."""
    for pair in range(pairs.shape[0]):
        kept[pair] = compare(pairs[pair, 0], pairs[pair, 1], flat, bounds, thresholds)[1]


@compiled
def components(n_texts: Any, pairs: Any) -> Any:
    """The least text number that each text is connected to (union-find with path halving)."""
    parent = np.arange(n_texts)
    for pair in range(pairs.shape[0]):
        a, b = pairs[pair, 0], pairs[pair, 1]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a < b:
            parent[b] = a
        else:
            parent[a] = b
    for text in range(n_texts):
        # Parents are lower than their children, so theirs are already final.
        parent[text] = parent[parent[text]]
    return parent


@compiled
def _may_reach(a: Any, b: Any, bounds: Any, sketches: Any, floors: Any) -> Any:
    """Whether two sketches agree enough for an exact comparison to be worth its time."""
    for kind in (CHARS, WORDS):
        if bounds[kind, a, 1] > bounds[kind, a, 0] and bounds[kind, b, 1] > bounds[kind, b, 0]:
            return agreement(sketches[kind, a], sketches[kind, b]) >= floors[kind]
    return False


@compiled
def stars(
    ordered: Any,
    groups: Any,
    neighbors: Any,
    starts: Any,
    flat: Any,
    bounds: Any,
    sketches: Any,
    thresholds: Any,
    floors: Any,
    sweeps: Any,
    centers: Any,
    scores: Any,
) -> None:
    """Cover each connected component by stars: the best connected text first, and all that reach it.

    The first `sweeps` centers of a component are held against all its texts that are still free, so a family whose
    links are sparse becomes one cluster; later centers only against their own links, which bounds the cost.

    Args:
        ordered: texts, components one after another, in each the most linked first, then by number.
        groups: where each component begins in `ordered`, closed by its length.
        neighbors: linked texts of each text, one text after another.
        starts: where each begins in `neighbors`, shape ``(n_texts + 1,)``.
        flat: shingle sets, see :func:`compare`.
        bounds: where each begins and ends.
        sketches: packed low bytes by kind and text, shape ``(2, n_texts, n_permutations / 8)``.
        thresholds: of characters and of words.
        floors: least agreement by kind.
        sweeps: centers of a component that see all of it.
        centers: out, each text's center; a text alone is its own.
        scores: out, exact Jaccard to the center.
    """
    taken = np.zeros(centers.size, dtype=np.bool_)
    for group in range(groups.size - 1):
        free = ordered[groups[group] : groups[group + 1]].copy()
        left = free.size
        for _ in range(sweeps):
            if left == 0:
                break
            center = free[0]
            centers[center], scores[center], taken[center] = center, 1.0, True
            remaining = 0
            for place in range(1, left):
                text = free[place]
                reached = False
                if _may_reach(center, text, bounds, sketches, floors):
                    jaccard, reached = compare(center, text, flat, bounds, thresholds)
                if reached:
                    centers[text], scores[text], taken[text] = center, jaccard, True
                else:
                    free[remaining] = text
                    remaining += 1
            left = remaining
        for place in range(left):
            center = free[place]
            if taken[center]:
                continue
            centers[center], scores[center], taken[center] = center, 1.0, True
            for link in range(starts[center], starts[center + 1]):
                text = neighbors[link]
                if not taken[text]:
                    jaccard, reached = compare(center, text, flat, bounds, thresholds)
                    if reached:
                        centers[text], scores[text], taken[text] = center, jaccard, True


@compiled
def promote_first(
    ordered: Any, groups: Any, first_rows: Any, flat: Any, bounds: Any, thresholds: Any, centers: Any, scores: Any
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
        scores: in and out, exact Jaccard to it.
    """
    found = np.empty(centers.size, dtype=np.float64)
    for group in range(groups.size - 1):
        members = ordered[groups[group] : groups[group + 1]]
        first = members[0]
        for text in members:
            if first_rows[text] < first_rows[first]:
                first = text
        if first == centers[first]:
            continue
        everyone = True
        for place in range(members.size):
            if members[place] == first:
                found[place] = 1.0
                continue
            jaccard, reached = compare(first, members[place], flat, bounds, thresholds)
            found[place] = jaccard
            if not reached:
                everyone = False
                break
        if everyone:
            for place in range(members.size):
                centers[members[place]] = first
                scores[members[place]] = found[place]
