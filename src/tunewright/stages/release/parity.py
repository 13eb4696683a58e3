"""Whether a model folder gives the very bits that its scorecard recorded, row by row."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.progress import Progress
from tunewright.core.scorecard import Scorecard


def same_bits(model: Path, scorecard: Scorecard, corpus: Corpus, progress: Progress) -> npt.NDArray[np.bool_]:
    """For each test row of `scorecard`, whether the model in the folder `model` gives what was recorded, ``(n,)``.

    A classifier has to give every probability, a model that writes the likelihood of every reference answer.
    """
    same = _probabilities if scorecard.task == "classify" else _likelihoods
    return same(model, scorecard.predictions, corpus, progress)


def _probabilities(model: Path, predictions: pl.DataFrame, corpus: Corpus, progress: Progress) -> npt.NDArray[np.bool_]:
    from tunewright.models.classifier import Predictor

    prompts = corpus.scan("row", "prompt").collect()
    texts = predictions.select("row").join(prompts, on="row", how="left", maintain_order="left")["prompt"]
    found = Predictor.load(model).predict(texts.fill_null("").to_list(), progress=progress).probabilities
    widths = predictions["probabilities"].list.len()
    if (widths != found.shape[1]).any():
        return np.zeros(len(found), dtype=np.bool_)
    seen = predictions["probabilities"].list.to_array(found.shape[1]).to_numpy()
    return np.asarray((found == seen).all(axis=1))


def _likelihoods(model: Path, predictions: pl.DataFrame, corpus: Corpus, progress: Progress) -> npt.NDArray[np.bool_]:
    from tunewright.models.causal_lm import Generator
    from tunewright.models.chat_examples import exchanges

    rows, asked = exchanges(corpus, "test")
    place = {row: index for index, row in enumerate(rows)}
    loaded = Generator.load(model)
    chats = [asked[place[row]].chat(loaded.tokenizer) for row in predictions["row"]]
    return np.asarray(loaded.score(chats, progress=progress) == predictions["nats"].to_numpy())
