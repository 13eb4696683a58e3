"""A classifier's scorecard: every system on the same rows, with intervals, and what is confused with what."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.candidate import Candidate
from tunewright.core.corpus import Corpus
from tunewright.core.digest import frame_digest
from tunewright.core.progress import Progress
from tunewright.core.score import Score, wilson_score
from tunewright.core.scorecard import ClassScores, Comparison, ConfusionPair, Scorecard, SystemScores
from tunewright.core.shelf import Shelf
from tunewright.evaluate.answers import Classified, Lesson
from tunewright.evaluate.decide import decide
from tunewright.evaluate.intervals import bootstrap_score, in_batches, resample
from tunewright.evaluate.latency import latency
from tunewright.evaluate.settings import EvaluateSettings
from tunewright.evidence.embeddings import embed
from tunewright.evidence.model_files import ModelFiles, find_encoder
from tunewright.evidence.predictor import Predictor

BASELINES = Shelf("tunewright.evaluate.baselines", "baseline", "predict")
METRICS = Shelf("tunewright.evaluate.metrics", "metric", "measure")
MAIN_METRIC = "accuracy"
CONFUSIONS = 50

Index = npt.NDArray[np.int64]


def evaluate_classifier(
    candidate: Candidate, corpus: Corpus, settings: EvaluateSettings, progress: Progress
) -> Scorecard:
    """The scorecard of `candidate` on the test rows of `corpus`."""
    names = candidate.labels
    rows = corpus.scan("row", "prompt", "label", "split").drop_nulls("label").collect()
    test, train = (rows.filter(pl.col("split") == side) for side in ("test", "train"))
    texts = test["prompt"].fill_null("").to_list()
    truth = _indices(test["label"], names)
    predictor = Predictor.load(candidate.folder)
    probabilities = predictor.predict(texts, progress=progress).probabilities
    own = Classified(np.asarray(probabilities.argmax(axis=1), dtype=np.int64), probabilities)
    untuned = find_encoder(candidate.run.plan.base)
    systems = {"tuned": own, **_baselines(train, texts, names, untuned, settings, progress)}
    samples = resample(len(truth), settings.resamples, candidate.run.plan.seed)
    scored = tuple(_scores(name, answers, truth, len(names), samples, settings) for name, answers in systems.items())
    comparisons = tuple(
        _compare(name, truth, own, answers, samples, settings.level)
        for name, answers in systems.items()
        if name != "tuned"
    )
    best = max(scored[1:], key=lambda system: system.score(MAIN_METRIC).value)
    decision, words = decide(scored[0], best, next(c for c in comparisons if c.baseline == best.system), MAIN_METRIC)
    predictions = _predictions(test, systems, names)
    return Scorecard(
        task="classify",
        candidate=candidate.digest,
        suite=corpus.dataset.digest,
        rows=len(truth),
        metric=MAIN_METRIC,
        systems=scored,
        comparisons=comparisons,
        classes=_classes(truth, own.predicted, names, settings.level),
        confusions=_confusions(truth, own.predicted, names),
        decision=decision,
        words=words,
        predictions_digest=frame_digest(predictions),
        latency=latency(predictor.predict, texts, settings.latency_calls),
    ).with_predictions(predictions)


def _baselines(
    train: pl.DataFrame,
    texts: Sequence[str],
    names: Sequence[str],
    untuned: ModelFiles,
    settings: EvaluateSettings,
    progress: Progress,
) -> dict[str, Classified]:
    def vectors_of(some: Sequence[str]) -> npt.NDArray[np.float32]:
        return embed(some, untuned, progress=progress)

    train_texts = train["prompt"].fill_null("").to_list()
    lesson = Lesson(train_texts, _indices(train["label"], names), names, vectors_of, vectors_of(train_texts))
    vectors = vectors_of(texts)
    found = {}
    for name in chosen(BASELINES, settings.baselines):
        module = BASELINES.load(name)
        options = module.Options.model_validate(_given(settings.baselines.get(name)))
        found[name] = module.predict(lesson, texts, vectors, options)
    return found


def chosen(shelf: Shelf, named: Any) -> list[str]:
    """The plugins to use: the named ones, or all but those left out with ``false``."""
    on = [name for name, options in named.items() if options is not False]
    return sorted(on) if on else [name for name in shelf.names() if named.get(name) is not False]


def _given(options: Any) -> Any:
    return {} if options in (None, True) else options


def _indices(labels: pl.Series, names: Sequence[str]) -> Index:
    order = {name: index for index, name in enumerate(names)}
    return np.asarray(labels.replace_strict(order, return_dtype=pl.Int64).to_numpy(), dtype=np.int64)


def _scores(
    name: str, answers: Classified, truth: Index, classes: int, samples: Index, settings: EvaluateSettings
) -> SystemScores:
    scores = []
    for metric in chosen(METRICS, settings.metrics):
        module = METRICS.load(metric)
        options = module.Options.model_validate(_given(settings.metrics.get(metric)))
        score = module.measure(truth, answers, classes, samples, settings.level, options)
        if score is not None:
            scores.append(score)
    about = "the tuned candidate" if name == "tuned" else BASELINES.about(name)
    return SystemScores(system=name, about=about, scores=tuple(scores))


def _compare(name: str, truth: Index, own: Classified, other: Classified, samples: Index, level: float) -> Comparison:
    """Accuracy of the candidate minus the baseline's on the same rows, resampled together."""
    right, theirs = own.predicted == truth, other.predicted == truth
    gap = right.astype(np.float64) - theirs
    draws = in_batches(samples, lambda rows: gap[rows].mean(axis=1))
    return Comparison(
        baseline=name,
        difference=bootstrap_score("gain", float(gap.mean()), draws, len(truth), level),
        wins=int((gap > 0).sum()),
        losses=int((gap < 0).sum()),
        ties=int((gap == 0).sum()),
    )


def _classes(truth: Index, predicted: Index, names: Sequence[str], level: float) -> tuple[ClassScores, ...]:
    hits = np.bincount(truth[truth == predicted], minlength=len(names))
    support = np.bincount(truth, minlength=len(names))
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
    wrong = truth != predicted
    pairs, counts = np.unique(np.stack([truth[wrong], predicted[wrong]], axis=1), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:CONFUSIONS]
    return tuple(
        ConfusionPair(truth=names[pairs[i][0]], predicted=names[pairs[i][1]], rows=int(counts[i])) for i in order
    )


def _predictions(test: pl.DataFrame, systems: dict[str, Classified], names: Sequence[str]) -> pl.DataFrame:
    own = systems["tuned"]
    assert own.probabilities is not None
    labels = pl.Series(names)
    return test.select(
        "row",
        truth="label",
        predicted=labels.gather(own.predicted),
        confidence=pl.Series(own.probabilities.max(axis=1).astype(np.float64)),
        probabilities=pl.Series(own.probabilities, dtype=pl.Array(pl.Float32, len(names))).arr.to_list(),
        **{name: labels.gather(answers.predicted) for name, answers in systems.items() if name != "tuned"},
    )
