"""A scorecard of answers from end to end, on a tiny language model that was trained."""

import numpy as np
import polars as pl
import pytest
from tests.stages.train.tiny import Listener, answered_corpus, plan_for, write_llama
from tests.worlds import of

from tunewright.core.errors import UserError
from tunewright.core.progress import SILENT
from tunewright.models.causal_lm import CausalLM
from tunewright.models.chat import messages_of
from tunewright.models.chat_examples import Exchange, exchanges
from tunewright.models.engine import AnswerScore, Generation
from tunewright.stages.evaluate.api import evaluate
from tunewright.stages.evaluate.reply import Writer
from tunewright.stages.evaluate.settings import EvaluateSettings
from tunewright.stages.release.api import release
from tunewright.stages.release.settings import ReleaseSettings
from tunewright.stages.train.api import train

QUICK = EvaluateSettings(resamples=300, generate=3, baselines={"untuned": {}})
OPTIONS = {"epochs": 3, "batch": 4, "learning_rate": 1e-2}


@pytest.fixture(scope="module")
def sums():
    return answered_corpus(90)


@pytest.fixture(scope="module")
def tuned(sums, tmp_path_factory):
    base = write_llama(tmp_path_factory.mktemp("llama"))
    plan = plan_for(sums, base, OPTIONS, method="lora")
    return train(sums, plan, tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def card(tuned, sums):
    return evaluate(tuned, sums, QUICK)


def test_the_tuned_model_foretells_the_answers_better_than_its_base(card) -> None:
    assert [system.system for system in card.systems] == ["tuned", "untuned"]
    gain = card.comparisons[0].difference
    assert gain.low > 0.1
    own, base = (system.score("log_likelihood").value for system in card.systems)
    assert gain.value == pytest.approx(own - base)
    assert gain.unit == "nats a token"


def test_a_model_that_writes_nothing_like_the_answers_is_not_shipped(tuned, card, sums, monkeypatch) -> None:
    """The figure alone says ship; a tiny random base still writes noise."""
    assert card.decision == "do not ship"
    assert "none of the 3 answers that it wrote shares a single word" in card.words
    numbers = Generation("0 1 2 3 4 5 6 7 8 9 10", 1, 11, "stop")
    monkeypatch.setattr(CausalLM, "generate", lambda self, requests, **_: [numbers] * len(requests))
    assert evaluate(tuned, sums, EvaluateSettings(resamples=300, generate=20)).decision == "ship"
    unwritten = EvaluateSettings(resamples=300, generate=0, baselines={"untuned": {}})
    assert evaluate(tuned, sums, unwritten).decision == "ship"


def test_the_figure_is_the_models_own_loss_token_by_token(card, tuned, sums) -> None:
    import torch

    model = CausalLM.load(tuned.folder)
    total, count = 0.0, 0
    for one in exchanges(sums, "test")[1]:
        chat = one.chat(model.tokenizer)
        labels = torch.tensor([[i if t else -100 for i, t in zip(chat.ids, chat.trained, strict=True)]])
        with torch.inference_mode():
            loss = model.model(input_ids=torch.tensor([chat.ids]), labels=labels).loss
        total, count = total + float(loss) * sum(chat.trained), count + sum(chat.trained)
    assert card.own.score("log_likelihood").value == pytest.approx(-total / count, rel=1e-5)


def test_each_row_keeps_what_was_written_and_how_likely_the_reference_was(card, sums) -> None:
    frame = card.predictions
    assert set(frame.columns) == {"row", "truth", "predicted", "nats", "untuned", "untuned_nats"}
    test = sums.scan("row", "answer", "split").filter(pl.col("split") == "test").collect()
    assert frame["row"].to_list() == test["row"].to_list()
    assert frame["truth"].to_list() == test["answer"].to_list()
    assert frame["predicted"].null_count() == frame.height - 3
    assert card.comparisons[0].wins == (frame["nats"] < frame["untuned_nats"]).sum()


def test_the_same_inputs_give_the_same_scorecard(card, tuned, sums) -> None:
    assert evaluate(tuned, sums, QUICK).digest == card.digest


def test_the_base_with_examples_is_a_baseline_by_default(tuned, sums) -> None:
    card = evaluate(tuned, sums, EvaluateSettings(resamples=300, generate=0))
    assert [system.system for system in card.systems] == ["tuned", "few_shot", "untuned"]
    assert [score.metric for score in card.own.scores] == ["log_likelihood", "perplexity"]
    nats = card.predictions.select("few_shot_nats", "untuned_nats").to_numpy()
    assert np.isfinite(nats).all()
    assert (nats[:, 0] != nats[:, 1]).any()


def test_a_baseline_of_another_task_is_refused_by_name(tuned, sums) -> None:
    for settings in (EvaluateSettings(baselines={"k_nearest": {}}), EvaluateSettings(metrics={"macro_f1": True})):
        with pytest.raises(UserError) as told:
            evaluate(tuned, sums, settings)
        assert told.value.code == "E-EVAL-004"
        assert "reply" in told.value.what


def test_no_answer_in_the_test_rows_is_said(tuned) -> None:
    none = answered_corpus(6)
    with pytest.raises(UserError) as told:
        evaluate(tuned, none, QUICK)
    assert told.value.code == "E-EVAL-001"


def test_its_release_gives_the_same_likelihoods_and_a_changed_one_is_refused(card, tuned, sums, tmp_path) -> None:
    def packaged(scorecard, folder):
        return release(
            tuned, scorecard, (), {"raw": "sha256:aa"}, sums, name="desk", folder=folder, settings=ReleaseSettings()
        )

    made = packaged(card, tmp_path / "good")
    assert made.parity_rows == card.rows
    assert "text-generation" in (made.folder / "README.md").read_text()
    off = card.predictions.with_columns(nats=pl.col("nats") + pl.when(pl.col("row") == 6).then(1e-9).otherwise(0.0))
    with pytest.raises(UserError) as told:
        packaged(card.model_copy().with_predictions(off), tmp_path / "bad")
    assert told.value.code == "E-REL-001"
    assert list((tmp_path / "bad").iterdir()) == []


def turns(question: str, answer: str) -> Exchange:
    return Exchange(tuple(messages_of(question)), answer)


def test_examples_are_left_out_the_farthest_first_until_the_context_holds_the_rest(tuned, monkeypatch) -> None:
    """The tiny model's context is 512 tokens, and a token is a byte."""
    writer = Writer(CausalLM.load(tuned.folder), 0, SILENT)
    assert writer.longest == 512
    shown = [turns(f"{n} " + "q" * 100, "a") for n in range(6)]
    question = turns("new?", "yes")
    seen = []
    certain = AnswerScore(0.0, 1, (0.0,), greedy=True)
    monkeypatch.setattr(
        writer.engine, "score", lambda requests, **_: seen.extend(requests) or [certain] * len(requests)
    )
    writer.answer([question], [shown])
    first = next(n for n in range(6) if tuple(question.turns(shown[n:])) == seen[0].messages)
    assert 0 < first < 6
    assert writer.engine.count_tokens(seen[0].messages, seen[0].answer) <= 512
    assert writer.engine.count_tokens(question.turns(shown[first - 1 :]), question.answer) > 512


def test_a_row_that_the_context_does_not_hold_is_counted_aloud(tuned, sums) -> None:
    frame = sums.scan().collect()
    place = frame.filter(pl.col("split") == "test")["row"][0]
    long = frame.with_columns(
        task=pl.lit("reply"), prompt=pl.when(pl.col("row") == place).then(pl.lit("9" * 600)).otherwise("prompt")
    )
    heard = Listener()
    card = evaluate(tuned, of(long), QUICK, progress=heard)
    assert card.rows == frame.filter(pl.col("split") == "test").height - 1
    assert place not in card.predictions["row"].to_list()
    assert any(line.startswith("1 of ") and "too long" in line for line in heard.said)
