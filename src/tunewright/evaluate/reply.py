"""A scorecard for answers: how well the model foretells the desk's own, and what it writes itself, beside its base.

The main figure is the log-likelihood of the reference answer in nats a token (higher is better; its negative is the
loss, its exponential the perplexity), which every test row gives and which the untuned base can be held against row by
row. Tokens shared with the reference (SQuAD's token F1, Rajpurkar et al. 2016) are measured on as many rows as the
settings let the model write.
"""

import math
from collections import Counter

import numpy as np
import polars as pl

from tunewright.core.candidate import Candidate
from tunewright.core.corpus import Corpus
from tunewright.core.digest import frame_digest
from tunewright.core.errors import UserError
from tunewright.core.progress import Progress
from tunewright.core.score import Score
from tunewright.core.scorecard import Comparison, Scorecard, SystemScores
from tunewright.evaluate.decide import decide
from tunewright.evaluate.intervals import Floats, Sampling, ratio
from tunewright.evaluate.latency import latency
from tunewright.evaluate.settings import EvaluateSettings
from tunewright.evidence.chat import messages_of
from tunewright.evidence.exchanges import Exchange, exchanges
from tunewright.evidence.generator import Generator
from tunewright.evidence.model_files import find_model
from tunewright.evidence.normalize import normalized

MAIN_METRIC = "log_likelihood"
UNIT = "nats a token"
LATENCY_TOKENS = 32
LATENCY_CALLS = 20


def evaluate_replies(candidate: Candidate, corpus: Corpus, settings: EvaluateSettings, progress: Progress) -> Scorecard:
    """The scorecard of `candidate` on the test rows of `corpus`, beside the untuned base.

    Raises:
        UserError: E-EVAL-001 when no test row has an answer.
    """
    rows, test = exchanges(corpus, "test")
    if not test:
        raise UserError("E-EVAL-001", "No test row has an answer to be compared with.", fix="Raise split.test.")
    tuned = Generator.load(candidate.folder)
    base = Generator.load(find_model(candidate.run.plan.base).folder)
    sampling = Sampling(settings.resamples, candidate.run.plan.seed, settings.level)
    written = min(settings.generate, len(test))
    nats, said, systems = {}, {}, []
    for name, model, about in (("tuned", tuned, "the tuned candidate"), ("base", base, "the base model, not tuned")):
        nats[name] = _nats(model, test, progress)
        said[name] = _written(model, test, written, progress)
        systems.append(_scores(name, about, nats[name], said[name], test, sampling))
    comparison = _compare(nats, sampling)
    decision, words = decide(systems[0], systems[1], comparison, MAIN_METRIC)
    predictions = pl.DataFrame(
        {
            "row": rows,
            "truth": [one.answer for one in test],
            "predicted": pl.Series([*said["tuned"], *[None] * (len(test) - written)], dtype=pl.String),
            "nats": nats["tuned"],
            "base_nats": nats["base"],
        }
    )
    return Scorecard(
        task=candidate.task,
        candidate=candidate.digest,
        suite=corpus.dataset.digest,
        rows=len(test),
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


def _nats(model: Generator, test: list[Exchange], progress: Progress) -> Floats:
    """Loss of each reference answer in nats a token, ``(n,)``."""
    return model.score([one.chat(model.tokenizer) for one in test], progress=progress)


def _written(model: Generator, test: list[Exchange], rows: int, progress: Progress) -> list[str]:
    asked = [one.asked for one in test[:rows]]
    return model.generate(asked, progress=progress) if asked else []


def _scores(
    name: str, about: str, nats: Floats, said: list[str], test: list[Exchange], sampling: Sampling
) -> SystemScores:
    score, draws = ratio(MAIN_METRIC, -nats, np.ones(len(nats)), sampling, unit=UNIT)
    perplexity = sampling.score("perplexity", math.exp(-score.value), np.exp(-draws), len(nats), unit="tokens")
    scores = [score, perplexity]
    if said:
        shared = token_f1([one.answer for one in test[: len(said)]], said)
        scores.append(ratio("token_f1", shared, np.ones(len(said)), sampling)[0])
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


def _compare(nats: dict[str, Floats], sampling: Sampling) -> Comparison:
    gap = nats["base"] - nats["tuned"]
    return Comparison(
        baseline="base",
        difference=ratio("gain", gap, np.ones(len(gap)), sampling, unit=UNIT)[0],
        wins=int((gap > 0).sum()),
        losses=int((gap < 0).sum()),
        ties=int((gap == 0).sum()),
    )


def _latency(model: Generator, test: list[Exchange]) -> tuple[Score, ...]:
    """Time of an answer of at most 32 tokens; one after the other, as this engine answers."""
    prompts = [str(one.asked[-1]["content"]) for one in test[:LATENCY_CALLS]]

    def answer(texts: object) -> object:
        return model.generate([messages_of(text) for text in texts], max_new_tokens=LATENCY_TOKENS)  # type: ignore[attr-defined]

    return latency(answer, prompts, len(prompts))
