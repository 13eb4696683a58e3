"""A date is rewritten when its source tells its order, and never otherwise."""

import pytest
from tests.stages.clean.findings import changes, cleaned, finding
from tests.worlds import corpus, of, rows

from tunewright.stages.audit.checks import formats

FOUND = finding({"row": [0], "column": ["prompt"], "source": ["app"]}, "normalize_dates", "formats.dates_mixed")


def rewritten(*texts: str, **columns) -> list[str]:
    world = of(rows(list(texts), source_id=columns.get("source_id", ["app"] * len(texts))))
    frame, _ = cleaned(world, FOUND, fixes={"normalize_dates": {}})
    return frame["prompt"].to_list()


def test_one_number_over_twelve_settles_a_source() -> None:
    assert rewritten("on 3/4/2025 and 13/4/2025", "at 1/2/2025.") == ["on 2025-04-03 and 2025-04-13", "at 2025-02-01."]
    assert rewritten("on 3/4/2025 and 4/13/2025", "at 1/2/2025.") == ["on 2025-03-04 and 2025-04-13", "at 2025-01-02."]


@pytest.mark.parametrize(
    "texts",
    [
        ("on 3/4/2025", "on 5/6/2025"),  # ambiguous
        ("on 13/4/2025", "on 4/13/2025", "on 3/4/2025"),  # both orders
        ("on 13/4/25", "on 3/4/25"),  # which century?
        ("on 31/2/2025", "30/2/2024"),  # no such day
        ("version 1.2.3", "at 10.0.0.1", "12/2025"),
    ],
)
def test_what_cannot_be_told_stays(texts: tuple[str, ...]) -> None:
    assert rewritten(*texts) == list(texts)


def test_another_source_and_another_sign_decide_nothing() -> None:
    assert rewritten("on 3/4/2025", "on 13/4/2025", source_id=["app", "web"]) == ["on 3/4/2025", "on 13/4/2025"]
    assert rewritten("on 3/4/2025", "on 13.4.2025") == ["on 3/4/2025", "on 2025-04-13"]


def test_a_date_inside_another_is_not_mistaken_for_it() -> None:
    assert rewritten("1/2/2020 11/2/2020 21/2/2020 31/2/2020") == ["2020-02-01 2020-02-11 2020-02-21 31/2/2020"]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("4 March 2025", "2025-03-04"),
        ("March 4th, 2025", "2025-03-04"),
        ("the 4th of March 2025", "the 2025-03-04"),
        ("am 4. März 2025", "am 2025-03-04"),
        ("4 Sept. 2025", "2025-09-04"),
        ("le 4 août 2025", "le 2025-08-04"),
        ("el 4 de mayo de 2025", "el 2025-05-04"),
        ("2025/3/4", "2025-03-04"),
        ("31 June 2025", "31 June 2025"),
        ("7/7/2025", "2025-07-07"),
    ],
)
def test_dates_that_tell_themselves_are_rewritten(text: str, iso: str) -> None:
    assert rewritten(text) == [iso]


def test_it_runs_only_when_it_is_asked_for_and_then_the_source_is_of_one_kind() -> None:
    texts = [f"on {day}/4/2025" for day in range(10, 30)] + ["on 4 March 2025"] * 3
    world = of(rows(texts, source_id=["app"] * 23))
    found = [f for f in formats.check(world, formats.Options()) if f.name == "formats.dates_mixed"]
    assert [f.rows for f in found] == [3]
    assert cleaned(world, *found)[1] == ()
    frame, (edit,) = cleaned(world, *found, fixes={"normalize_dates": {}})
    assert edit.rows == 23
    assert frame["prompt"].str.contains(r"^on 2025-0[34]-\d\d$").all()
    assert [f.name for f in formats.check(of(frame), formats.Options())] == []


def test_the_reason_says_who_decided() -> None:
    world = corpus(["on 13/4/2025"], source_id=["app"])
    assert changes(world, FOUND)["reason"].to_list() == [
        "dates written as year-month-day; their order is decided by the whole source"
    ]
