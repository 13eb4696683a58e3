"""N-grams as scikit-learn counts them, pieces of one length, scores that mean the same for every text."""

import random

import numpy as np
import polars as pl
import pytest

from tunewright.kernels import grams
from tunewright.similarity.domain import judge

POTS = ("clay", "kiln", "glaze", "vase", "wheel", "firing", "slip", "bowl", "handle", "stoneware", "porcelain", "oxide")
BOATS = ("mast", "sail", "rudder", "keel", "buoy", "harbor", "anchor", "jib", "tide", "deck", "compass", "mooring")


def texts(words: tuple[str, ...], count: int, length: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choice(words) for _ in range(length)) for _ in range(count)]


def bytes_of(*plain: str) -> tuple[np.ndarray, np.ndarray]:
    coded = [text.encode() for text in plain]
    return np.frombuffer(b"".join(coded), np.uint8), np.cumsum([0, *map(len, coded)])


def test_grams_are_those_of_scikit_learn() -> None:
    from sklearn.feature_extraction.text import CountVectorizer

    said = ["a kiln", "the glaze glaze on it", "żółw über 東京都庁", ""]
    theirs = CountVectorizer(analyzer="char_wb", ngram_range=(3, 5), vocabulary=None).build_analyzer()
    data, offsets = bytes_of(*said)
    indptr, _, values = grams.counts(data, offsets[:-1], offsets[1:])
    for row, text in enumerate(said):
        wanted = theirs(text)
        own = values[indptr[row] : indptr[row + 1]]
        assert (own.sum(), own.size) == (len(wanted), len(set(wanted))), text


def test_long_texts_are_cut_into_even_pieces_of_whole_words() -> None:
    data, offsets = bytes_of("a b c d e f g", "h i", "", "k l m n o p")
    starts, ends, owner = grams.cut(data, offsets, 3)
    pieces = [bytes(data[start:end]).decode() for start, end in zip(starts, ends, strict=True)]
    assert pieces == ["a b c", "d e f g", "h i", "", "k l m", "n o p"]
    assert owner.tolist() == [0, 0, 1, 2, 3, 3]


def test_nobody_is_its_own_neighbor() -> None:
    rows = np.array([0, 1, 2]), np.array([0, 0], dtype=np.int32), np.array([1, 1], dtype=np.float32)
    posted = np.zeros(grams.BUCKETS + 1, dtype=np.int64)
    posted[1:] = 2
    others, weights = np.array([0, 1], dtype=np.int32), np.array([1, 0.5], dtype=np.float32)
    owners = np.array([7, 8])
    found = grams.nearest(*rows, posted, others, weights, owners, np.array([7, -1]), 2)
    assert found.tolist() == [0.25, 0.75]


@pytest.mark.parametrize(("document", "row"), [(10, 10), (120, 10), (10, 60)])
def test_rows_and_documents_of_any_length_can_be_compared(document: int, row: int) -> None:
    own, other = texts(POTS, 200, row, 1), texts(BOATS, 50, row, 2)
    judged = judge(texts(POTS, 200, document, 3), pl.Series(own + other))
    foreign = judged.scores <= judged.cut_off(0.01)
    assert foreign[200:].all()
    assert foreign[:200].mean() <= 0.03


def test_a_score_does_not_depend_on_the_other_rows_of_its_length() -> None:
    documents, rows = texts(POTS, 100, 10, 1), texts(POTS + BOATS, 60, 10, 2)
    whole = judge(documents, pl.Series(rows)).scores
    assert judge(documents[::-1], pl.Series(rows[::-1])).scores.tolist() == whole[::-1].tolist()
    assert judge(documents, pl.Series(rows[:7])).scores.tolist() == whole[:7].tolist()


def test_the_cut_off_is_the_conformal_one() -> None:
    judged = judge(texts(POTS, 300, 10, 1), pl.Series(["a vase"]))
    assert judged.known.size == 300
    assert judged.cut_off(0.02) == judged.known[5], "the 6th lowest of 300: floor(0.02 * 301)"
    assert judged.cut_off(0.001) == judged.known[0]
