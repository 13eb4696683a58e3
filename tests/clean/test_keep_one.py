"""The earliest of several copies stays."""

from tests.worlds import corpus

from tunewright.audit.checks.exact_duplicates import Options as CheckOptions
from tunewright.audit.checks.exact_duplicates import check
from tunewright.clean.fixes.keep_one import Options, fix


def test_each_copy_names_the_line_that_stays() -> None:
    world = corpus(["b", "a", "A!", "a", "b."], ["x", "y", "y", "y", "x"])
    (finding,) = check(world, CheckOptions())
    assert fix(world, finding, Options()).rows() == [
        (2, "drop", "repeats line 3, which stays"),
        (3, "drop", "repeats line 3, which stays"),
        (4, "drop", "repeats line 2, which stays"),
    ]
