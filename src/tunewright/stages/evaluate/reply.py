"""A scorecard for answers in words: how well the model foretells the desk's own, and what it writes itself.

The main figure is the log-likelihood of the reference answers, which every test row gives and in which two systems can
be held against each other row by row. What a model writes itself is compared with the reference on as many rows as the
settings let it write.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from tunewright.core.candidate import Candidate
from tunewright.core.corpus import Corpus
from tunewright.core.digest import frame_digest
from tunewright.core.errors import UserError
from tunewright.core.progress import Progress
from tunewright.core.score import Score
from tunewright.core.scorecard import Comparison, Scorecard, SystemScores
from tunewright.models.causal_lm import Generator
from tunewright.models.chat_examples import Exchange, exchanges
from tunewright.models.encoder import fitting
from tunewright.similarity.embeddings import embeddings
from tunewright.stages.evaluate.answers import Archive, Vectors, Written
from tunewright.stages.evaluate.base import base_of
from tunewright.stages.evaluate.decide import decide
from tunewright.stages.evaluate.latency import latency
from tunewright.stages.evaluate.metrics import log_likelihood
from tunewright.stages.evaluate.plugins import BASELINES, METRICS, chosen
from tunewright.stages.evaluate.settings import EvaluateSettings
from tunewright.stages.evaluate.words import words
from tunewright.stats.intervals import Sampling

OWN = "tuned"
MAIN_METRIC = log_likelihood.METRIC
FLOOR = "untuned"
LATENCY_TOKENS = 32
LATENCY_CALLS = 20
#: No model that is tuned here is asked for more than this; shorter contexts are read from the model.
LONGEST = 1 << 20


@dataclass
class Writer:
    """A model that scores and writes answers within its context.

    Attributes:
        model: the model.
        rows: how many answers it writes.
        progress: where it reports.
    """

    model: Generator
    rows: int
    progress: Progress

    @cached_property
    def longest(self) -> int:
        """Tokens that its context holds."""
        return fitting(LONGEST, self.model.model, self.model.tokenizer)

    def fits(self, one: Exchange) -> bool:
        """Whether question and answer fit into the context."""
        return len(one.chat(self.model.tokenizer).ids) <= self.longest

    def answer(self, asked: Sequence[Exchange], before: Sequence[Sequence[Exchange]]) -> Written:
        """Likelihood of every reference, and answers to the first rows, each asked after some exchanges."""
        shown = [self._fitting(one, others) for one, others in zip(asked, before, strict=True)]
        chats = [one.chat(self.model.tokenizer, others) for one, others in zip(asked, shown, strict=True)]
        turns = [one.turns(others) for one, others in zip(asked[: self.rows], shown, strict=False)]
        return Written(
            nats=self.model.score(chats, progress=self.progress),
            tokens=np.array([sum(chat.trained) for chat in chats], dtype=np.float64),
            texts=self.model.generate(turns, progress=self.progress) if turns else [],
        )

    def _fitting(self, one: Exchange, before: Sequence[Exchange]) -> Sequence[Exchange]:
        """`before` without the first ones, until the whole fits into the context."""
        while before and len(one.chat(self.model.tokenizer, before).ids) > self.longest:
            before = before[1:]
        return before


def evaluate_replies(candidate: Candidate, corpus: Corpus, settings: EvaluateSettings, progress: Progress) -> Scorecard:
    """The scorecard of `candidate` on the test rows of `corpus`, beside the untuned base.

    Raises:
        UserError: E-EVAL-001 when no test row has an answer, E-EVAL-003 when the base model is not the one it was
            trained from, E-EVAL-004 when a named baseline or metric is not for this task.
    """
    tuned = Writer(Generator.load(candidate.folder), settings.generate, progress)
    base = Writer(Generator.load(base_of(candidate).folder), settings.generate, progress)
    rows, asked = _test(corpus, tuned, progress)
    systems = {OWN: tuned.answer(asked, [()] * len(asked))}
    systems |= _baselines(corpus, rows, asked, base, settings)
    sampling = Sampling(settings.resamples, candidate.run.plan.seed, settings.level)
    references = [one.answer for one in asked]
    scored = tuple(
        _scores(name, answers, references, candidate, sampling, settings) for name, answers in systems.items()
    )
    comparisons = {name: _compare(name, systems[OWN], systems[name], sampling) for name in systems if name != OWN}
    best = max(scored[1:], key=lambda system: system.score(MAIN_METRIC).value)
    decision, told = decide(scored[0], best, comparisons[best.system], MAIN_METRIC, _wordless(references, systems[OWN]))
    predictions = _predictions(rows, references, systems)
    return Scorecard(
        task=candidate.task,
        candidate=candidate.digest,
        suite=corpus.dataset.digest,
        rows=len(asked),
        metric=MAIN_METRIC,
        systems=scored,
        comparisons=tuple(comparisons.values()),
        classes=(),
        confusions=(),
        decision=decision,
        words=told,
        predictions_digest=frame_digest(predictions),
        latency=_latency(tuned.model, asked),
    ).with_predictions(predictions)


def _test(corpus: Corpus, tuned: Writer, progress: Progress) -> tuple[pl.Series, list[Exchange]]:
    """The test rows with an answer that the model's context holds; the others are counted aloud."""
    rows, every = exchanges(corpus, "test")
    fits = [tuned.fits(one) for one in every]
    if every and not all(fits):
        progress.say(f"{fits.count(False)} of {len(every)} test rows are too long for the model and not measured.")
    if not any(fits):
        raise UserError(
            "E-EVAL-001",
            f"No test row has an answer to be compared with, of at most {tuned.longest:,} tokens.",
            fix="Raise split.test, or map the column of answers.",
        )
    return rows.filter(pl.Series(fits)), [one for one, fit in zip(every, fits, strict=True) if fit]


def _baselines(
    corpus: Corpus, rows: pl.Series, asked: Sequence[Exchange], base: Writer, settings: EvaluateSettings
) -> dict[str, Written]:
    """Every baseline's answers; questions are embedded only when one of them needs to find similar ones."""
    known, archived = exchanges(corpus, "train")
    place = {row: index for index, row in enumerate(corpus.column("row"))}
    wanted = list(chosen(BASELINES, settings.baselines, corpus.dataset.task, always=FLOOR))
    every = embeddings(corpus) if {name for name, _, _ in wanted} != {FLOOR} else np.zeros((len(corpus), 1), np.float32)

    def vectors(of: pl.Series) -> Vectors:
        return np.asarray(every[[place[row] for row in of]])

    archive = Archive(archived, vectors(known), base.answer)
    return {name: module.predict(archive, asked, vectors(rows), options) for name, module, options in wanted}


def _scores(
    name: str,
    answers: Written,
    references: Sequence[str],
    candidate: Candidate,
    sampling: Sampling,
    settings: EvaluateSettings,
) -> SystemScores:
    found = [
        module.measure(references, answers, sampling, options)
        for _, module, options in chosen(METRICS, settings.metrics, candidate.task, always=MAIN_METRIC)
    ]
    about = "the tuned candidate" if name == OWN else BASELINES.about(name)
    # A metric gives one figure, several of one kind, or none.
    several = [one if isinstance(one, tuple) else (one,) for one in found]
    return SystemScores(system=name, about=about, scores=tuple(one for some in several for one in some if one))


def _compare(name: str, own: Written, other: Written, sampling: Sampling) -> Comparison:
    gap = other.nats - own.nats
    return Comparison(
        baseline=name,
        difference=log_likelihood.difference(own, other, sampling),
        wins=int((gap > 0).sum()),
        losses=int((gap < 0).sum()),
        ties=int((gap == 0).sum()),
    )


def _wordless(references: Sequence[str], own: Written) -> str:
    """What speaks against a model that foretells answers better and still writes nothing like them."""
    pairs = zip(words(references[: len(own.texts)]), words(own.texts), strict=True)
    if not own.texts or any(set(wanted) & set(given) for wanted, given in pairs):
        return ""
    return (
        f"none of the {len(own.texts):,} answers that it wrote shares a single word with the desk's own. "
        "Train longer, or start from a base that speaks the language."
    )


def _predictions(rows: pl.Series, references: Sequence[str], systems: dict[str, Written]) -> pl.DataFrame:
    """Each reference, what each system wrote (null where it was not asked to), and each one's nats a token."""

    def written(name: str) -> pl.Series:
        texts = systems[name].texts
        return pl.Series([*texts, *[None] * (len(references) - len(texts))], dtype=pl.String)

    others = {name: written(name) for name in systems if name != OWN}
    nats = {f"{name}_nats": systems[name].nats for name in others}
    own = {"row": rows, "truth": references, "predicted": written(OWN), "nats": systems[OWN].nats}
    return pl.DataFrame({**own, **others, **nats})


def _latency(model: Generator, asked: Sequence[Exchange]) -> tuple[Score, ...]:
    """Time of an answer of at most 32 tokens; one after the other, as this engine answers."""

    def answer(some: Sequence[Exchange]) -> object:
        return model.generate([one.turns() for one in some], max_new_tokens=LATENCY_TOKENS)

    return latency(answer, asked[:LATENCY_CALLS], LATENCY_CALLS)
