"""Label Studio: what it would say to our tasks, and what we make of its exports."""

import json
from pathlib import Path

import pytest
from tests.stages.review.worlds import finding, population, report, sample
from tests.worlds import of, rows

from tunewright.core.errors import UserError
from tunewright.stages.review import label_studio

SPANS = {"column": ["prompt", "answer"], "start": [7, 0], "end": [8, 2], "type": ["person", "email"]}


def classified(n: int = 30):
    corpus = population(n)
    spans = {"column": ["prompt"], "start": [0], "end": [6], "type": ["person"]}
    return sample(corpus, report(corpus, finding("pii.person", [4], **spans), finding("a.x", [5])), n)


def replied():
    corpus = of(rows(["why 💩 me?", "and <b>&?"], answers=["be calm", "no"], content_digest=["d0", "d1"]))
    return sample(corpus, report(corpus, finding("pii.any", [0, 0], **SPANS)), 2)


def interface(drawn):
    sdk = pytest.importorskip("label_studio_sdk.label_interface", reason="label-studio-sdk is not installed")
    return sdk.LabelInterface(label_studio.config(drawn))


@pytest.mark.parametrize("drawn", [classified(), replied()], ids=["classify", "reply"])
def test_label_studio_accepts_the_form_and_every_prediction(drawn, tmp_path: Path) -> None:
    form = interface(drawn)
    (file, config) = label_studio.write(tmp_path / "tasks.json", drawn)
    assert config.read_text() == label_studio.config(drawn)
    tasks = json.loads(file.read_text())
    for task in tasks:
        for prediction in task["predictions"]:
            assert form.validate_prediction(prediction, return_errors=True) == []
    broken = tasks[0]["predictions"][0] | {"result": [{**tasks[0]["predictions"][0]["result"][0], "from_name": "no"}]}
    assert form.validate_prediction(broken, return_errors=True) != []


def test_a_task_carries_what_finds_its_row_again_and_what_was_found(tmp_path: Path) -> None:
    drawn = classified()
    (file, _) = label_studio.write(tmp_path / "tasks.json", drawn)
    task = next(t for t in json.loads(file.read_text()) if t["data"]["example_id"] == "id4")
    assert task["data"]["content_digest"] == "d4"
    assert task["data"]["review_set"] == drawn.header.id
    assert task["data"]["found"] == "pii.person: found here"
    (prediction,) = task["predictions"]
    assert prediction["model_version"].startswith("tunewright-")
    assert prediction["score"] == 0.0
    label, span = prediction["result"]
    assert (label["type"], label["value"]) == ("choices", {"choices": ["c2"]})
    assert (span["type"], span["value"]) == ("labels", {"start": 0, "end": 6, "text": "ticket", "labels": ["person"]})


def test_an_answer_is_a_text_area_and_spans_count_characters_as_people_do(tmp_path: Path) -> None:
    (file, _) = label_studio.write(tmp_path / "tasks.json", replied())
    task = next(t for t in json.loads(file.read_text()) if t["data"]["example_id"] == "id0")
    area, in_answer, in_text = sorted(task["predictions"][0]["result"], key=lambda r: r["from_name"], reverse=True)
    assert (area["type"], area["value"]) == ("textarea", {"text": ["be calm"]})
    assert in_answer["to_name"] == "answer"
    assert in_answer["value"]["text"] == "be"
    assert in_text["value"] == {"start": 7, "end": 8, "text": "e", "labels": ["person"]}


def test_many_tasks_go_into_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_studio, "TASKS_PER_FILE", 12)
    files = label_studio.write(tmp_path / "tasks.json", classified(30))
    assert [f.name for f in files] == ["tasks-001.json", "tasks-002.json", "tasks-003.json", "tasks.config.xml"]
    assert [len(json.loads(f.read_text())) for f in files[:3]] == [12, 12, 6]
    with pytest.raises(UserError, match=r"tasks-001\.json exists"):
        label_studio.write(tmp_path / "tasks.json", classified(30))


def annotation(by, **values):
    kinds = {"verdict": "choices", "right_label": "choices", "right_answer": "textarea", "note": "textarea"}
    result = [
        {"from_name": name, "to_name": "text", "type": kinds[name],
         "value": {"choices" if kinds[name] == "choices" else "text": [value]}}
        for name, value in values.items()
    ]  # fmt: skip
    return {"completed_by": by, "was_cancelled": False, "ground_truth": False, "lead_time": 3.1, "result": result}


def test_an_export_gives_what_each_annotator_said(tmp_path: Path) -> None:
    data = {"example_id": "id1", "content_digest": "d1", "review_set": "s", "text": "x"}
    canceled = annotation(3, verdict="ok") | {"was_cancelled": True}
    export = [
        {"id": 900, "data": data, "annotations": [
            annotation(1, verdict="ok", right_label="a"),
            annotation({"id": 2, "email": "bo@x.org"}, verdict="defective", right_label="b", note="wrong"), canceled]},
        {"id": 901, "data": data | {"example_id": "id2"}, "annotations": [], "predictions": []},
    ]  # fmt: skip
    path = tmp_path / "export.json"
    path.write_text(json.dumps(export))
    first, second, blank = label_studio.read(path)
    assert (first.reviewer, first.verdict, first.right_label, first.where) == ("annotator 1", "ok", "a", "task 1")
    assert (second.reviewer, second.verdict, second.right_label, second.note) == ("bo@x.org", "defective", "b", "wrong")
    assert (blank.example_id, blank.verdict, blank.where) == ("id2", "", "task 2")


def test_the_flat_export_says_the_same(tmp_path: Path) -> None:
    data = {"example_id": "id1", "content_digest": "d1", "review_set": "s", "text": "x", "answer": "old"}
    flat = [
        {"id": 1, **data, "verdict": "defective", "right_answer": "new", "annotator": 7, "annotation_id": 1},
        {
            "id": 1,
            **data,
            "verdict": {"choices": ["ok"]},
            "note": ["fine"],
            "annotator": "bo@x.org",
            "annotation_id": 2,
        },
    ]
    path = tmp_path / "min.json"
    path.write_text(json.dumps(flat))
    first, second = label_studio.read(path)
    assert (first.reviewer, first.verdict, first.right_answer, first.content_digest) == (
        "annotator 7",
        "defective",
        "new",
        "d1",
    )
    assert (second.reviewer, second.verdict, second.note) == ("bo@x.org", "ok", "fine")


@pytest.mark.parametrize("content", ["{not json", '{"a": 1}', "[1, 2]"])
def test_something_else_is_refused_with_the_reason(content: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(UserError) as caught:
        label_studio.read(path)
    assert caught.value.code == "E-REVIEW-004"


def test_the_form_asks_what_the_spreadsheet_asks() -> None:
    from tunewright.stages.review import spreadsheet

    for drawn in (classified(), replied()):
        task = drawn.header.dataset.task
        form = label_studio.config(drawn)
        questions = {name for name in ("verdict", "right_label", "right_answer") if f'name="{name}"' in form}
        assert questions == set(spreadsheet.QUESTIONS[task])
        assert {"verdict", "note"} <= set(spreadsheet._sheet(drawn).columns)
