"""Embeddings of texts: unit vectors whose dot product says how alike two texts are.

Mean-pooled and normalized, as all-MiniLM-L6-v2 was trained to be read (its model card, and Reimers and Gurevych
2019, arXiv 1908.10084).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.core.corpus import Corpus
from tunewright.core.progress import SILENT, Progress
from tunewright.models.files import DEFAULT_ENCODER, ModelFiles, find_encoder

#: Raised when the same text would get another vector; part of the key that embeddings are kept under.
VERSION = 2


def embed(
    texts: Sequence[str], encoder: ModelFiles | None = None, *, progress: Progress = SILENT
) -> npt.NDArray[np.float32]:
    """Unit vectors of `texts`, shape ``(n, dim)``; the same bits for a text whatever it is asked with."""
    from tunewright.models.encoder import Encoder

    files = encoder or find_encoder()
    return Encoder.load(files.folder).features(texts, _unit, progress=progress, what="Embedding texts")


def embeddings(corpus: Corpus, column: str = "prompt", *, encoder: str = DEFAULT_ENCODER) -> npt.NDArray[np.float32]:
    """Unit vectors of one text column in `row` order, shape ``(n_rows, dim)``; computed once and kept.

    A null is embedded as the empty text.
    """
    files = find_encoder(encoder)
    settings = {"column": column, "encoder": files.digest_of_weights, "version": VERSION}

    def make() -> npt.NDArray[Any]:
        return embed(corpus.column(column).fill_null("").to_list(), files, progress=corpus.progress)

    return corpus.array_evidence("embeddings", settings, make)


def _unit(pooled: Any) -> Any:
    return pooled / pooled.norm(dim=1, keepdim=True).clamp(min=1e-12)
