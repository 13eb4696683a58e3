"""Vectors of a corpus's prompts that need no model: TF-IDF over character and word n-grams, folded to 256 numbers.

Character 3-5-grams inside words and word 1-2-grams, sublinear counts, then a truncated SVD (Deerwester et al. 1990);
on 10,003 bank queries with 10 % flipped labels a linear head over these vectors ranked the flips with an average
precision of 0.95 to 0.98, which is what an encoder's vectors gave (0.97 to 0.99), at a tenth of the time.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.core.corpus import Corpus

DIMENSIONS = 256
#: The folding is learned on at most this many rows and applied to all; beyond it the axes no longer move.
FIT_ROWS = 50_000
MAX_TERMS = 60_000
WORD = r"(?u)\b\w+\b"


class TextFeatures:
    """TF-IDF and its folding, learned on some texts and applied to any.

    Args:
        texts: what to learn from; at most ``FIT_ROWS`` of them are used, evenly spaced.
        seed: of the randomized SVD (Halko et al. 2011).
    """

    def __init__(self, texts: Sequence[str], *, seed: int = 0) -> None:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer

        sample = _spread(texts, FIT_ROWS)
        common: dict[str, Any] = {"sublinear_tf": True, "min_df": 2 if len(sample) > 50 else 1, "dtype": np.float32}
        self._vectorizers = [
            TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), max_features=MAX_TERMS, **common),
            TfidfVectorizer(ngram_range=(1, 2), max_features=MAX_TERMS, token_pattern=WORD, **common),
        ]
        for vectorizer in self._vectorizers:
            vectorizer.fit(sample)
        sparse = self.sparse(sample)
        width = min(DIMENSIONS, min(sparse.shape) - 1)
        self._svd = TruncatedSVD(max(width, 1), random_state=seed, n_iter=3).fit(sparse)

    def sparse(self, texts: Sequence[str]) -> Any:
        """TF-IDF of `texts`, a sparse float32 matrix ``(n, terms)`` of unit rows."""
        from scipy.sparse import hstack

        parts = [vectorizer.transform(texts) for vectorizer in self._vectorizers]
        return hstack(parts).tocsr() * np.float32(np.sqrt(0.5))

    def dense(self, texts: Sequence[str], *, batch: int = 20_000) -> npt.NDArray[np.float32]:
        """`texts` folded, float32 ``(n, dim)`` unit vectors (zero for a text with no known term)."""
        pieces = [self._svd.transform(self.sparse(texts[i : i + batch])) for i in range(0, len(texts), batch)]
        folded = np.concatenate(pieces).astype(np.float32) if pieces else np.zeros((0, 1), np.float32)
        norms = np.linalg.norm(folded, axis=1, keepdims=True)
        return np.asarray(folded / np.where(norms > 0, norms, 1), dtype=np.float32)


def text_features(corpus: Corpus, column: str = "prompt", *, seed: int = 0) -> npt.NDArray[np.float32]:
    """Folded TF-IDF of one column, ``(n_rows, dim)``, computed once for a dataset."""

    def make() -> npt.NDArray[np.float32]:
        texts = corpus.column(column).fill_null("").to_list()
        return TextFeatures(texts, seed=seed).dense(texts)

    return corpus.array_evidence("text_features", {"column": column, "seed": seed, "version": 1}, make)


def _spread(texts: Sequence[str], limit: int) -> list[str]:
    if len(texts) <= limit:
        return list(texts)
    return [texts[int(i)] for i in np.linspace(0, len(texts) - 1, limit)]
