"""Damaged texts become what was written, and nothing else changes."""

import ftfy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stages.clean.findings import changes, cleaned, finding
from tests.worlds import corpus, of, rows, turns

from tunewright.stages.audit.checks import formats
from tunewright.stages.clean.fixes.normalize import STEPS
from tunewright.text.encoding_damage import mended_mojibake


@pytest.mark.parametrize(
    ("kind", "damaged", "written"),
    [
        ("mojibake", "Itâ€™s a cafÃ©", "It’s a café"),
        ("mojibake", "РџСЂРёРІРµС‚", "Привет"),
        ("mojibake", "lâ€™Ã©tÃ© Ã\u00a0 la mer", "l’été à la mer"),
        ("invisible", "pass\u200bword\ufeff re\u00adset", "password reset"),
        ("invisible", "hi\x00 there\x1b", "hi there"),
        ("invisible", "a\u200b\u200d\u200bb", "ab"),
        ("invisible", "do\U000e0068\U000e0069 it", "do it"),
        ("direction", "pay \u202e001\u202c now", "pay 001 now"),
        ("composition", "cafe\u0301", "café"),
        (
            "markup",
            '<div class="m"><p>Hello<br>you</p>&nbsp;<b>now</b> &amp; &eacute;&#8364;</div>',
            "Hello\nyou\nnow & é€",
        ),
        ("markup", "<style>p {x}</style><ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("markup", "AT&amp;amp;T", "AT&T"),
        ("markup", "a&#8203;b<br>", "ab"),
        ("space", "  two  words \r\n  indented\u00a0line  \n", "two words\n  indented line"),
    ],
)
def test_a_text_is_what_was_written(kind: str, damaged: str, written: str) -> None:
    options = {"steps": tuple(STEPS)}
    made = changes(corpus([damaged]), finding({"row": [0]}, "normalize", f"formats.{kind}"), **options)
    assert made["value"].to_list() == [written]
    again = changes(corpus([written]), finding({"row": [0]}, "normalize", f"formats.{kind}"), **options)
    assert again.is_empty(), "mending twice is mending once"


@pytest.mark.parametrize(
    "text",
    [
        "می‌خواهم",  # Persian is spelled with zero-width non-joiners
        "👨‍👩‍👧 family, 🏴󠁧󠁢󠁥󠁮󠁧󠁿 flag",
        "שלום\u200f (abc)",
        "if a < b and c > d then AT&T",
        "use `<b>bold</b>` for it",
        "L’été à l’école « ça va » – 5 €",
        "Ça coûte 20 £ à Ålesund, naïve Zoë",
        "ไทย\u200bภาษา",
    ],
)
def test_what_is_spelled_so_stays(text: str) -> None:
    world = corpus([text])
    for kind in STEPS:
        assert changes(world, finding({"row": [0]}, "normalize", f"formats.{kind}")).is_empty(), kind
    assert not [f.name for f in formats.check(world, formats.Options()) if f.rows]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "cafÃ©",
                "café",
                "Ã ",
                "Ã\u00a0",
                "la",
                "Itâ€™s",
                "Â»",
                "É»",
                "РџСЂ",
                "Привет",
                "ok",
                "\n",
                " ",
                "\ue000",
                "\ue001",
            ]
        ),
        max_size=9,
    )
)
def test_word_by_word_is_as_good_as_the_whole_text_and_the_texts_given_stay(pieces: list[str]) -> None:
    text = "".join(pieces)
    given_texts = pl.Series([text, "plain", None, text])
    before = given_texts.to_list()
    assert mended_mojibake(given_texts).to_list() == [ftfy.fix_encoding(text), "plain", None, ftfy.fix_encoding(text)]
    assert given_texts.to_list() == before


def test_a_text_that_would_become_empty_stays() -> None:
    assert changes(corpus(["<p>&nbsp;</p>"]), finding({"row": [0]}, "normalize", "formats.markup")).is_empty()


def test_white_space_is_left_alone_unless_it_is_named() -> None:
    found = finding({"row": [0]}, "normalize", "formats.space")
    assert changes(corpus(["a  b"]), found).is_empty()
    assert changes(corpus(["a  b"]), found, steps=("space",))["value"].to_list() == ["a b"]


def test_a_finding_of_one_kind_leaves_the_markup_to_its_own() -> None:
    made = changes(corpus(["<b>x</b>\u200by"]), finding({"row": [0]}, "normalize", "formats.invisible"))
    assert made["value"].to_list() == ["<b>x</b>y"]


def test_the_turn_that_holds_the_text_follows_and_other_turns_are_mended_by_name() -> None:
    said = [
        {"role": "system", "content": "Be kind\u200b.", "weight": None},
        {"role": "user", "content": "caf\u00c3\u00a9", "weight": None},
        {"role": "assistant", "content": "caf\u00c3\u00a9", "weight": 1.0},
    ]
    world = of(rows(["caf\u00c3\u00a9"], answers=["caf\u00c3\u00a9"], messages=[said]))
    found = formats.check(world, formats.Options())
    frame, edits = cleaned(world, *found)
    assert frame.select("prompt", "answer").row(0) == ("café", "café")
    assert [turn["content"] for turn in frame["messages"][0]] == ["Be kind.", "café", "café"]
    assert frame["messages"][0][2]["weight"] == 1.0
    assert {(e.finding, c) for e in edits for c in e.frame["column"]} == {
        ("formats.mojibake", "prompt"),
        ("formats.mojibake", "answer"),
        ("formats.invisible", "messages[0]"),
    }
    assert edits[0].frame["reason"][0] == "mended: characters that nobody sees"


def test_an_entity_stays_on_its_words() -> None:
    text = "My\u200b card from cafÃ© Blau is lost"
    start = text.index("cafÃ©")
    entity = {"label": "place", "start": start, "end": start + len("cafÃ© Blau"), "text": "cafÃ© Blau"}
    world = of(rows([text], entities=[[entity]]))
    frame, _ = cleaned(world, *formats.check(world, formats.Options()))
    (moved,) = frame["entities"][0]
    assert frame["prompt"][0] == "My card from café Blau is lost"
    assert moved == {"label": "place", "start": 13, "end": 22, "text": "café Blau"}


PIECES = ["caf\u00c3\u00a9", "Itâ€™s", "e\u0301", "\u200b", "\u00ad", "\u202e", "<p>", "</p>", "<br>", "&amp;", "&#8203;", "&lt;",
          "b", " ", "\n", "> x", "\n> y\n> z", "\n-- \nme", "é", "€", "ü ", "12/31/2025", "&nbsp;", "\ufffd", "Â "]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join), min_size=1, max_size=4))
def test_rounds_of_audit_and_cleaning_come_to_rest(texts: list[str]) -> None:
    world = corpus(texts, answers=["fine"] * len(texts))
    for _ in range(4):
        report_findings = formats.check(world, formats.Options())
        frame, edits = cleaned(world, *report_findings)
        if not edits:
            break
        world = of(frame)
    assert not edits
    assert frame["messages"].to_list() == [turns(p, a) for p, a in frame.select("prompt", "answer").rows()]


def test_cleaning_what_nothing_is_wrong_with_is_the_same_frame() -> None:
    world = corpus(["fine", "also fine"], ["x", "y"])
    frame, edits = cleaned(world)
    assert edits == ()
    assert frame.equals(world.scan().collect())
