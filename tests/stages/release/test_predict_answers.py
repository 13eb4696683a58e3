"""A release that writes: a user's file comes back with the answers that were evaluated, and nothing else changed."""

from pathlib import Path

import polars as pl
import pytest
from tests.stages.train.tiny import Listener, corpus_of, plan_for, write_llama

import tunewright
from tunewright.core.errors import UserError
from tunewright.core.release import Release
from tunewright.core.scorecard import Scorecard
from tunewright.stages.evaluate.api import evaluate
from tunewright.stages.evaluate.settings import EvaluateSettings
from tunewright.stages.release.api import release
from tunewright.stages.release.settings import ReleaseSettings
from tunewright.stages.train.api import train
from tunewright.workflow.predict import predict_file

QUESTIONS = ["3 plus 4?", "", "a line\nand another, with a comma"]


@pytest.fixture(scope="module")
def sums():
    """Questions that all have one answer, which even a tiny model learns to write."""
    return corpus_of({"prompt": [f"{at % 7} plus {at % 5}?" for at in range(30)], "answer": ["yesyes"] * 30}, "reply")


@pytest.fixture(scope="module")
def card_and_release(sums, tmp_path_factory) -> tuple[Scorecard, Release]:
    base = write_llama(tmp_path_factory.mktemp("llama"))
    options = {"epochs": 8, "batch": 8, "learning_rate": 1e-2, "patience": 0}
    candidate = train(sums, plan_for(sums, base, options, method="full"), tmp_path_factory.mktemp("work"))
    settings = EvaluateSettings(resamples=200, generate=2, latency_calls=10, baselines={"untuned": {}})
    card = evaluate(candidate, sums, settings)
    made = release(
        candidate,
        card,
        (),
        {"raw": "sha256:aa"},
        sums,
        name="sums",
        folder=tmp_path_factory.mktemp("releases"),
        settings=ReleaseSettings(),
    )
    return card, made


@pytest.fixture(scope="module")
def folder(card_and_release) -> Path:
    return card_and_release[1].folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "new.csv"
    pl.DataFrame({"id": [7, 1, 9], "message": QUESTIONS}).write_csv(path)
    return path


def test_it_answers_with_the_very_words_that_were_evaluated(card_and_release, sums) -> None:
    card, made = card_and_release
    seen = card.predictions.filter(pl.col("predicted").is_not_null())
    assert seen.height == 2
    prompts = sums.scan("row", "prompt").collect()
    asked = seen.join(prompts, on="row", how="left", maintain_order="left")["prompt"].to_list()
    loaded = tunewright.load(made.folder)
    assert loaded.columns == ("predicted_answer",)
    assert loaded.predict(asked) == seen["predicted"].to_list()
    assert any(seen["predicted"].to_list())
    assert loaded.predict(asked[1:]) == seen["predicted"].to_list()[1:]  # alone, as among others


def test_no_text_is_no_answer_and_one_text_is_not_a_list_of_letters(folder: Path) -> None:
    loaded = tunewright.load(folder)
    assert loaded.predict([]) == []
    assert loaded.predict_frame([]).schema == {"predicted_answer": pl.String}
    with pytest.raises(TypeError, match="list of texts"):
        loaded.predict("3 plus 4?")


def test_every_row_comes_back_in_order_with_its_answer(folder: Path, file: Path, tmp_path: Path) -> None:
    listener, out = Listener(), tmp_path / "out.parquet"
    given = predict_file(folder, file, output=out, progress=listener)
    back = pl.read_parquet(out)
    assert given.rows == back.height == 3
    assert back.columns == ["id", "message", "predicted_answer"]
    assert [int(one) for one in back["id"]] == [7, 1, 9]
    assert back["predicted_answer"].to_list() == tunewright.load(folder).predict(QUESTIONS)
    assert listener.started == ["Answering"]
    assert listener.done == 3


def test_a_column_of_answers_in_the_file_is_not_replaced(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "again.csv"
    path.write_text("message,predicted_answer\n3 plus 4?,7\n1 plus 1?,2\n")
    with pytest.raises(UserError) as told:
        predict_file(folder, path)
    assert told.value.code == "E-REL-006"
    assert "'predicted_answer'" in told.value.what
    named_otherwise = tmp_path / "labels.csv"  # a column of the other kind of release is the user's own
    named_otherwise.write_text("message,confidence\n3 plus 4?,high\n1 plus 1?,low\n")
    (first, _) = predict_file(folder, named_otherwise).predictions
    assert first["confidence"] == "high"
    assert set(first) == {"message", "confidence", "predicted_answer"}


def test_a_damaged_release_writes_nothing(card_and_release, file: Path, tmp_path: Path) -> None:
    import shutil

    damaged = tmp_path / "sums-damaged"
    shutil.copytree(card_and_release[1].folder, damaged)
    (weights,) = (damaged / "model").glob("*.safetensors")
    raw = bytearray(weights.read_bytes())
    raw[-2] ^= 0x40
    weights.write_bytes(bytes(raw))
    with pytest.raises(UserError) as told:
        predict_file(damaged, file, output=tmp_path / "out.csv")
    assert told.value.code == "E-REL-003"
    assert not (tmp_path / "out.csv").exists()


def test_the_card_shows_both_ways_to_ask_it_and_says_that_it_can_be_wrong(folder: Path) -> None:
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "may be wrong or made up" in card
    assert "Every text gets one of the labels" not in card
    assert "tunewright.load(" in card
    assert 'pipeline("text-generation"' in card
