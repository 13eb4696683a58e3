"""A message ends where its writer ended it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stages.clean.findings import changes, finding
from tests.worlds import corpus

from tunewright.stages.audit.checks import formats

FOUND = {"row": [0], "column": ["prompt"]}


@pytest.mark.parametrize(
    ("message", "own"),
    [
        (
            "It broke.\n\nOn Mon, 3 Mar 2025, Support wrote:\n> We are sorry.\n> Please wait.\n\n-- \nSent from my phone",
            "It broke.",
        ),
        ("It broke.\n\nAm 03.03.2025 um 14:02 schrieb Hilfe <h@x.de>:\n> Bitte warten.", "It broke."),
        ("It broke.\n\nOn 3 Mar 2025 at 14:02, Support <s@x.org> wrote:\n\nWe are sorry.\nPlease wait.", "It broke."),
        ("It broke.\n\n-----Original Message-----\nFrom: a@b.c\nSubject: x\n\nold words", "It broke."),
        ("It broke.\n\nFrom: Ann\nSent: Monday\nTo: Bo\n\nold words", "It broke."),
        ("It broke.\n\nSent from my iPhone", "It broke."),
        ("It broke.\n-- \nAnn Lee\nHead of Things", "It broke."),
        (
            "It broke.\n\nThis e-mail and any attachments are confidential and intended for you.\nDelete it.",
            "It broke.",
        ),
        ("No.\n> Did it break?\n> Or not?\nYes, now.", "No.\n\nYes, now."),
    ],
)
def test_what_others_wrote_goes(message: str, own: str) -> None:
    made = changes(corpus([message]), finding(FOUND, "strip_quotes", "formats.quoted_reply"))
    assert made["value"].to_list() == [own]
    assert made["reason"].to_list() == ["cut: quoted replies, signatures and notices"]


@pytest.mark.parametrize(
    "message",
    [
        "On Monday your agent wrote:\nplease pay. That is wrong, I paid.",
        "It takes\n> 5 days\nto arrive",
        "Kind regards,\nAnn Lee",
        "Total -- \nis this right? " + "x" * 500,
        "> only\n> quoted",
        "This message is about my intended trip, not a confidential one.",
    ],
)
def test_the_writers_own_words_stay(message: str) -> None:
    world = corpus([message])
    assert changes(world, finding(FOUND, "strip_quotes", "formats.quoted_reply")).is_empty()
    assert [f.name for f in formats.check(world, formats.Options()) if f.fix == "strip_quotes"] == []


def test_either_part_can_be_kept() -> None:
    message = "It broke.\n-- \nAnn Lee\n\n> old\n> words"
    found = finding(FOUND, "strip_quotes", "formats.quoted_reply")
    assert changes(corpus([message]), found, signatures=False)["value"].to_list() == ["It broke.\n-- \nAnn Lee"]
    assert changes(corpus([message]), found, replies=False)["value"].to_list() == ["It broke."]
    assert changes(corpus([message]), found, replies=False, signatures=False).is_empty()


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.sampled_from(["ok", "> a", "-- ", "Sent from my phone", "On 3 Mar 2025, X wrote:", "", "From: a\nSent: b"]),
        max_size=8,
    )
)
def test_cutting_twice_is_cutting_once(lines: list[str]) -> None:
    found = finding(FOUND, "strip_quotes", "formats.quoted_reply")
    made = changes(corpus(["\n".join(lines)]), found)
    for text in made["value"]:
        assert text.strip()
        assert changes(corpus([text]), found).is_empty()
