"""The audit's door: one score, every check accounted for."""

import polars as pl
import pytest
from tests.worlds import corpus

from tunewright.audit import room
from tunewright.audit.room import audit
from tunewright.audit.score import quality_score
from tunewright.audit.settings import AuditSettings
from tunewright.core.audit_report import AuditReport
from tunewright.core.errors import UserError

BASIC = {"exact_duplicates": {}, "missing": {}, "conflicts": {}}


def test_a_row_with_many_defects_counts_once(tmp_path) -> None:
    # Row 1 repeats row 0 and both are placeholders; row 3 is empty.
    report = audit(corpus(["n/a", "N/A", "a real question", None], ["a", "a", "b", "b"]), AuditSettings(checks=BASIC))
    assert report.defective_rows().to_list() == [0, 1, 3]
    assert report.quality.value == 25.0
    report.write(tmp_path)
    again = AuditReport.read(tmp_path)
    assert again == report
    assert again.digest == report.digest
    assert again.defective_rows().to_list() == [0, 1, 3]


def test_the_interval_is_wilsons() -> None:
    score = quality_score(15, 100)
    # Wilson's interval for 85 of 100, as statsmodels gives it.
    assert (round(score.low or 0, 3), round(score.high or 0, 3)) == (76.716, 90.694)
    assert quality_score(0, 10).high == 100
    assert quality_score(10, 10).low == 0


def test_a_check_that_cannot_run_is_listed_with_the_reason() -> None:
    report = audit(corpus(["a b", "c d"], [None, None]), AuditSettings(checks={"conflicts": {}, "missing": {}}))
    assert {run.check: run.skipped for run in report.checks} == {
        "conflicts": "the rows have no labels",
        "missing": None,
    }


def test_a_check_that_crashes_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    module = room.CHECKS.load("missing")

    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "check", breaks)
    with pytest.raises(ZeroDivisionError):
        audit(corpus(["a"], ["b"]), AuditSettings(checks={"missing": {}}))


def test_false_leaves_a_check_out_and_a_typo_is_told() -> None:
    chosen = room.chosen(AuditSettings(checks={"missing": False}))
    assert "missing" not in chosen
    assert "exact_duplicates" in chosen
    with pytest.raises(UserError, match="no check named 'mising'"):
        audit(corpus(["a"], ["b"]), AuditSettings(checks={"mising": {}}))


def test_a_missing_package_skips_a_default_check_but_not_a_named_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room.CHECKS.load("missing"), "NEEDS", ("no_such_package",), raising=False)
    report = audit(
        corpus(["a b", "c"], ["x", "y"]),
        AuditSettings(checks={name: False for name in room.CHECKS.names() if name != "missing"}),
    )
    assert "no_such_package" in (report.checks[0].skipped or "")
    with pytest.raises(UserError, match="no_such_package"):
        audit(corpus(["a b", "c"], ["x", "y"]), AuditSettings(checks={"missing": {}}))


def test_two_audits_of_the_same_rows_have_one_digest() -> None:
    world = corpus(["n/a", "yes please", "yes please!"], ["a", "b", "b"])
    assert audit(world, AuditSettings(checks=BASIC)).digest == audit(world, AuditSettings(checks=BASIC)).digest
    assert isinstance(audit(world, AuditSettings(checks=BASIC)).findings[0].frame, pl.DataFrame)
