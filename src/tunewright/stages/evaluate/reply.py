"""A scorecard for answers in words: how well the model foretells the desk's own, and what it writes itself.

The main figure is the log-likelihood of the reference answers, which every test row gives and in which two systems can
be held against each other row by row. What a model writes itself is compared with the reference on as many rows as the
settings let it write.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.digest import frame_digest
from tunewright.core.engine_ref import EngineRef
from tunewright.core.errors import UserError
from tunewright.core.progress import Progress
from tunewright.core.score import Score
from tunewright.core.scorecard import Comparison, Scorecard, SystemScores
from tunewright.models.chat_examples import Exchange, exchanges
from tunewright.models.engine import Engine, GenerateRequest, ScoreRequest
from tunewright.models.registry import open_engine
from tunewright.similarity.embeddings import embeddings
from tunewright.stages.evaluate.answers import ExampleBank, Generations, Vectors
from tunewright.stages.evaluate.decide import decide
from tunewright.stages.evaluate.latency import latency
from tunewright.stages.evaluate.metrics import log_likelihood
from tunewright.stages.evaluate.plugins import BASELINES, METRICS, chosen
from tunewright.stages.evaluate.settings import EvaluateSettings
from tunewright.stages.evaluate.subject import Subject
from tunewright.stages.evaluate.words import words
from tunewright.stats.intervals import Sampling

OWN = "tuned"
MAIN_METRIC = log_likelihood.METRIC
FLOOR = "untuned"
LATENCY_TOKENS = 32
LATENCY_CALLS = 20


@dataclass
class Writer:
    """An engine that scores and writes answers within its context.

    Attributes:
        engine: the engine.
        rows: how many answers it writes.
        progress: where it reports.
    """

    engine: Engine
    rows: int
    progress: Progress

    @cached_property
    def longest(self) -> int:
        """Tokens that its context holds."""
        return self.engine.limits.context_tokens

    def fits(self, exchange: Exchange, before: Sequence[Exchange] = ()) -> bool:
        """Whether question and answer, asked after some exchanges, fit into the context."""
        return self.engine.count_tokens(exchange.turns(before), exchange.answer) <= self.longest

    def answer(self, questions: Sequence[Exchange], before: Sequence[Sequence[Exchange]]) -> Generations:
        """Likelihood of every reference, and answers to the first rows, each asked after some exchanges."""
        turns = [
            tuple(exchange.turns(self._fitting(exchange, others)))
            for exchange, others in zip(questions, before, strict=True)
        ]
        wanted = [ScoreRequest(chat, exchange.answer) for chat, exchange in zip(turns, questions, strict=True)]
        scores = self.engine.score(wanted, progress=self.progress)
        requests = [GenerateRequest(chat) for chat in turns[: self.rows]]
        written = self.engine.generate(requests, progress=self.progress) if requests else []
        return Generations(
            nats=np.array([score.nats for score in scores], dtype=np.float64),
            tokens=np.array([score.tokens for score in scores], dtype=np.float64),
            texts=[generation.text for generation in written],
        )

    def _fitting(self, exchange: Exchange, before: Sequence[Exchange]) -> Sequence[Exchange]:
        """`before` without the first ones, until the whole fits into the context."""
        while before and not self.fits(exchange, before):
            before = before[1:]
        return before


def evaluate_replies(
    subject: Subject, engine: Engine, corpus: Corpus, settings: EvaluateSettings, progress: Progress
) -> Scorecard:
    """The scorecard of `subject`, whose `engine` is open, on the test rows of `corpus`, beside the untuned base.

    Raises:
        UserError: E-EVAL-001 when no test row has an answer, E-EVAL-003 when the base model is not the one it was
            trained from, E-EVAL-004 when a named baseline or metric is not for this task.
    """
    tuned = Writer(engine, settings.generate, progress)
    base_ref = EngineRef(engine=subject.base_engine, folder=subject.base().folder)
    with closing(open_engine(base_ref)) as base_engine:
        base = Writer(base_engine, settings.generate, progress)
        # A candidate reads as its base does; another engine counts otherwise, so both have to hold a row.
        rows, questions = _test(corpus, (tuned, base) if subject.in_place else (tuned,), progress)
        systems = {OWN: tuned.answer(questions, [()] * len(questions))}
        systems |= _baselines(corpus, rows, questions, base, settings)
    sampling = Sampling(settings.resamples, subject.plan.seed, settings.level)
    references = [exchange.answer for exchange in questions]
    scored = tuple(_scores(name, answers, references, subject, sampling, settings) for name, answers in systems.items())
    comparisons = {name: _compare(name, systems[OWN], systems[name], sampling) for name in systems if name != OWN}
    best = max(scored[1:], key=lambda system: system.score(MAIN_METRIC).value)
    objection = _wordless(references, systems[OWN])
    decision, sentence = subject.decided(*decide(scored[0], best, comparisons[best.system], MAIN_METRIC, objection))
    predictions = _predictions(rows, references, systems)
    return Scorecard(
        task=subject.plan.task,
        candidate=subject.digest,
        suite=corpus.dataset.digest,
        rows=len(references),
        metric=MAIN_METRIC,
        systems=scored,
        comparisons=tuple(comparisons.values()),
        classes=(),
        confusions=(),
        decision=decision,
        words=sentence,
        predictions_digest=frame_digest(predictions),
        latency=_latency(engine, questions),
        engine=subject.engine if subject.in_place else None,
    ).with_predictions(predictions)


def _test(corpus: Corpus, writers: Sequence[Writer], progress: Progress) -> tuple[pl.Series, list[Exchange]]:
    """The test rows with an answer that every writer's context holds; the others are counted aloud."""
    rows, every = exchanges(corpus, "test")
    fits = [all(writer.fits(exchange) for writer in writers) for exchange in every]
    if every and not all(fits):
        progress.say(f"{fits.count(False)} of {len(every)} test rows are too long for the model and not measured.")
    if not any(fits):
        longest = min(writer.longest for writer in writers)
        raise UserError(
            "E-EVAL-001",
            f"No test row has an answer to be compared with, of at most {longest:,} tokens.",
            fix="Raise split.test, or map the column of answers.",
        )
    return rows.filter(pl.Series(fits)), [exchange for exchange, fit in zip(every, fits, strict=True) if fit]


def _baselines(
    corpus: Corpus, rows: pl.Series, questions: Sequence[Exchange], base: Writer, settings: EvaluateSettings
) -> dict[str, Generations]:
    """Every baseline's answers; questions are embedded only when one of them needs to find similar ones."""
    train_rows, train_exchanges = exchanges(corpus, "train")
    place = {row: index for index, row in enumerate(corpus.column("row"))}
    wanted = list(chosen(BASELINES, settings.baselines, corpus.dataset.task, always=FLOOR))
    every = embeddings(corpus) if {name for name, _, _ in wanted} != {FLOOR} else np.zeros((len(corpus), 1), np.float32)

    def vectors(of: pl.Series) -> Vectors:
        return np.asarray(every[[place[row] for row in of]])

    bank = ExampleBank(train_exchanges, vectors(train_rows), base.answer)
    return {name: module.predict(bank, questions, vectors(rows), options) for name, module, options in wanted}


def _scores(
    name: str,
    answers: Generations,
    references: Sequence[str],
    subject: Subject,
    sampling: Sampling,
    settings: EvaluateSettings,
) -> SystemScores:
    measured = [
        module.measure(references, answers, sampling, options)
        for _, module, options in chosen(METRICS, settings.metrics, subject.plan.task, always=MAIN_METRIC)
    ]
    about = subject.about if name == OWN else BASELINES.about(name)
    # A metric gives one figure, several of one kind, or none.
    figures = [figure for figure in measured if figure is not None]
    scores = [score for figure in figures for score in (figure if isinstance(figure, tuple) else (figure,))]
    return SystemScores(system=name, about=about, scores=tuple(scores))


def _compare(name: str, own: Generations, other: Generations, sampling: Sampling) -> Comparison:
    gap = other.nats - own.nats
    return Comparison(
        baseline=name,
        difference=log_likelihood.difference(own, other, sampling),
        wins=int((gap > 0).sum()),
        losses=int((gap < 0).sum()),
        ties=int((gap == 0).sum()),
    )


def _wordless(references: Sequence[str], own: Generations) -> str:
    """What speaks against a model that foretells answers better and still writes nothing like them."""
    pairs = zip(words(references[: len(own.texts)]), words(own.texts), strict=True)
    if not own.texts or any(set(wanted) & set(written) for wanted, written in pairs):
        return ""
    return (
        f"none of the {len(own.texts):,} answers that it wrote shares a single word with the desk's own. "
        "Train longer, or start from a base that speaks the language."
    )


def _predictions(rows: pl.Series, references: Sequence[str], systems: dict[str, Generations]) -> pl.DataFrame:
    """Each reference, what each system wrote (null where it was not asked to), and each one's nats a token."""

    def written(name: str) -> pl.Series:
        texts = systems[name].texts
        return pl.Series([*texts, *[None] * (len(references) - len(texts))], dtype=pl.String)

    others = {name: written(name) for name in systems if name != OWN}
    nats = {f"{name}_nats": systems[name].nats for name in others}
    own = {"row": rows, "truth": references, "predicted": written(OWN), "nats": systems[OWN].nats}
    return pl.DataFrame({**own, **others, **nats})


def _latency(engine: Engine, questions: Sequence[Exchange]) -> tuple[Score, ...]:
    """Time of an answer of at most 32 tokens; one after the other, as this engine answers."""

    def answer(some: Sequence[Exchange]) -> object:
        requests = [GenerateRequest(tuple(exchange.turns()), max_tokens=LATENCY_TOKENS) for exchange in some]
        return engine.generate(requests)

    return latency(answer, questions[:LATENCY_CALLS], LATENCY_CALLS)
