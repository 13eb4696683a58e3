"""Rows that hold nothing go, and say what was seen."""

from tests.worlds import corpus

from tunewright.stages.audit.checks.missing import Options as CheckOptions
from tunewright.stages.audit.checks.missing import check
from tunewright.stages.clean.fixes.drop import Options, fix


def test_the_reason_names_the_finding_and_what_was_there() -> None:
    world = corpus(["TBD", "a real question"], ["x", "y"])
    (finding,) = check(world, CheckOptions())
    assert fix(world, finding, Options()).rows() == [(0, "drop", "missing.prompt_placeholder: TBD")]
