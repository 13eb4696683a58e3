"""Personal data goes, its kind stays, and offsets hold whatever else is found in the same text."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stages.clean.findings import changes, cleaned, finding
from tests.stages.clean.test_surrogate import spans
from tests.worlds import corpus, of, rows

from tunewright.core.errors import UserError
from tunewright.pii.types import pii_types
from tunewright.stages.audit.checks import missing
from tunewright.stages.clean.spans import label_of


def test_each_span_becomes_its_kind_and_the_rest_stays() -> None:
    text = "Größe? I’m ann@firm.com or 0161 496 0321 – bye"
    found = finding(spans(text, ("ann@firm.com", "email"), ("0161 496 0321", "phone")), "redact", "pii.email")
    frame, (edit,) = cleaned(corpus([text]), found, fixes={"redact": {}})
    assert frame["prompt"][0] == "Größe? I’m [EMAIL] or [PHONE] – bye"
    assert frame["messages"][0][0]["content"] == frame["prompt"][0]
    assert edit.frame["reason"].to_list() == ["email replaced", "phone replaced"]
    assert edit.frame["before_digest"].n_unique() == 1
    assert edit.frame["after_digest"][0] == frame["content_digest"][0]


def test_spans_of_several_findings_are_replaced_together_before_any_text_is_mended() -> None:
    text = "caf\u00c3\u00a9 ann@firm.com \u200b 219-09-9999"
    frame, edits = cleaned(
        corpus([text]),
        finding(spans(text, ("ann@firm.com", "email")), "redact", "pii.email"),
        finding(spans(text, ("219-09-9999", "us_ssn")), "redact", "pii.us_ssn"),
        finding({"row": [0]}, "normalize", "formats.mojibake"),
    )
    assert frame["prompt"][0] == "café [EMAIL]  [US_SSN]"
    assert [edit.finding for edit in edits] == ["pii.email", "pii.us_ssn", "formats.mojibake"]


def test_of_overlapping_spans_nothing_is_left_over() -> None:
    text = "mail Ann.Lee@firm.com now"
    frame, _ = cleaned(
        corpus([text]),
        finding(spans(text, ("Ann.Lee", "person"), ("Lee@firm.com", "email")), "redact", "pii.email"),
        fixes={"redact": {}},
    )
    assert frame["prompt"][0] == "mail [EMAIL] now"


@settings(max_examples=40, deadline=None)
@given(
    st.text(alphabet="abcé \u200b🙂x", min_size=12, max_size=30),
    st.lists(st.tuples(st.integers(0, 11), st.integers(1, 8)), min_size=1, max_size=6),
)
def test_what_lies_outside_every_span_is_what_is_left(text: str, places: list[tuple[int, int]]) -> None:
    ends = [(start, min(len(text), start + length)) for start, length in places]
    table = {
        "row": [0] * len(ends),
        "column": ["prompt"] * len(ends),
        "start": [start for start, _ in ends],
        "end": [end for _, end in ends],
        "type": ["email"] * len(ends),
    }
    frame, _ = cleaned(corpus([text]), finding(table, "redact", "pii.email"), fixes={"redact": {}})
    covered = {at for start, end in ends for at in range(start, end)}
    assert frame["prompt"][0].replace("[EMAIL]", "") == "".join(s for at, s in enumerate(text) if at not in covered)


def test_a_kind_in_brackets_is_not_taken_for_an_unfilled_slot() -> None:
    texts = [f"please call [{label_of(kind)}] today" for kind in pii_types()]
    assert missing.check(corpus(texts, ["a"] * len(texts)), missing.Options()) == ()


def test_an_earlier_turn_is_redacted_by_its_own_name() -> None:
    said = [
        {"role": "user", "content": "I am ann@firm.com", "weight": None},
        {"role": "assistant", "content": "hello", "weight": None},
        {"role": "user", "content": "help", "weight": None},
        {"role": "assistant", "content": "sure", "weight": None},
    ]
    world = of(rows(["help"], answers=["sure"], messages=[said]))
    found = spans("I am ann@firm.com", ("ann@firm.com", "email"), column="messages[0]")
    frame, _ = cleaned(world, finding(found, "redact", "pii.email"), fixes={"redact": {}})
    assert [turn["content"] for turn in frame["messages"][0]] == ["I am [EMAIL]", "hello", "help", "sure"]


def test_what_only_warns_is_redacted_when_it_is_asked_for() -> None:
    text = "ann@firm.com"
    found = finding(spans(text, (text, "email")), "redact", "pii.email").model_copy(update={"severity": "warning"})
    world = corpus([text])
    assert cleaned(world, found)[1] == ()
    assert cleaned(world, found, fixes={"redact": {}})[0]["prompt"][0] == "[EMAIL]"
    assert cleaned(world, found, use={"pii": "drop"})[0].is_empty()


def test_a_finding_without_places_cannot_be_redacted() -> None:
    with pytest.raises(UserError) as stopped:
        changes(corpus(["a"]), finding({"row": [0]}, "redact", "poison.token"))
    assert stopped.value.code == "E-CLEAN-003"
    assert "column, end, start, type" in stopped.value.what


def test_rows_that_are_dropped_are_not_redacted_too() -> None:
    text = "ann@firm.com"
    world = corpus([text, "other"])
    frame, edits = cleaned(
        world,
        finding({"row": [0]}, "drop", "missing.prompt_empty"),
        finding(spans(text, (text, "email")), "redact", "pii.email"),
    )
    assert frame["prompt"].to_list() == ["other"]
    assert [edit.fix for edit in edits] == ["drop"]
    assert isinstance(edits[0].frame, pl.DataFrame)


def test_spans_that_only_touch_are_two() -> None:
    text = "ann@firm.com0161 496 0321"
    found = finding(spans(text, ("ann@firm.com", "email"), ("0161 496 0321", "phone")), "redact", "pii.email")
    assert cleaned(corpus([text]), found)[0]["prompt"][0] == "[EMAIL][PHONE]"
