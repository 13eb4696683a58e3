"""Texts to MinHash sketches in one pass: normalize, hash, shingle, 128 permutations, bands.

A text is read once into code points (ASCII through a 256-byte table; other rows arrive already normalized), split
into words, and cut into shingles of characters (short texts), of words (long texts), or both near the border, so
that a short and a long text which could still be near-duplicates always share one kind.

MinHash: Broder 1997; bands: Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", section 3.4; permutations
as ``a * x + b mod 2**32`` over well-mixed `x` (Dietzfelbinger's multiply-shift family). Everything is integer
arithmetic on one text at a time: no thread count, batch size or row order can change a bit of it.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.kernels.compiled import compiled
from tunewright.kernels.hashing import FNV_PRIME, mixed

CHARS, WORDS = 0, 1
SPACE = np.uint32(32)
#: A "word" longer than this on average is a script without spaces, or a dump: characters describe it better.
LONG_WORD = 12

_K1 = np.uint64(0x9E3779B97F4A7C15)


def byte_table() -> npt.NDArray[np.uint8]:
    """What each byte becomes: letters and digits in lower case, bytes of longer code points themselves, else 0."""
    table = np.zeros(256, dtype=np.uint8)
    for byte in range(128):
        if chr(byte).isalnum():
            table[byte] = ord(chr(byte).lower())
    table[128:] = np.arange(128, 256)
    return table


def permutations(count: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Odd multipliers and offsets of `count` fixed permutations of 32-bit numbers."""
    rng = np.random.Generator(np.random.PCG64(1997))
    multipliers = rng.integers(0, 2**32, size=count, dtype=np.uint32) | np.uint32(1)
    return multipliers, rng.integers(0, 2**32, size=count, dtype=np.uint32)


@compiled
def beyond_ascii(data: Any, offsets: Any) -> Any:
    """Which texts hold a byte outside ASCII, shape ``(n_texts,)``."""
    wide = np.zeros(offsets.size - 1, dtype=np.bool_)
    for text in range(offsets.size - 1):
        bits = np.uint8(0)
        for position in range(offsets[text], offsets[text + 1]):
            bits |= data[position]
        wide[text] = bits >= np.uint8(128)
    return wide


@compiled
def _read(data: Any, start: Any, stop: Any, table: Any, codes: Any) -> Any:
    """Fill `codes` with the normalized code points of one text; runs of anything else become one space.

    `codes` has room for one more than the text has bytes.
    """
    bits = np.uint8(0)
    for position in range(start, stop):
        bits |= data[position]
    if bits >= np.uint8(128):
        return _read_wide(data, start, stop, table, codes)
    # Without a branch, since where words end is what no processor foresees: what comes behind a word is written as a
    # space, and whatever follows overwrites the place where nothing was kept.
    count = 0
    inside = False
    for position in range(start, stop):
        byte = table[data[position]]
        codes[count] = np.uint32(byte) if byte != 0 else SPACE
        count += (byte != 0) | inside
        inside = byte != 0
    return count - 1 if count > 0 and not inside else count


@compiled
def _read_wide(data: Any, start: Any, stop: Any, table: Any, codes: Any) -> Any:
    """Fill `codes` as :func:`_read` does, for a text with code points of several bytes; returns how many."""
    count = 0
    gap = False
    position = start
    while position < stop:
        byte = table[data[position]]
        position += 1
        if byte == 0:
            gap = True
            continue
        code = np.uint32(byte)
        if byte >= 0xF0:
            code = np.uint32(byte & 0x07)
        elif byte >= 0xE0:
            code = np.uint32(byte & 0x0F)
        elif byte >= 0xC0:
            code = np.uint32(byte & 0x1F)
        if byte >= 0xC0:
            while position < stop and (data[position] & 0xC0) == 0x80:
                code = np.uint32((code << np.uint32(6)) | np.uint32(data[position] & 0x3F))
                position += 1
        if gap and count > 0:
            codes[count] = SPACE
            count += 1
        gap = False
        codes[count] = code
        count += 1
    return count


@compiled
def _words(codes: Any, count: Any, words: Any) -> Any:
    """Hash each word into `words`; returns the number of words, the text's hash and the hash of its numbers.

    A word with a digit in it is a number here: an amount, an order, a day. Their sequence is hashed apart, so that
    two texts of one template with other numbers can be told from two copies.
    """
    n_words = 0
    text = np.uint64(count)
    numbers = np.uint64(0)
    word = np.uint64(0)
    digit = False
    for position in range(count + 1):
        if position == count or codes[position] == SPACE:
            if position > 0:
                hashed = mixed(word + _K1)
                words[n_words] = hashed
                n_words += 1
                text = mixed(text * _K1 + hashed)
                if digit:
                    numbers = mixed(numbers + hashed)
            word = np.uint64(0)
            digit = False
        else:
            code = codes[position]
            word = word * FNV_PRIME + np.uint64(code)
            word ^= word >> np.uint64(29)
            digit = digit or (np.uint32(48) <= code <= np.uint32(57))
    return n_words, text, numbers


@compiled
def _char_shingles(codes: Any, count: Any, size: Any, out: Any) -> Any:
    """Hash each run of `size` code points; a text shorter than that is one shingle of the whole."""
    if count == 0:
        return 0
    if count <= size:
        whole = np.uint64(count)
        for position in range(count):
            whole = whole * FNV_PRIME + np.uint64(codes[position])
        out[0] = np.uint32(mixed(whole) >> np.uint64(32))
        return 1
    oldest = np.uint64(1)
    for _ in range(size):
        oldest *= FNV_PRIME
    rolling = np.uint64(0)
    for position in range(size):
        rolling = rolling * FNV_PRIME + np.uint64(codes[position])
    out[0] = np.uint32(mixed(rolling) >> np.uint64(32))
    for position in range(size, count):
        rolling = rolling * FNV_PRIME + np.uint64(codes[position]) - oldest * np.uint64(codes[position - size])
        out[position - size + 1] = np.uint32(mixed(rolling) >> np.uint64(32))
    return count - size + 1


@compiled
def _word_shingles(words: Any, n_words: Any, size: Any, out: Any) -> Any:
    """Hash each run of `size` words; a text shorter than that is one shingle of the whole."""
    if n_words == 0:
        return 0
    last = max(n_words - size + 1, 1)
    for first in range(last):
        value = np.uint64(0)
        for word in range(first, min(first + size, n_words)):
            value = mixed(value * _K1 + words[word])
        out[first] = np.uint32(value >> np.uint64(32))
    return last


@compiled
def _minima(shingles: Any, count: Any, multipliers: Any, shifts: Any, minima: Any) -> None:
    """The least value of each permutation over the shingles, four at a time to spare loads."""
    # The tail repeats the last shingle: a minimum does not mind.
    minima[:] = np.uint32(0xFFFFFFFF)
    for first in range(0, count, 4):
        x0 = shingles[first]
        x1 = shingles[min(first + 1, count - 1)]
        x2 = shingles[min(first + 2, count - 1)]
        x3 = shingles[min(first + 3, count - 1)]
        for p in range(minima.size):
            a = multipliers[p]
            b = shifts[p]
            v0 = np.uint32(np.uint32(x0 * a) + b)
            v1 = np.uint32(np.uint32(x1 * a) + b)
            v2 = np.uint32(np.uint32(x2 * a) + b)
            v3 = np.uint32(np.uint32(x3 * a) + b)
            minima[p] = min(minima[p], v0, v1, v2, v3)


@compiled
def _bands(minima: Any, keys: Any, column: Any, short: Any, band_keys: Any) -> None:
    """Write the key of each band into ``keys[:, column]`` and the low byte of each minimum into `short`."""
    rows = minima.size // band_keys.size
    for band in range(band_keys.size):
        band_keys[band] = np.uint64(band)
    # All bands at each step, so that the processor does several at once.
    for row in range(rows):
        for band in range(band_keys.size):
            band_keys[band] = mixed(band_keys[band] * _K1 + np.uint64(minima[band * rows + row]))
    for band in range(band_keys.size):
        keys[band, column] = np.uint32(band_keys[band] >> np.uint64(32))
    for p in range(minima.size):
        short[p] = np.uint8(minima[p] & np.uint32(0xFF))


@compiled
def _kinds(n_words: Any, count: Any, border: Any, overlap: Any) -> Any:
    """Whether a text is described by characters, and whether by words."""
    by_chars = count > 0 and (n_words <= border or count > LONG_WORD * n_words)
    return by_chars, n_words > overlap


@compiled
def sketch(
    data: Any,
    offsets: Any,
    targets: Any,
    table: Any,
    sizes: Any,
    limits: Any,
    multipliers: Any,
    shifts: Any,
    hashes: Any,
    numbers: Any,
    kinds: Any,
    keys: Any,
    shorts: Any,
) -> None:
    """Sketch texts into the columns named by `targets`.

    Args:
        data: the bytes of all texts.
        offsets: where each begins and ends, shape ``(n_texts + 1,)``.
        targets: the position of each in the outputs, shape ``(n_texts,)``.
        table: :func:`byte_table`.
        sizes: characters and words in one shingle.
        limits: most words of a text described by characters, and one less than the fewest described by words.
        multipliers: of the permutations, shape ``(n_permutations,)``.
        shifts: their offsets, same shape.
        hashes: out, hash of each normalized text; 0 for a text without letters and digits.
        numbers: out, hash of its numbers.
        kinds: out, which shingles describe it, shape ``(2, n)``.
        keys: out, band keys, shape ``(2, n_bands, n)`` or wider.
        shorts: out, the low byte of each minimum, shape ``(2, n, n_permutations)``.
    """
    longest = 1
    for text in range(offsets.size - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    codes = np.empty(longest + 1, dtype=np.uint32)
    words = np.empty(longest + 1, dtype=np.uint64)
    shingles = np.empty(longest + 1, dtype=np.uint32)
    minima = np.empty(multipliers.size, dtype=np.uint32)
    band_keys = np.empty(keys.shape[1], dtype=np.uint64)
    for text in range(offsets.size - 1):
        target = targets[text]
        count = _read(data, offsets[text], offsets[text + 1], table, codes)
        n_words, hashed, number_hash = _words(codes, count, words)
        hashes[target] = hashed if count > 0 else np.uint64(0)
        numbers[target] = number_hash
        by_chars, by_words = _kinds(n_words, count, limits[0], limits[1])
        kinds[CHARS, target] = by_chars
        kinds[WORDS, target] = by_words
        if by_chars:
            n_shingles = _char_shingles(codes, count, sizes[CHARS], shingles)
            _minima(shingles, n_shingles, multipliers, shifts, minima)
            _bands(minima, keys[CHARS], target, shorts[CHARS, target], band_keys)
        if by_words:
            n_shingles = _word_shingles(words, n_words, sizes[WORDS], shingles)
            _minima(shingles, n_shingles, multipliers, shifts, minima)
            _bands(minima, keys[WORDS], target, shorts[WORDS, target], band_keys)


@compiled
def shingle_sets(
    data: Any, offsets: Any, table: Any, sizes: Any, limits: Any, kind: Any, flat: Any, lengths: Any
) -> Any:
    """The sorted distinct shingles of each text, one text after another in `flat`; none for another `kind`.

    Args:
        data: the bytes of all texts.
        offsets: where each begins and ends.
        table: :func:`byte_table`.
        sizes: characters and words in one shingle.
        limits: as in :func:`sketch`.
        kind: ``CHARS`` or ``WORDS``.
        flat: out, room for one shingle per byte and text.
        lengths: out, number of shingles of each text.

    Returns:
        How much of `flat` is filled.
    """
    longest = 1
    for text in range(offsets.size - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    codes = np.empty(longest + 1, dtype=np.uint32)
    words = np.empty(longest + 1, dtype=np.uint64)
    shingles = np.empty(longest + 1, dtype=np.uint32)
    filled = 0
    for text in range(offsets.size - 1):
        count = _read(data, offsets[text], offsets[text + 1], table, codes)
        n_words, _, _ = _words(codes, count, words)
        by_chars, by_words = _kinds(n_words, count, limits[0], limits[1])
        n_shingles = 0
        if kind == CHARS and by_chars:
            n_shingles = _char_shingles(codes, count, sizes[CHARS], shingles)
        elif kind == WORDS and by_words:
            n_shingles = _word_shingles(words, n_words, sizes[WORDS], shingles)
        begin = filled
        if n_shingles > 0:
            ordered = shingles[:n_shingles]
            ordered.sort()
            for position in range(n_shingles):
                if position == 0 or ordered[position] != ordered[position - 1]:
                    flat[filled] = ordered[position]
                    filled += 1
        lengths[text] = filled - begin
    return filled
