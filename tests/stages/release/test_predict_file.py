"""A user's file comes back with labels, and with nothing else changed."""

import json
from pathlib import Path

import polars as pl
import pytest

from tunewright.cli import main
from tunewright.core.errors import UserError
from tunewright.stages.release.load import load
from tunewright.workflow.predict import predict_file

TEXTS = ["lost card please", "send money today", "password locked again", "", "lost wallet, hello"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "new.csv"
    pl.DataFrame({"id": [7, 1, 9, 3, 5], "message": TEXTS, "note": ["a", None, "c", "d", "e"]}).write_csv(path)
    return path


@pytest.mark.parametrize(
    ("suffix", "reader"), [(".csv", pl.read_csv), (".jsonl", pl.read_ndjson), (".parquet", pl.read_parquet)]
)
def test_every_row_comes_back_in_order_with_its_label(bundle, file: Path, tmp_path: Path, suffix: str, reader) -> None:
    folder = bundle().folder
    given = predict_file(folder, file, output=tmp_path / f"out{suffix}")
    back = reader(tmp_path / f"out{suffix}")
    assert given.rows == back.height == len(TEXTS)
    assert back.columns == ["id", "message", "note", "predicted_label", "confidence"]
    assert [int(one) for one in back["id"]] == [7, 1, 9, 3, 5]
    assert back["predicted_label"].to_list() == load(folder).predict(TEXTS)
    assert back["confidence"].is_between(0, 1).all()


def test_an_output_that_exists_is_not_touched(bundle, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("mine")
    with pytest.raises(UserError) as told:
        predict_file(bundle().folder, file, output=out)
    assert told.value.code == "E-CLI-005"
    assert out.read_text() == "mine"


def test_a_column_of_ours_in_the_file_is_not_replaced(bundle, tmp_path: Path) -> None:
    path = tmp_path / "again.csv"
    path.write_text("message,confidence\nlost card,high\nsend money,low\n")
    with pytest.raises(UserError) as told:
        predict_file(bundle().folder, path)
    assert told.value.code == "E-REL-006"
    assert "'confidence'" in told.value.what


def test_a_damaged_release_labels_nothing(bundle, file: Path, tmp_path: Path) -> None:
    folder = bundle().folder
    (folder / "labels.json").write_text("{}")
    with pytest.raises(UserError) as told:
        predict_file(folder, file, output=tmp_path / "out.csv")
    assert told.value.code == "E-REL-003"
    assert not (tmp_path / "out.csv").exists()


def test_echo_answers_in_the_place_of_the_model_and_the_program_says_so(
    bundle, file: Path, tmp_path: Path, capsys
) -> None:
    folder = bundle().folder
    arguments = ["predict", str(folder), str(file), "--engine", "echo", "--json", "-q"]
    assert main.call(arguments) == 0
    document = json.loads(capsys.readouterr().out)
    answers = document["data"]["predictions"]
    assert [row["message"] or "" for row in answers] == TEXTS
    assert {row["predicted_label"] for row in answers} <= set(load(folder).release.labels)
    assert [row["predicted_label"] for row in answers] == load(folder, engine="echo").predict(TEXTS)
    assert [row["predicted_label"] for row in answers] != load(folder).predict(TEXTS)
    assert document["warnings"] == [f"The engine echo answered, not the model of {folder.name}."]
    assert main.call([*arguments[:3], "--json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == []
