"""Unit vectors of texts for finding restatements: an encoder's, the target model's own, or TF-IDF's.

``tfidf`` needs no model and sees shared words and their company only. ``base`` reads the input embeddings of the model
that is to be tuned, weighted by smooth inverse frequency without their common direction (Arora, Liang and Ma 2017,
"A simple but tough-to-beat baseline for sentence embeddings", a = 0.001). Any other name is an encoder.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.finding import NotChecked
from tunewright.core.progress import SILENT, Progress
from tunewright.models.files import ModelFiles, find_encoder, find_model

Vectors = npt.NDArray[np.float32]
Embed = Callable[[pl.Series], Vectors]
#: Names of input embeddings in safetensors files of the common families.
EMBEDDINGS = ("embed_tokens.weight", "word_embeddings.weight", "wte.weight", "tok_embeddings.weight", "embed_in.weight")
SMOOTHING = 1e-3
MAX_TOKENS = 512


def vectors_of(model: str, texts: pl.Series, *, base: str | None, progress: Progress = SILENT) -> Embed:
    """What makes vectors of texts, fitted on `texts` where there is something to fit.

    Args:
        model: ``tfidf``, ``base``, or an encoder's name, folder or Hub id.
        texts: the texts of the corpus, in an order that does not depend on its rows'.
        base: the target model, for ``base``.
        progress: where an encoder reports.

    Raises:
        NotChecked: ``base`` without a target model, or one without input embeddings.
    """
    if model == "tfidf":
        from tunewright.similarity.text_features import TextFeatures

        return TextFeatures.fit(texts).dense
    if model == "base":
        if base is None:
            raise NotChecked("vectors of the base model need one: name it in train.base, or choose another model")
        return _of_base(find_model(base) if base else find_encoder(), texts)
    files = find_encoder(model)

    def encoded(batch: pl.Series) -> Vectors:
        from tunewright.similarity.embeddings import embed

        return embed(batch.to_list(), files, progress=progress)

    return encoded


def _of_base(files: ModelFiles, texts: pl.Series) -> Embed:
    from transformers import AutoTokenizer

    table = _input_embeddings(files)
    tokenizer = AutoTokenizer.from_pretrained(files.folder, trust_remote_code=False)

    def ids(batch: pl.Series) -> list[list[int]]:
        coded = tokenizer(batch.to_list(), add_special_tokens=False, truncation=True, max_length=MAX_TOKENS)
        return [list(tokens) for tokens in coded["input_ids"]]

    seen = ids(texts)
    counts = np.bincount(
        np.concatenate([np.zeros(0, np.int64), *map(np.asarray, seen)]).astype(int), minlength=len(table)
    )
    weight = SMOOTHING / (SMOOTHING + counts / max(int(counts.sum()), 1))

    def mean(coded: list[list[int]]) -> npt.NDArray[np.float64]:
        from scipy.sparse import csr_matrix

        lengths = np.array([len(tokens) for tokens in coded])
        places = np.concatenate([np.zeros(0, np.int64), *map(np.asarray, coded)]).astype(np.int64)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        share = weight[places] / np.repeat(np.maximum(lengths, 1), lengths)
        summed: Any = csr_matrix((share, places, starts), shape=(len(coded), len(table))) @ table
        return np.asarray(summed, dtype=np.float64)

    fitted = mean(seen)
    common = np.linalg.eigh(fitted.T @ fitted)[1][:, -1]

    def embed(batch: pl.Series) -> Vectors:
        plain = mean(ids(batch))
        return _unit(plain - np.outer(plain @ common, common))

    return embed


def _input_embeddings(files: ModelFiles) -> npt.NDArray[np.float64]:
    from safetensors import safe_open

    for path in sorted(files.folder.glob("*.safetensors")):
        # numpy has no bfloat16, which most language models are kept in; torch reads it.
        with safe_open(path, framework="pt") as stream:
            for name in stream.keys():  # noqa: SIM118, a safetensors file is no dict
                if name.endswith(EMBEDDINGS):
                    return np.asarray(stream.get_tensor(name).double().numpy())
    raise NotChecked(f"{files.name} has no input embeddings under a name we know; choose another model")


def _unit(vectors: npt.NDArray[Any]) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1), dtype=np.float32)
