"""How much a text belongs to the domain of some reference documents, by an encoder's vectors.

The score is the mean cosine to the three nearest references (Sun et al. 2022, arXiv 2204.06507). It sees what n-grams
cannot: that a question is about none of many things. With 500 queries of all 150 intents of clinc150 as references, its
out-of-scope queries rank with AUROC 0.95 where n-grams reach 0.85; of one to ten neighbors all gave 0.945 to 0.955, and
Mahalanobis distances (Lee et al. 2018, arXiv 1807.03888) 0.90 to 0.92. An encoder reads some hundred rows in a second,
so n-grams stay the default.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.progress import SILENT, Progress
from tunewright.similarity.domain import MAX_PIECES, MIN_WORDS, PAGE, Judged

Vectors = npt.NDArray[np.float32]
NEIGHBORS = 3
BATCH = 4096


def judge_by_meaning(
    references: Sequence[str], texts: pl.Series, vectors: Vectors, *, progress: Progress = SILENT
) -> Judged:
    """How much each of `texts` belongs to the domain of `references`.

    Args:
        references: documents; where they are pages beside the rows, they are cut into pieces as long as those.
        texts: the rows, for their length.
        vectors: their unit vectors, ``(n, dim)``.
        progress: where the encoder reports.
    """
    from tunewright.similarity.embeddings import embed

    pieces, owners = _pieces(references, texts)
    held = embed(pieces, progress=progress)
    own = held @ held.T
    own[owners[:, None] == owners[None, :]] = -1
    known = _nearest(own)
    mean, spread = float(known.mean()), float(known.std()) or 1.0
    parts = [_nearest(vectors[start : start + BATCH] @ held.T) for start in range(0, len(vectors), BATCH)]
    scores = np.concatenate([np.zeros(0), *parts])
    # The last bits of a float product are not worth an order.
    return Judged(np.round((scores - mean) / spread, 4), np.sort(np.round((known - mean) / spread, 4)))


def _nearest(cosines: Vectors) -> npt.NDArray[Any]:
    count = min(NEIGHBORS, cosines.shape[1])
    return np.asarray(np.partition(cosines, -count, axis=1)[:, -count:].astype(np.float64).mean(axis=1))


def _pieces(references: Sequence[str], texts: pl.Series) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Pieces of the distinct documents, and the document that each is of."""
    documents = sorted({reference for reference in references if reference.strip()})
    length = max(_median_words(texts), MIN_WORDS)
    pages = _median_words(pl.Series(documents, dtype=pl.String)) > PAGE * length
    pieces, owners = [], []
    for owner, document in enumerate(documents):
        words = document.split()
        step = length if pages else len(words)
        cut = [" ".join(words[at : at + step]) for at in range(0, len(words), step)]
        pieces += cut
        owners += [owner] * len(cut)
    if len(pieces) > MAX_PIECES:
        sampled = np.linspace(0, len(pieces) - 1, MAX_PIECES).astype(np.int64)
        pieces, owners = [pieces[at] for at in sampled], [owners[at] for at in sampled]
    return pieces, np.array(owners, dtype=np.int64)


def _median_words(texts: pl.Series) -> int:
    return int(texts.str.count_matches(r"\S+").quantile(0.5, "nearest") or 0)
