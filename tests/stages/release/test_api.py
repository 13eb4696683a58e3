"""A bundle: what is in it, that it answers as measured, and that nothing is overwritten."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import tunewright
from tunewright.core.errors import UserError
from tunewright.core.scorecard import Scorecard
from tunewright.stages.release import api


def listing(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_bundle_holds_the_model_its_proof_and_their_digests(made, bundle) -> None:
    released = bundle()
    files = listing(released.folder)
    top = {"README.md", "SHA256SUMS", "labels.json", "release.json", "run.json", "scorecard.json"}
    assert {name for name in files if "/" not in name} == top
    assert {f"model/{name}" for name in made.candidate.files} == set(files) - top
    assert all(files[f"model/{name}"] == known[7:] for name, known in made.candidate.files.items())
    labels = json.loads((released.folder / "labels.json").read_text())
    assert [labels[str(index)] for index in range(len(labels))] == list(made.candidate.labels)
    card = Scorecard.model_validate_json((released.folder / "scorecard.json").read_text())
    assert card.digest == made.scorecard.digest == released.scorecard
    assert released.parity_rows == made.scorecard.rows


def test_sha256sum_itself_accepts_the_list(bundle) -> None:
    folder = bundle().folder
    found = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.count(": OK") == len(listing(folder)) - 1


def test_the_loaded_release_answers_with_the_measured_bits(made, bundle) -> None:
    loaded = tunewright.load(bundle().folder)
    seen = made.scorecard.predictions
    prompts = made.corpus.scan("row", "prompt").collect()
    texts = seen.join(prompts, on="row", how="left", maintain_order="left")["prompt"].to_list()
    frame = loaded.predict_frame(texts)
    assert frame["predicted_label"].to_list() == seen["predicted"].to_list()
    assert np.array_equal(frame["confidence"].to_numpy(), seen["confidence"].to_numpy())
    assert loaded.predict(texts[:1]) == seen["predicted"].to_list()[:1]
    one_by_one = pl.concat([loaded.predict_frame([text]) for text in texts[:20]])
    assert one_by_one.equals(frame[:20])


def test_no_text_is_no_answer_and_one_text_is_not_a_list_of_letters(bundle) -> None:
    loaded = tunewright.load(bundle().folder)
    assert loaded.predict([]) == []
    with pytest.raises(TypeError, match="list of texts"):
        loaded.predict("my card is lost")


def test_other_bits_than_measured_leave_no_bundle(made, tmp_path: Path) -> None:
    """One probability is off by the last bit of a float32."""
    frame = made.scorecard.predictions
    table = np.stack(frame["probabilities"].to_list()).astype(np.float32)
    table[3, 0] = np.nextafter(table[3, 0], np.float32(2))
    wrong = frame.with_columns(probabilities=pl.Series(table, dtype=pl.Array(pl.Float32, table.shape[1])).arr.to_list())
    card = made.scorecard.model_copy().with_predictions(wrong)
    with pytest.raises(UserError) as told:
        made.but(scorecard=card).release(tmp_path)
    assert told.value.code == "E-REL-001"
    assert f"1 of {card.rows:,} test rows" in told.value.what
    assert list(tmp_path.iterdir()) == []


def test_a_weight_changed_after_evaluation_leaves_no_bundle(made, tmp_path: Path) -> None:
    work = tmp_path / "work"
    shutil.copytree(made.candidate.folder.parent, work)
    head = work / "model" / "head.safetensors"
    raw = bytearray(head.read_bytes())
    raw[-2] ^= 0x40
    head.write_bytes(bytes(raw))
    moved = made.candidate.model_copy().at(work)
    with pytest.raises(UserError) as told:
        made.but(candidate=moved).release(tmp_path / "releases")
    assert told.value.code in {"E-REL-001", "E-REL-003"}
    assert list((tmp_path / "releases").iterdir()) == []


def test_the_same_release_is_found_and_not_made_again(made, bundle, monkeypatch) -> None:
    first = bundle()
    before = listing(first.folder)
    monkeypatch.setattr(api, "_fill", lambda *_: pytest.fail("made again"))
    again = bundle()
    assert again == first
    assert again.created == first.created
    assert listing(first.folder) == before


def test_what_is_released_decides_the_name_and_the_clock_does_not(made, tmp_path: Path) -> None:
    one = made.release(tmp_path / "a")
    assert made.release(tmp_path / "b").digest == one.digest
    others = [
        made.release(tmp_path / "c", license="MIT"),
        made.but(verdicts=made.verdicts[:1]).release(tmp_path / "c"),
        made.release(tmp_path / "c", name="office"),
    ]
    assert len({one.name, *(other.name for other in others)}) == 4
    assert len({one.digest, *(other.digest for other in others)}) == 4


def test_a_changed_bundle_is_neither_overwritten_nor_taken_for_the_release(made, bundle) -> None:
    released = bundle()
    card = released.folder / "README.md"
    card.write_text("mine")
    with pytest.raises(UserError) as told:
        bundle()
    assert told.value.code == "E-REL-003"
    assert card.read_text() == "mine"


def test_another_release_of_that_name_is_not_overwritten(made, tmp_path: Path, monkeypatch) -> None:
    """Eight hex digits may collide; here they are made to."""
    monkeypatch.setattr(api, "digest", lambda _: "sha256:" + "0" * 64)
    first = made.release(tmp_path)
    before = listing(first.folder)
    with pytest.raises(UserError) as told:
        made.but(verdicts=made.verdicts[:1]).release(tmp_path)
    assert told.value.code == "E-REL-005"
    assert listing(first.folder) == before


@pytest.mark.parametrize("name", ["../../etc", "a b/c", "…", ".hidden", "Støtte"])
def test_a_project_of_any_name_has_a_release_in_its_folder(made, tmp_path: Path, name: str) -> None:
    released = made.release(tmp_path / "releases", name=name)
    assert released.folder.parent == tmp_path / "releases"
    assert not released.name.startswith((".", "-"))
    assert tunewright.load(released.folder).release.digest == released.digest


def test_what_a_killed_run_left_is_cleared(made, bundle, tmp_path: Path) -> None:
    name = bundle().name
    left = tmp_path / "second" / f".{name}.part"
    left.mkdir(parents=True)
    (left / "half.safetensors").write_bytes(b"half")
    made.release(tmp_path / "second")
    assert [path.name for path in (tmp_path / "second").iterdir()] == [name]
