"""A scorecard for answers: how well the model foretells the desk's own, and what it writes itself, beside its base.

The main figure is the log-likelihood of the reference answer in nats a token (higher is better; its negative is the
loss, its exponential the perplexity), which every test row gives and which the untuned base can be held against row by
row. Tokens shared with the reference (SQuAD's token F1, Rajpurkar et al. 2016) are measured on as many rows as the
settings let the model write.
"""

import math
from collections import Counter

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.candidate import Candidate
from tunewright.core.corpus import Corpus
from tunewright.core.digest import frame_digest
from tunewright.core.errors import UserError
from tunewright.core.progress import Progress
from tunewright.core.score import Score
from tunewright.core.scorecard import Comparison, Scorecard, SystemScores
from tunewright.evaluate.decide import decide
from tunewright.evaluate.intervals import bootstrap_score, in_batches, resample
from tunewright.evaluate.latency import latency
from tunewright.evaluate.settings import EvaluateSettings
from tunewright.evidence.chat import answered, messages_of
from tunewright.evidence.generator import Generator
from tunewright.evidence.model_files import find_model
from tunewright.evidence.normalize import normalized

MAIN_METRIC = "log_likelihood"
UNIT = "nats a token"
LATENCY_TOKENS = 32
LATENCY_CALLS = 20

Floats = npt.NDArray[np.float64]


def evaluate_replies(candidate: Candidate, corpus: Corpus, settings: EvaluateSettings, progress: Progress) -> Scorecard:
    """The scorecard of `candidate` on the test rows of `corpus`, beside the untuned base.

    Raises:
        UserError: E-EVAL-001 when no test row has an answer.
    """
    rows = corpus.scan("row", "prompt", "answer", "split").filter(pl.col("split") == "test").collect()
    test = rows.filter(pl.col("prompt").is_not_null() & (pl.col("answer").fill_null("") != ""))
    if test.is_empty():
        raise UserError("E-EVAL-001", "No test row has an answer to be compared with.", fix="Raise split.test.")
    tuned = Generator.load(candidate.folder)
    base = Generator.load(find_model(candidate.run.plan.base).folder)
    samples = resample(test.height, settings.resamples, candidate.run.plan.seed)
    written = min(settings.generate, test.height)
    nats, said, systems = {}, {}, []
    for name, model, about in (("tuned", tuned, "the tuned candidate"), ("base", base, "the base model, not tuned")):
        nats[name] = _nats(model, test, progress)
        said[name] = _written(model, test, written, progress)
        systems.append(_scores(name, about, nats[name], said[name], test, samples, settings))
    comparison = _compare(nats, samples, settings.level)
    decision, words = decide(systems[0], systems[1], comparison, MAIN_METRIC)
    predictions = test.select("row", truth="answer").with_columns(
        predicted=pl.Series([*said["tuned"], *[None] * (test.height - written)], dtype=pl.String),
        nats=pl.Series(nats["tuned"]),
        base_nats=pl.Series(nats["base"]),
    )
    return Scorecard(
        task=candidate.task,
        candidate=candidate.digest,
        suite=corpus.dataset.digest,
        rows=test.height,
        metric=MAIN_METRIC,
        systems=tuple(systems),
        comparisons=(comparison,),
        classes=(),
        confusions=(),
        decision=decision,
        words=words,
        predictions_digest=frame_digest(predictions),
        latency=_latency(tuned, test),
    ).with_predictions(predictions)


def _nats(model: Generator, test: pl.DataFrame, progress: Progress) -> Floats:
    """Loss of each reference answer in nats a token, ``(n,)``."""
    pairs = zip(test["prompt"], test["answer"], strict=True)
    return model.score([answered(model.tokenizer, messages_of(*pair)) for pair in pairs], progress=progress)


def _written(model: Generator, test: pl.DataFrame, rows: int, progress: Progress) -> list[str]:
    asked = [messages_of(prompt) for prompt in test["prompt"].head(rows)]
    return model.generate(asked, progress=progress) if asked else []


def _scores(
    name: str, about: str, nats: Floats, said: list[str], test: pl.DataFrame, samples: npt.NDArray[np.int64],
    settings: EvaluateSettings,
) -> SystemScores:  # fmt: skip
    mean = float(nats.mean())
    draws = in_batches(samples, lambda rows: nats[rows].mean(axis=1))
    scores = [
        bootstrap_score(MAIN_METRIC, -mean, -draws, len(nats), settings.level, UNIT),
        bootstrap_score("perplexity", math.exp(mean), np.exp(draws), len(nats), settings.level, "tokens"),
    ]
    if said:
        shared = token_f1(test["answer"].head(len(said)).to_list(), said)
        again = resample(len(said), settings.resamples, 0)
        draws = in_batches(again, lambda rows: shared[rows].mean(axis=1))
        scores.append(bootstrap_score("token_f1", float(shared.mean()), draws, len(said), settings.level))
    return SystemScores(system=name, about=about, scores=tuple(scores))


def token_f1(references: list[str], answers: list[str]) -> Floats:
    """Harmonic mean of the shares of normalized words that each answer and its reference have in common, ``(n,)``."""
    frame = pl.DataFrame({"reference": references, "answer": answers})
    words = frame.select(normalized("reference").str.split(" "), normalized("answer").str.split(" "))
    found = []
    for reference, answer in zip(words["reference"], words["answer"], strict=True):
        expected, given = Counter(filter(None, reference)), Counter(filter(None, answer))
        total = expected.total() + given.total()
        found.append(2 * (expected & given).total() / total if total else 1.0)
    return np.array(found)


def _compare(nats: dict[str, Floats], samples: npt.NDArray[np.int64], level: float) -> Comparison:
    gap = nats["base"] - nats["tuned"]
    draws = in_batches(samples, lambda rows: gap[rows].mean(axis=1))
    return Comparison(
        baseline="base",
        difference=bootstrap_score("gain", float(gap.mean()), draws, len(gap), level, UNIT),
        wins=int((gap > 0).sum()),
        losses=int((gap < 0).sum()),
        ties=int((gap == 0).sum()),
    )


def _latency(model: Generator, test: pl.DataFrame) -> tuple[Score, ...]:
    """Time of an answer of at most 32 tokens; one after the other, as this engine answers."""
    prompts = test["prompt"].head(LATENCY_CALLS).to_list()

    def answer(texts: object) -> object:
        return model.generate([messages_of(text) for text in texts], max_new_tokens=LATENCY_TOKENS)  # type: ignore[attr-defined]

    return latency(answer, prompts, len(prompts))
