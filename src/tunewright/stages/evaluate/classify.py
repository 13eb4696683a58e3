"""A classifier's scorecard: every system on the same rows, with intervals, and what is confused with what."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.digest import frame_digest
from tunewright.core.errors import UserError
from tunewright.core.progress import Progress
from tunewright.core.score import Score
from tunewright.core.scorecard import ClassScores, Comparison, ConfusionPair, Scorecard, SystemScores
from tunewright.models.engine import Engine
from tunewright.models.files import ModelFiles
from tunewright.similarity.embeddings import embed, embeddings
from tunewright.stages.evaluate.answers import BaselineInput, Classified, Index, Truth, Vectors
from tunewright.stages.evaluate.decide import decide, signed
from tunewright.stages.evaluate.latency import latency
from tunewright.stages.evaluate.metrics import macro_f1
from tunewright.stages.evaluate.plugins import BASELINES, METRICS, chosen
from tunewright.stages.evaluate.settings import EvaluateSettings
from tunewright.stages.evaluate.subject import Subject
from tunewright.stats.intervals import Sampling, gain_in_shares
from tunewright.stats.wilson import wilson_score

OWN = "tuned"
MAIN_METRIC = "accuracy"
#: Always measured: without it no gain says more than "better than nothing".
FLOOR = "majority"
CONFUSIONS = 50


def evaluate_labels(
    subject: Subject, engine: Engine, corpus: Corpus, settings: EvaluateSettings, progress: Progress
) -> Scorecard:
    """The scorecard of `subject`, whose `engine` is open, on the test rows of `corpus`.

    Raises:
        UserError: E-EVAL-002 when no test row has a label, E-EVAL-003 when the base model is not the one it was
            trained from, E-EVAL-004 when a named baseline or metric is not for this task, E-EVAL-005 when the engine
            has other labels.
    """
    names = subject.plan.labels
    test, texts = _rows(corpus, "test")
    if test.is_empty():
        raise UserError("E-EVAL-002", "No test row has a label to be compared with.", fix="Raise split.test.")
    truth = Truth(_indices(test["label"], names), len(names))
    answers = engine.classify(texts, progress=progress)
    _require_labels(answers.names, names, subject)
    own = Classified(np.asarray(answers.probabilities.argmax(axis=1), dtype=np.int64), answers.probabilities)
    untuned = subject.base()
    systems = {OWN: own, **_baselines(corpus, test, texts, names, untuned, settings, progress)}
    sampling = Sampling(settings.resamples, subject.plan.seed, settings.level)
    scored = tuple(_scores(name, system, truth, sampling, settings, subject) for name, system in systems.items())
    comparisons = {name: _compare(name, truth, own, systems[name], sampling) for name in systems if name != OWN}
    best = max(scored[1:], key=lambda system: system.score(MAIN_METRIC).value)
    balance = macro_f1.difference(truth, own.predicted, systems[best.system].predicted, sampling)
    decision, words = subject.decided(
        *decide(scored[0], best, comparisons[best.system], MAIN_METRIC, _unbalanced(balance))
    )
    predictions = _predictions(test, systems, names)
    return Scorecard(
        task="classify",
        candidate=subject.digest,
        suite=corpus.dataset.digest,
        rows=test.height,
        metric=MAIN_METRIC,
        systems=scored,
        comparisons=tuple(comparisons.values()),
        classes=_classes(truth, own.predicted, names, settings.level),
        confusions=_confusions(truth.labels, own.predicted, names),
        decision=decision,
        words=words,
        predictions_digest=frame_digest(predictions),
        latency=latency(engine.classify, texts, settings.latency_calls),
        engine=subject.engine if subject.in_place else None,
    ).with_predictions(predictions)


def _rows(corpus: Corpus, side: str) -> tuple[pl.DataFrame, list[str]]:
    """Labelled rows of one split, with their `place` in the corpus, and their texts."""
    frame = corpus.scan("row", "prompt", "label", "split").with_row_index("place").drop_nulls("label").collect()
    frame = frame.filter(pl.col("split") == side)
    return frame, frame["prompt"].fill_null("").to_list()


def _baselines(
    corpus: Corpus,
    test: pl.DataFrame,
    texts: Sequence[str],
    names: Sequence[str],
    untuned: ModelFiles,
    settings: EvaluateSettings,
    progress: Progress,
) -> dict[str, Classified]:
    def embed_untuned(some: Sequence[str]) -> Vectors:
        return embed(some, untuned, progress=progress)

    train, train_texts = _rows(corpus, "train")
    every = embeddings(corpus, encoder=untuned.name)  # training needed them too, so they are usually there
    train_vectors, test_vectors = (np.asarray(every[rows["place"].to_numpy()]) for rows in (train, test))
    inputs = BaselineInput(train_texts, _indices(train["label"], names), names, embed_untuned, train_vectors)
    return {
        name: module.predict(inputs, texts, test_vectors, options)
        for name, module, options in chosen(BASELINES, settings.baselines, "classify", always=FLOOR)
    }


def _indices(labels: pl.Series, names: Sequence[str]) -> Index:
    order = {name: index for index, name in enumerate(names)}
    return np.asarray(labels.replace_strict(order, return_dtype=pl.Int64).to_numpy(), dtype=np.int64)


def _require_labels(engine_names: Sequence[str], names: Sequence[str], subject: Subject) -> None:
    """Stop unless the engine chooses among the labels of the plan, in their order."""
    if tuple(engine_names) != tuple(names):
        raise UserError(
            "E-EVAL-005",
            f"The engine {subject.engine.engine} chooses among {', '.join(engine_names)}; the rows have "
            f"{', '.join(names)}.",
            why="Its answers would be counted under other labels' names.",
            fix="Open it with the labels of the rows, in the order of their names.",
        )


def _scores(
    name: str, answers: Classified, truth: Truth, sampling: Sampling, settings: EvaluateSettings, subject: Subject
) -> SystemScores:
    scores = [
        module.measure(truth, answers, sampling, options)
        for _, module, options in chosen(METRICS, settings.metrics, "classify", always=MAIN_METRIC)
    ]
    about = subject.about if name == OWN else BASELINES.about(name)
    return SystemScores(system=name, about=about, scores=tuple(score for score in scores if score is not None))


def _compare(name: str, truth: Truth, own: Classified, other: Classified, sampling: Sampling) -> Comparison:
    """Accuracy of the candidate less the baseline's, on the same rows."""
    right, theirs = own.predicted == truth.labels, other.predicted == truth.labels
    wins, losses, n = int((right & ~theirs).sum()), int((theirs & ~right).sum()), len(right)
    difference = gain_in_shares(wins, losses, n, sampling)
    return Comparison(baseline=name, difference=difference, wins=wins, losses=losses, ties=n - wins - losses)


def _unbalanced(balance: Score) -> str:
    """What speaks against a gain in accuracy that is bought with the rare classes."""
    assert balance.high is not None
    if balance.high >= 0:
        return ""
    return (
        f"the gain is in the common classes and the rare ones pay for it: the difference in macro F1 is "
        f"{signed(balance)}. Gather rows of the classes with the lowest recall."
    )


def _classes(truth: Truth, predicted: Index, names: Sequence[str], level: float) -> tuple[ClassScores, ...]:
    hits = np.bincount(truth.labels[truth.labels == predicted], minlength=len(names))
    support = np.bincount(truth.labels, minlength=len(names))
    claimed = np.bincount(predicted, minlength=len(names))

    def score(metric: str, n: Index, k: int) -> Score:
        return wilson_score(metric, int(hits[k]), int(n[k]), level=level)

    return tuple(
        ClassScores(
            label=name,
            support=int(support[k]),
            predicted=int(claimed[k]),
            precision=score("precision", claimed, k),
            recall=score("recall", support, k),
        )
        for k, name in enumerate(names)
    )


def _confusions(truth: Index, predicted: Index, names: Sequence[str]) -> tuple[ConfusionPair, ...]:
    """The commonest pairs of true and answered class that differ; equal counts in label order."""
    wrong = truth != predicted
    size = len(names)
    counts = np.bincount(truth[wrong] * size + predicted[wrong], minlength=size * size)
    order = np.argsort(-counts, kind="stable")[:CONFUSIONS]
    return tuple(
        ConfusionPair(truth=names[pair // size], predicted=names[pair % size], rows=int(counts[pair]))
        for pair in order.tolist()
        if counts[pair]
    )


def _predictions(test: pl.DataFrame, systems: dict[str, Classified], names: Sequence[str]) -> pl.DataFrame:
    own = systems[OWN]
    assert own.probabilities is not None
    labels = pl.Series(names)
    return test.select(
        "row",
        truth="label",
        predicted=labels.gather(own.predicted),
        confidence=pl.Series(own.probabilities.max(axis=1).astype(np.float64)),
        probabilities=pl.Series(own.probabilities, dtype=pl.Array(pl.Float32, len(names))).arr.to_list(),
        **{name: labels.gather(answers.predicted) for name, answers in systems.items() if name != OWN},
    )
