"""A review from end to end: out, filled in, back, and what it does to the rows and to the gate."""

import csv
import io
import json
from pathlib import Path

import polars as pl
import pytest
from tests.stages.review.worlds import project

from tunewright.core.errors import GateFailed, UserError, UserErrors
from tunewright.project import Project


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    if path.suffix == ".xlsx":
        pl.DataFrame(rows).write_excel(path, worksheet="Review")
        return path
    with path.open("w", newline="", encoding="utf-8-sig") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def sheet(desk: Project, n: int, path: Path, verdict: str = "ok") -> list[dict[str, str]]:
    """A sample written to `path`, every row filled in with `verdict`."""
    desk.review_sample(n, to=path)
    return [row | {"verdict": verdict} for row in table(path)]


@pytest.fixture
def desk(tmp_path: Path) -> Project:
    return project(tmp_path / "desk")


def back(desk: Project, path: Path, rows: list[dict[str, str]]):
    return desk.review_import([write(path, rows)])


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_the_account_of_a_file_names_every_row_that_cannot_be_believed(suffix: str, desk: Project, tmp_path) -> None:
    rows = sheet(desk, 60, tmp_path / "r.csv")
    rows[0]["content_digest"] = "f" * 64  # edited
    rows[1]["verdict"] = ""  # blank
    rows[2]["example_id"] = "never-0"  # unknown, and so one row of the sample is missing
    rows.append(dict(rows[3]))  # doubled, says the same
    rows.append(rows[4] | {"verdict": "defective"})  # doubled, contradicts itself
    gone = rows.pop(5)  # missing
    account = back(desk, tmp_path / f"back{suffix}", rows).files[0].account
    assert (account.answers, account.blank, account.edited, account.unknown) == (55, 1, 1, 1)
    assert (account.missing, account.doubled) == (2, 2)
    assert account.places["edited"] == ("row 2",)
    assert account.places["unknown"] == ("row 4",)
    assert account.places["doubled"] == ("row 61", "row 62")
    assert gone["example_id"] in account.places["missing"]
    assert desk.review_status().reviewed == 55


def test_a_file_is_imported_once(desk: Project, tmp_path: Path) -> None:
    rows = sheet(desk, 60, tmp_path / "r.csv")
    first = back(desk, tmp_path / "back.csv", rows)
    again = Project.open(desk.folder).review_import([tmp_path / "back.csv"])
    assert [result.files[0].already for result in (first, again)] == [False, True]
    assert first.verdict == again.verdict
    events = [e for e in desk.events().events if e.kind == "review.imported"]
    assert [(e.digests["file"], e.detail) for e in events] == [
        (first.files[0].file_digest, {"file": "back.csv", "answers": 60})
    ]
    assert len(list((desk.folder / ".tunewright/review/imports").iterdir())) == 1


def test_an_import_that_was_killed_before_it_was_recorded_is_recorded_by_the_next(desk, tmp_path, monkeypatch) -> None:
    from tunewright.workflow import review as reviewing

    rows = sheet(desk, 60, tmp_path / "r.csv")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reviewing, "_record", killed)
    with pytest.raises(KeyboardInterrupt):
        back(desk, tmp_path / "back.csv", rows)
    monkeypatch.undo()
    assert not [e for e in desk.events().events if e.kind == "review.imported"]
    desk.review_import([tmp_path / "back.csv"])
    assert len([e for e in desk.events().events if e.kind == "review.imported"]) == 1
    assert desk.review_status().reviewed == 60


def test_a_word_that_is_no_verdict_or_no_label_stops_the_import_and_names_the_rows(
    desk: Project, tmp_path: Path
) -> None:
    rows = sheet(desk, 60, tmp_path / "r.csv")
    rows[6]["verdict"], rows[8]["right_label"] = "perhaps", "crad"
    with pytest.raises(UserErrors) as caught:
        back(desk, tmp_path / "back.csv", rows)
    faults = [(fault.code, fault.what) for fault in caught.value.faults]
    assert faults[0] == ("E-REVIEW-007", "row 8: 'perhaps' is no verdict.")
    assert faults[1][0] == "E-REVIEW-008"
    assert "row 10" in faults[1][1]
    assert "'card'" in caught.value.faults[1].fix
    assert desk.review_status().reviewed == 0


def test_defective_rows_go_wrong_labels_are_mended_and_the_edits_say_who(desk: Project, tmp_path: Path) -> None:
    rows = sheet(desk, 60, tmp_path / "r.csv")
    rows[0] |= {"verdict": "defective", "note": "garbled", "reviewer": "ann"}
    rows[1] |= {"verdict": "defective", "right_label": "pay" if rows[1]["label"] != "pay" else "app", "reviewer": "bo"}
    result = back(desk, tmp_path / "back.csv", rows)
    assert (result.reviewed, result.defective, result.corrected) == (60, 2, 1)
    cleaned = desk.clean()
    assert cleaned.rows_after == 119
    edits = {edit.finding: edit.example for edit in cleaned.edits}
    assert edits["reviewed.defective"] == "reviewed.defective: reviewed by ann: garbled"
    assert edits["reviewed.label"].endswith(f"became {rows[1]['right_label']}, reviewed by bo")
    after = desk.corpus(cleaned.after.version).scan("example_id", "label").collect()
    assert rows[0]["example_id"] not in after["example_id"].to_list()
    mended = after.filter(pl.col("example_id") == rows[1]["example_id"])["label"].item()
    assert mended == rows[1]["right_label"]
    assert cleaned.quality_after.value == 100.0
    # What the reviews found is gone; what they say of the 60 rows that nobody read stays in the score.
    assert 95 < cleaned.verdict.measured.value < 100
    assert cleaned.verdict.measured.method == "reviewed"


def test_a_census_of_corrected_rows_scores_a_hundred(desk: Project, tmp_path: Path) -> None:
    rows = sheet(desk, 500, tmp_path / "r.csv")
    assert len(rows) == 120
    for row in rows[:20]:
        row["verdict"] = "defective"
    measured = back(desk, tmp_path / "back.csv", rows).verdict.measured
    assert (measured.value, measured.low, measured.high) == (100.0, 100.0, 100.0)


def test_the_gate_asks_for_more_rows_where_the_interval_lies_across_the_bar(tmp_path: Path) -> None:
    desk = project(tmp_path / "desk", 400, gate=">= 95")
    rows = sheet(desk, 60, tmp_path / "r.csv")
    assert desk.review_status().outlook is None
    assert desk.review_status().verdict.passed
    for row in rows[:3]:
        row["verdict"] = "defective"
    result = back(desk, tmp_path / "back.csv", rows)
    assert [(f.name, f.reviewed, f.defective) for f in desk.review_status().findings] == [("nothing found", 60, 3)]
    assert result.before.low > 98
    assert (result.outlook.outcome, result.verdict.passed) == ("review more", False)
    assert 0 < result.outlook.more <= 340
    assert f"review about {result.outlook.more} more rows" in result.outlook.words
    with pytest.raises(GateFailed) as stopped:
        desk.train()
    assert f"tunewright review sample --n {result.outlook.more} --to" in stopped.value.fix
    more = desk.review_sample(result.outlook.more, to=tmp_path / "more.csv")
    assert more.population == 340
    assert not {r["example_id"] for r in table(tmp_path / "more.csv")} & {r["example_id"] for r in rows}
    final = back(desk, tmp_path / "more-back.csv", [r | {"verdict": "ok"} for r in table(tmp_path / "more.csv")])
    assert final.outlook.outcome == "pass"
    assert final.verdict.passed


def test_two_reviewers_agree_or_not(desk: Project, tmp_path: Path) -> None:
    rows = sheet(desk, 60, tmp_path / "r.csv")
    for row in rows[:20]:
        row["verdict"] = "defective"
    ann = write(tmp_path / "ann.csv", rows)
    rows[0]["verdict"] = "ok"
    bo = write(tmp_path / "bo.csv", rows)
    result = desk.review_import([ann, bo])
    assert result.agreement.n == 60
    assert 0.9 < result.agreement.value < 1
    assert desk.review_status().reviewers == {"ann": 60, "bo": 60}
    assert result.defective == 20  # of the tie the row is defective


def test_a_reviewer_who_thinks_again_is_heard(desk: Project, tmp_path: Path) -> None:
    rows = sheet(desk, 60, tmp_path / "r.csv")
    rows[0]["verdict"] = "defective"
    assert back(desk, tmp_path / "ann.csv", rows).defective == 1
    rows[0]["verdict"] = "ok"
    assert back(desk, tmp_path / "ann.csv", rows).defective == 0
    assert desk.clean().rows_after == 120


def test_label_studio_and_the_workbook_say_the_same_as_the_csv(desk: Project, tmp_path: Path) -> None:
    desk.review_sample(60, to=tmp_path / "tasks.json")
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    for number, task in enumerate(tasks):
        choices = [("verdict", "defective" if number < 5 else "ok"), ("right_label", task["data"]["present_label"])]
        results = [
            {"from_name": k, "to_name": "text", "type": "choices", "value": {"choices": [v]}} for k, v in choices
        ]
        task["annotations"] = [{"completed_by": 4, "was_cancelled": False, "result": results}]
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    result = desk.review_import([tmp_path / "export.json"])
    assert (result.reviewed, result.defective, result.corrected) == (60, 5, 0)
    assert desk.review_status().reviewers == {"annotator 4": 60}
    desk.review_sample(60, to=tmp_path / "r.xlsx")
    from tunewright.stages.review import spreadsheet

    returned = spreadsheet.read(tmp_path / "r.xlsx")
    assert len(returned) == 60
    assert not {row.example_id for row in returned} & {task["data"]["example_id"] for task in tasks}


def test_a_right_answer_takes_the_place_of_the_wrong_one(tmp_path: Path) -> None:
    desk = project(tmp_path / "desk", 60, task="reply")
    rows = sheet(desk, 60, tmp_path / "r.csv")
    rows[0] |= {"verdict": "defective", "right_answer": "Your new card is on its way."}
    back(desk, tmp_path / "ann.csv", rows)
    frame = desk.corpus(desk.clean().after.version).scan("example_id", "answer", "messages").collect()
    mended = frame.filter(pl.col("example_id") == rows[0]["example_id"]).row(0, named=True)
    assert mended["answer"] == mended["messages"][-1]["content"] == "Your new card is on its way."
    assert frame.height == 60


def test_rows_that_the_file_no_longer_has_are_named(desk: Project, tmp_path: Path) -> None:
    rows = sheet(desk, 60, tmp_path / "r.csv")
    data = (desk.folder / "t.csv").read_text()
    (desk.folder / "t.csv").write_text(data.replace(rows[0]["text"], "quite another text"))
    account = back(Project.open(desk.folder), tmp_path / "back.csv", rows).files[0].account
    assert account.edited == 1
    assert account.answers == 59


def test_nothing_is_asked_about_before_a_sample_is_drawn_nor_written_over(desk: Project, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("example_id,content_digest,verdict\n")
    for call, code in (
        (lambda: desk.review_import([tmp_path / "x.csv"]), "E-REVIEW-003"),
        (lambda: desk.review_next([], print), "E-REVIEW-003"),
        (lambda: desk.review_sample(10, to=tmp_path / "x.csv"), "E-CLI-005"),
        (lambda: desk.review_sample(10, to=tmp_path / "x.docx"), "E-REVIEW-009"),
    ):
        with pytest.raises(UserError) as caught:
            call()
        assert caught.value.code == code
    desk.review_sample(10)
    with pytest.raises(UserError) as caught:
        desk.review_import([tmp_path / "none.csv"])
    assert caught.value.code == "E-DATA-001"
