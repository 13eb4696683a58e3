"""Every change has its reason; nothing that a person must judge is touched."""

import polars as pl
import pytest
from tests.worlds import corpus, of

from tunewright.core.errors import GateFailed, UserError
from tunewright.stages.audit.api import audit
from tunewright.stages.audit.settings import AuditSettings
from tunewright.stages.clean.api import clean
from tunewright.stages.clean.settings import CleanSettings
from tunewright.text.content_digest import with_content_digest

CHECKS = AuditSettings(checks={"exact_duplicates": {}, "missing": {}, "conflicts": {}})
TEXTS = ["where is my card", "Where is my card?", "n/a", "log me in", "log me in!", None, "bye now"]
LABELS = ["card", "card", "card", "login", "other", "login", "login"]

ALL = CleanSettings(max_removed=1.0)


def cleaned(texts=TEXTS, labels=LABELS, settings=ALL, **columns):
    world = of(with_content_digest(corpus(texts, labels, **columns).scan().collect()))
    frame, edits = clean(world, audit(world, CHECKS), settings, who="dana")
    return world, frame, edits


def test_a_dropped_row_keeps_its_reason_its_line_and_who() -> None:
    _, frame, edits = cleaned()
    told = {(edit.fix, edit.finding, edit.who): edit.frame.select("line", "action", "reason").rows() for edit in edits}
    assert told == {
        ("keep_one", "exact_duplicates.both", "dana"): [(3, "drop", "repeats line 2, which stays")],
        ("drop", "missing.prompt_placeholder", "dana"): [(4, "drop", "missing.prompt_placeholder: n/a")],
        ("drop", "missing.prompt_empty", "dana"): [(7, "drop", "missing.prompt_empty: ")],
    }
    assert frame["row"].to_list() == [0, 1, 2, 3]
    assert frame["example_id"].to_list() == ["id0", "id3", "id4", "id6"]


def test_copies_that_contradict_each_other_are_left_to_a_person() -> None:
    _, frame, _ = cleaned()
    assert {"log me in", "log me in!"} <= set(frame["prompt"])


def test_the_digest_before_is_kept_and_a_dropped_row_has_none_after() -> None:
    world, _, edits = cleaned()
    before = dict(zip(world.column("row"), world.column("content_digest"), strict=True))
    for edit in edits:
        for row, old, new in edit.frame.select("row", "before_digest", "after_digest").rows():
            assert old == before[row]
            assert new is None


def test_cleaning_a_clean_set_changes_nothing() -> None:
    _, frame, _ = cleaned()
    again, edits = clean(of(frame), audit(of(frame), CHECKS), CleanSettings(), who="dana")
    assert edits == ()
    assert again.equals(frame)


def test_a_fix_can_be_left_out_by_itself_or_by_finding() -> None:
    assert {e.fix for e in cleaned(settings=CleanSettings(fixes={"drop": False}, max_removed=1))[2]} == {"keep_one"}
    left = CleanSettings(leave=("missing.prompt_empty",), max_removed=1)
    assert {e.finding for e in cleaned(settings=left)[2]} == {"exact_duplicates.both", "missing.prompt_placeholder"}


@pytest.mark.parametrize("column", ["label", "source_id"])
def test_removing_too_much_of_a_class_or_source_stops_and_asks(column: str) -> None:
    texts = [f"a question about number {i}" for i in range(40)] + ["n/a"] * 8
    labels = ["x" if i % 2 else "y" for i in range(40)] + ["x"] * 8
    extra = {}
    if column == "source_id":
        extra = {"source_id": ["chat"] * 38 + ["mail"] * 10}
        labels = ["x" if i % 2 else "y" for i in range(48)]
    with pytest.raises(GateFailed) as stopped:
        cleaned(texts, labels, CleanSettings(max_removed=0.25), **extra)
    assert stopped.value.code == "E-CLEAN-001"
    assert "8 of the" in stopped.value.what
    assert ("'x'" if column == "label" else "'mail'") in stopped.value.what


def test_the_refusal_says_which_findings_and_fixes_it_is_about() -> None:
    texts = [f"a question about number {i}" for i in range(10)] + ["n/a"] * 4 + ["a question about number 1"] * 3
    with pytest.raises(GateFailed) as stopped:
        cleaned(texts, ["x"] * 17, CleanSettings())
    assert stopped.value.what.endswith(
        "4 for missing.prompt_placeholder (drop), 3 for exact_duplicates.both (keep_one)."
    )
    assert "7 of the 17 rows of class 'x' (41%)" in stopped.value.what
    assert "max_removed" in stopped.value.fix


def test_another_fix_can_be_chosen_for_a_finding() -> None:
    _, frame, edits = cleaned(settings=CleanSettings(use={"exact_duplicates": "merge"}, max_removed=1.0))
    assert {e.fix for e in edits} == {"merge", "drop"}
    assert frame.filter(pl.col("example_id") == "id0")["weight"].to_list() == [2.0]
    with pytest.raises(UserError, match="no fix named 'mrge'") as stopped:
        cleaned(settings=CleanSettings(use={"missing": "mrge"}))
    assert "merge" in stopped.value.fix


def test_findings_about_other_rows_are_refused() -> None:
    world, frame, _ = cleaned()
    with pytest.raises(AssertionError):
        clean(of(frame), audit(world, CHECKS), ALL, who="dana")


def test_the_order_of_findings_changes_nothing() -> None:
    world, frame, edits = cleaned()
    report = audit(world, CHECKS)
    turned = report.model_copy(update={"findings": report.findings[::-1]})
    again, same = clean(world, turned, ALL, who="dana")
    assert again.equals(frame)
    assert same == edits


def test_a_class_called_tbd_is_no_class_and_may_go_whole() -> None:
    texts = [f"a question about number {i} of mine" for i in range(1500)]
    labels = ["TBD" if i % 125 == 0 else "xy"[i % 2] for i in range(1500)]
    world = of(with_content_digest(corpus(texts, labels).scan().collect()))
    frame, edits = clean(world, audit(world, AuditSettings(checks={"missing": {}})), CleanSettings(), who="dana")
    assert [(edit.finding, edit.rows) for edit in edits] == [("missing.label_placeholder", 12)]
    assert "TBD" not in frame["label"].to_list()
