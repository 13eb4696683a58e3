"""What people said of rows becomes findings, as long as the rows say what they said then."""

from dataclasses import replace

import polars as pl
import pytest
from tests.worlds import of, rows

from tunewright.core.context import Context
from tunewright.core.corpus import Corpus
from tunewright.core.finding import NotChecked
from tunewright.stages.audit.checks.reviewed import Options, check

COLUMNS = ("example_id", "content_digest", "verdict", "new_label", "new_answer", "reviewer", "note")


def world(*said: tuple[str | None, ...]) -> Corpus:
    """Four tickets; of each review all of COLUMNS."""
    frame = rows(["a", "b", "c", "d"], ["x"] * 4, content_digest=["d0", "d1", "d2", "d3"])
    reviews = pl.DataFrame(list(said), schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    return Corpus(of(frame).dataset, frame.lazy(), context=Context(reviews=reviews))


def test_each_kind_of_review_is_a_finding_with_the_fix_that_does_it() -> None:
    found = check(
        world(
            ("id0", "d0", "ok", None, None, "ann", None),
            ("id1", "d1", "defective", None, None, "ann, bo", "garbled"),
            ("id2", "d2", "defective", "y", None, "ann", None),
            ("id3", "d3", "defective", None, "so", "bo", ""),
        ),
        Options(),
    )
    told = {
        f.name: (f.frame["row"].to_list(), f.severity, f.fix, f.sentence(f.frame.row(0, named=True))) for f in found
    }
    assert told == {
        "reviewed.defective": ([1], "blocking", "drop", "defective, reviewed by ann, bo: garbled"),
        "reviewed.label": ([2], "blocking", "relabel", "labelled 'x'; ann says 'y'"),
        "reviewed.answer": ([3], "blocking", "relabel", "bo wrote another answer"),
    }


def test_an_edited_row_is_judged_anew() -> None:
    assert check(world(("id1", "before", "defective", None, None, "ann", None)), Options()) == ()


def test_without_reviews_it_says_how_to_get_some() -> None:
    with pytest.raises(NotChecked, match="tunewright review sample"):
        check(of(rows(["a"], ["x"])), Options())


def test_reviews_change_the_digest_of_the_context_and_their_absence_does_not() -> None:
    reviews = world(("id1", "d1", "ok", None, None, "ann", None)).context.reviews
    bare = Context(references=("a",))
    assert replace(bare, reviews=reviews).digest != bare.digest
    assert bare.digest == "sha256:" + __import__("hashlib").sha256(b'[["a"],"",null]').hexdigest()
