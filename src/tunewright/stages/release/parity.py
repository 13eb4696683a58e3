"""Whether an engine gives the very bits that its scorecard recorded, row by row."""

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.progress import Progress
from tunewright.core.scorecard import Scorecard
from tunewright.models.engine import Engine, ScoreRequest


def same_bits(engine: Engine, scorecard: Scorecard, corpus: Corpus, progress: Progress) -> npt.NDArray[np.bool_]:
    """For each test row of `scorecard`, whether `engine` gives what was recorded, ``(n,)``.

    A classifier has to give every probability, a model that writes the likelihood of every reference answer.
    """
    same = _probabilities if scorecard.task == "classify" else _likelihoods
    return same(engine, scorecard.predictions, corpus, progress)


def _probabilities(
    engine: Engine, predictions: pl.DataFrame, corpus: Corpus, progress: Progress
) -> npt.NDArray[np.bool_]:
    prompts = corpus.scan("row", "prompt").collect()
    texts = predictions.select("row").join(prompts, on="row", how="left", maintain_order="left")["prompt"]
    now = engine.classify(texts.fill_null("").to_list(), progress=progress).probabilities
    widths = predictions["probabilities"].list.len()
    if (widths != now.shape[1]).any():
        return np.zeros(len(now), dtype=np.bool_)
    recorded = predictions["probabilities"].list.to_array(now.shape[1]).to_numpy()
    return np.asarray((now == recorded).all(axis=1))


def _likelihoods(
    engine: Engine, predictions: pl.DataFrame, corpus: Corpus, progress: Progress
) -> npt.NDArray[np.bool_]:
    from tunewright.models.chat_examples import exchanges

    rows, every = exchanges(corpus, "test")
    exchange_of = dict(zip(rows, every, strict=True))
    wanted = [exchange_of[row] for row in predictions["row"]]
    requests = [ScoreRequest(tuple(exchange.turns()), exchange.answer) for exchange in wanted]
    now = np.array([score.nats for score in engine.score(requests, progress=progress)], dtype=np.float64)
    return np.asarray(now == predictions["nats"].to_numpy())
