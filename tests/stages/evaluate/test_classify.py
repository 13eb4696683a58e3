"""A classifier's scorecard from end to end, on a tiny model."""

import random
import shutil

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support
from tests.stages.evaluate.candidates import centroid_candidate
from tests.stages.train.tiny import WORDS, corpus_of, labelled_corpus
from tests.worlds import of

from tunewright.core.corpus import Corpus
from tunewright.core.errors import UserError
from tunewright.models.classifier import Classifier
from tunewright.models.engine import Classification
from tunewright.stages.evaluate.answers import Classified
from tunewright.stages.evaluate.api import evaluate
from tunewright.stages.evaluate.baselines import k_nearest
from tunewright.stages.evaluate.settings import EvaluateSettings

QUICK = EvaluateSettings(resamples=300, latency_calls=10)
ONLY_MAJORITY = EvaluateSettings(resamples=300, latency_calls=10, baselines={"majority": True})


@pytest.fixture(scope="module")
def card(candidate, desk):
    return evaluate(candidate, desk, QUICK)


@pytest.fixture(scope="module")
def easy(tiny_encoder, tmp_path_factory):
    """Six hundred test rows whose every word belongs to its class alone."""
    rng = random.Random(0)
    labels = [rng.choice(sorted(WORDS)) for _ in range(5000)]
    corpus = corpus_of(
        {"prompt": [" ".join(rng.choices(WORDS[one], k=3)) for one in labels], "label": labels}, "classify"
    )
    return evaluate(centroid_candidate(corpus, tiny_encoder, tmp_path_factory.mktemp("easy")), corpus, QUICK)


def test_every_baseline_answers_the_same_rows(card, desk) -> None:
    test = desk.scan("row", "label", "split").filter(pl.col("split") == "test").collect()
    assert card.rows == test.height == card.predictions.height
    assert card.predictions["row"].to_list() == test["row"].to_list()
    assert card.predictions["truth"].to_list() == test["label"].to_list()
    assert [system.system for system in card.systems] == ["tuned", "k_nearest", "majority", "nearest_label_name"]
    assert {"k_nearest", "majority", "nearest_label_name"} <= set(card.predictions.columns)
    assert all(system.score("accuracy").n == test.height for system in card.systems)


def test_the_figures_are_scikit_learns(card) -> None:
    frame = card.predictions
    for system in card.systems:
        answered = frame["predicted" if system.system == "tuned" else system.system]
        assert system.score("accuracy").value == pytest.approx(accuracy_score(frame["truth"], answered))
        macro = f1_score(frame["truth"], answered, average="macro", zero_division=0)
        assert system.score("macro_f1").value == pytest.approx(macro)
    names = [one.label for one in card.classes]
    precision, recall, _, support = precision_recall_fscore_support(
        frame["truth"], frame["predicted"], labels=names, zero_division=0
    )
    assert [one.precision.value for one in card.classes] == pytest.approx(precision)
    assert [one.recall.value for one in card.classes] == pytest.approx(recall)
    assert [one.support for one in card.classes] == support.tolist()


def test_wins_losses_and_confusions_count_rows(card) -> None:
    frame = card.predictions
    right = frame["truth"] == frame["predicted"]
    for one in card.comparisons:
        theirs = frame["truth"] == frame[one.baseline]
        assert (one.wins, one.losses) == ((right & ~theirs).sum(), (theirs & ~right).sum())
        assert one.wins + one.losses + one.ties == card.rows
    wrong = frame.filter(pl.col("truth") != pl.col("predicted"))
    assert sum(pair.rows for pair in card.confusions) == wrong.height > 0
    first = card.confusions[0]
    assert wrong.filter(truth=first.truth, predicted=first.predicted).height == first.rows
    assert [pair.rows for pair in card.confusions] == sorted((p.rows for p in card.confusions), reverse=True)


def test_confidence_is_the_largest_probability(card) -> None:
    table = np.stack(card.predictions["probabilities"].to_list())
    assert table.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(card.predictions["confidence"].to_numpy(), table.max(axis=1).astype(np.float64))


def test_the_same_inputs_give_the_same_scorecard_and_latency_is_aside(card, candidate, desk) -> None:
    again = evaluate(candidate, desk, QUICK)
    assert again.digest == card.digest
    assert again.predictions.equals(card.predictions)
    assert {score.metric for score in card.latency} == {"p50_ms", "p95_ms", "rows_per_s"}
    assert evaluate(candidate, desk, ONLY_MAJORITY).digest != card.digest


def test_as_good_without_tuning_is_do_not_fine_tune(easy) -> None:
    """The candidate and its neighbors are always right, so nothing was gained."""
    assert [easy.own.score("accuracy").value, easy.best_baseline.score("accuracy").value] == [1, 1]
    assert (easy.decision, easy.best_baseline.system) == ("do not fine-tune", "k_nearest")
    assert "No gain worth having" in easy.words
    assert "use k nearest" in easy.words


def test_no_error_is_no_confusion(easy) -> None:
    assert easy.confusions == ()


def test_better_than_every_baseline_is_ship(candidate, desk) -> None:
    card = evaluate(candidate, desk, ONLY_MAJORITY)
    assert card.decision == "ship"
    assert card.comparisons[0].difference.low > 0.5


def test_a_gain_bought_with_the_rare_classes_is_not_shipped(desk, tiny_encoder, tmp_path, monkeypatch) -> None:
    """The candidate never says `login`; the baseline says it always right and is often wrong about the rest."""
    frame = desk.scan().collect().with_columns(task=pl.lit("classify"))
    rare = (pl.col("label") != "login") | (pl.col("row") % 10 < 3)
    few = of(frame.filter(rare).with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64)))
    own = centroid_candidate(few, tiny_encoder, tmp_path)
    test = few.scan("label", "split").filter(pl.col("split") == "test").collect()["label"]
    said = test.replace({"login": "card"})
    places = np.array([own.labels.index(label) for label in said])
    table = np.eye(len(own.labels), dtype=np.float32)[places]
    monkeypatch.setattr(
        Classifier, "classify", lambda self, texts, **_: Classification(own.labels, table[: len(texts)])
    )
    other = [
        own.labels.index(x) if x == "login" or n % 3 else (own.labels.index(x) + 1) % 2 for n, x in enumerate(test)
    ]
    monkeypatch.setattr(k_nearest, "predict", lambda *_: Classified(np.array(other)))
    card = evaluate(own, few, EvaluateSettings(resamples=300, latency_calls=10, baselines={"k_nearest": True}))
    assert card.comparisons[0].difference.low > 0
    assert card.decision == "do not ship"
    assert "the rare ones pay for it" in card.words


def test_worse_than_no_tuning_is_do_not_fine_tune(desk, tiny_encoder, tmp_path) -> None:
    wrong = centroid_candidate(desk, tiny_encoder, tmp_path, shift=1)
    card = evaluate(wrong, desk, QUICK)
    assert card.decision == "do not fine-tune"
    assert "Tuning made it worse" in card.words


def test_a_handful_of_test_rows_is_inconclusive(tiny_encoder, tmp_path) -> None:
    few = labelled_corpus(70)
    card = evaluate(centroid_candidate(few, tiny_encoder, tmp_path), few, QUICK)
    assert card.rows == 9
    assert card.decision == "inconclusive"
    assert "Fewer than 10 test rows settle nothing" in card.words


def test_the_majority_is_always_measured(candidate, desk) -> None:
    without = EvaluateSettings(
        resamples=300, latency_calls=10, baselines={"majority": False, "k_nearest": False, "nearest_label_name": False}
    )
    assert [system.system for system in evaluate(candidate, desk, without).systems] == ["tuned", "majority"]


def test_a_named_metric_is_measured_beside_the_main_one(candidate, desk) -> None:
    one = EvaluateSettings(resamples=300, latency_calls=10, metrics={"calibration_error": {"bins": 5}})
    card = evaluate(candidate, desk, one)
    assert [score.metric for score in card.own.scores] == ["accuracy", "calibration_error"]


def without_test_rows(corpus: Corpus) -> Corpus:
    frame = corpus.scan().collect()
    return of(frame.with_columns(split=pl.lit("train"), task=pl.lit("classify")))


def test_no_test_row_is_said(candidate, desk) -> None:
    with pytest.raises(UserError) as told:
        evaluate(candidate, without_test_rows(desk), QUICK)
    assert told.value.code == "E-EVAL-002"


def test_a_base_that_changed_since_training_is_refused(desk, tiny_encoder, tmp_path) -> None:
    base = shutil.copytree(tiny_encoder, tmp_path / "base")
    made = centroid_candidate(desk, base, tmp_path / "work")
    weights = base / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\x00\x00\x80\x3f")
    with pytest.raises(UserError) as told:
        evaluate(made, desk, QUICK)
    assert told.value.code == "E-EVAL-003"
