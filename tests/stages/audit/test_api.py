"""The audit's door: one score, every check accounted for."""

import polars as pl
import pytest
from tests.worlds import corpus

from tunewright.core.audit_report import AuditReport
from tunewright.core.corpus import Corpus
from tunewright.core.errors import UserError
from tunewright.core.interrupts import PartialResult
from tunewright.core.progress import Silent
from tunewright.stages.audit import api
from tunewright.stages.audit.api import INTERRUPTED, audit
from tunewright.stages.audit.score import quality_score
from tunewright.stages.audit.settings import AuditSettings

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
        "conflicts": "the rows have no labels and no answers",
        "missing": None,
    }


def test_a_check_that_crashes_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    module = api.CHECKS.load("missing")

    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "check", breaks)
    with pytest.raises(ZeroDivisionError):
        audit(corpus(["a"], ["b"]), AuditSettings(checks={"missing": {}}))


def test_false_leaves_a_check_out_and_a_typo_is_told() -> None:
    chosen = api.chosen(AuditSettings(checks={"missing": False}))
    assert "missing" not in chosen
    assert "exact_duplicates" in chosen
    with pytest.raises(UserError, match="no check named 'mising'"):
        audit(corpus(["a"], ["b"]), AuditSettings(checks={"mising": {}}))


def test_a_missing_package_skips_a_default_check_but_not_a_named_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.CHECKS.load("missing"), "NEEDS", ("no_such_package",), raising=False)
    report = audit(
        corpus(["a b", "c"], ["x", "y"]),
        AuditSettings(checks={name: False for name in api.CHECKS.names() if name != "missing"}),
    )
    assert "no_such_package" in (report.checks[0].skipped or "")
    with pytest.raises(UserError, match="no_such_package"):
        audit(corpus(["a b", "c"], ["x", "y"]), AuditSettings(checks={"missing": {}}))


def test_two_audits_of_the_same_rows_have_one_digest() -> None:
    world = corpus(["n/a", "yes please", "yes please!"], ["a", "b", "b"])
    assert audit(world, AuditSettings(checks=BASIC)).digest == audit(world, AuditSettings(checks=BASIC)).digest
    assert isinstance(audit(world, AuditSettings(checks=BASIC)).findings[0].frame, pl.DataFrame)


def test_ctrl_c_leaves_a_report_of_the_checks_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tunewright.stages.audit.checks.missing.check", pressed)
    settings = AuditSettings(checks={"exact_duplicates": {}, "missing": {}, "near_duplicates": {}})
    with pytest.raises(PartialResult) as stopped:
        audit(corpus(["one question here", "one question here"], ["a", "a"]), settings)
    assert [finding.name for finding in stopped.value.result.findings] == ["exact_duplicates.both"]
    assert [(run.check, run.skipped) for run in stopped.value.result.checks] == [
        ("exact_duplicates", None),
        ("missing", INTERRUPTED),
        ("near_duplicates", INTERRUPTED),
    ]


def test_a_large_set_is_looked_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    class Listener(Silent):
        def __init__(self) -> None:
            self.said: list[str] = []

        def say(self, line: str) -> None:
            self.said.append(line)

    monkeypatch.setattr("tunewright.stages.audit.api.LOOK_ABOVE", 100)
    monkeypatch.setattr("tunewright.stages.audit.api.LOOK_AT", 50)
    listener = Listener()
    rows = corpus([f"my card number {n} is lost" if n % 2 else "n/a" for n in range(200)], ["a"] * 200)
    told = Corpus(rows.dataset, rows.scan(), progress=listener)
    audit(told, AuditSettings(checks={"missing": {}, "exact_duplicates": {}}))
    assert len(listener.said) == 1
    share = float(listener.said[0].split("missing.prompt_placeholder in ")[1].split("%")[0])
    assert listener.said[0].startswith("First look, at 50 of 200 rows: ")
    assert 30 < share < 70


def test_the_structural_tier_runs_no_model_and_looks_for_no_names() -> None:
    texts = [f"my name is Clara Hoffmann and my card {n} is lost" for n in range(30)]
    report = audit(corpus(texts, ["a", "b"] * 15), AuditSettings(tier="structural"))
    assert {run.check for run in report.checks} == set(api.STRUCTURAL)
    assert "pii.person" not in {finding.name for finding in report.findings}
    without = AuditSettings(tier="structural", checks={"pii": False})
    assert set(api.chosen(without)) == set(api.STRUCTURAL) - {"pii"}
    assert set(api.chosen(AuditSettings(tier="structural", checks={"label_noise": None}))) == {"label_noise"}
