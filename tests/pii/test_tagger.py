"""Names, places and addresses, told by a tagger whose phrases and values are ours."""

import random
from importlib.resources import files

import numpy as np
import polars as pl
import pytest
from tests.pii.test_spans import spans
from tools.pii_tagger.invented import Inventor
from tools.pii_tagger.train import TAG_OF, filled, sentences

from tunewright.pii.gazetteer import common_words, gazetteer, hashed, known_words
from tunewright.pii.spans import PiiOptions
from tunewright.pii.tagger import TAGS, WIDTH, tagged_spans, weights

NAMES = PiiOptions(types=("person", "place", "street_address"))


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Hello, my name is Zoltán Brezovski and I need help.", "person", "Zoltán Brezovski"),
        ("my name is peter johnson", "person", "peter johnson"),
        ("Thanks,\nMarta Quillfeather", "person", "Marta Quillfeather"),
        ("Please ask Mr. Okonkwo to call me.", "person", "Okonkwo"),
        ("We moved from Dresden to Aalborg last year.", "place", "Dresden"),
        ("I live in Buenos Aires now", "place", "Buenos Aires"),
    ],
)
def test_a_name_is_found_where_it_stands(text: str, kind: str, value: str) -> None:
    assert (kind, value) in spans(text, options=NAMES).select("type", "value").rows()


def test_a_name_said_once_is_known_when_it_is_said_again() -> None:
    text = "My name is Marta Quillfeather. That was all, Quillfeather"
    found = spans(text, options=NAMES)
    assert found.select("type", "value").rows() == [("person", "Marta Quillfeather"), ("person", "Quillfeather")]


@pytest.mark.parametrize(
    "text",
    [
        "Please open Settings and choose Export.",
        "why was my card declined at the shop",
        "The Invoice shows the wrong amount since Monday.",
        "THE SCREEN IS BLACK AGAIN",
        "How do I change my PIN?",
        "",
    ],
)
def test_capitals_alone_make_no_name(text: str) -> None:
    assert spans(text, options=NAMES).is_empty()


def test_new_sentences_of_other_seeds_hardly_leak() -> None:
    texts, marked = sentences(1500, random.Random(991))
    found = tagged_spans(pl.DataFrame({"item": range(len(texts)), "text": texts}), frozenset(TAGS))
    covered = {
        (item, place) for item, start, end in found.select("item", "start", "end").rows() for place in range(start, end)
    }
    wanted = [(i, s, e) for i, own in enumerate(marked) for s, e, tag in own if TAGS[tag] != "organization"]
    missed = [
        texts[i][s:e] for i, s, e in wanted if any(texts[i][p].isalnum() and (i, p) not in covered for p in range(s, e))
    ]
    assert len(wanted) > 1000
    assert len(missed) / len(wanted) <= 0.08, missed[:20]


def test_every_slot_has_values_and_its_span() -> None:
    inventor = Inventor(gazetteer(), random.Random(5))
    for slot in "PFLGAODNTEUJQWK":
        text, marked = filled(f"ask {{{slot}}} now", inventor)
        assert len(text) > len("ask  now")
        assert [(text[:s], text[e:]) for s, e, _ in marked] == ([("ask ", " now")] if slot in TAG_OF else [])


def test_the_same_seed_makes_the_same_sentences() -> None:
    assert sentences(50, random.Random(7)) == sentences(50, random.Random(7))


def test_the_shipped_weights_are_small_and_whole() -> None:
    kept, step = weights()
    assert (kept.dtype, kept.shape[1]) == (np.int8, WIDTH)
    assert 0 < step < 1
    assert not kept[:, len(TAGS) :].any()
    assert files("tunewright.pii").joinpath("tagger.npz").stat().st_size < 1_130_000
    keys, flags = hashed()
    assert (flags[keys != 0] > 0).all()
    assert {"card", "cards", "ordered", "please"} <= set(common_words()) < set(known_words())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("I stay at Kossuth Lajos utca 12. until May", "Kossuth Lajos utca 12"),
        ("Deliver to Avda. Los Olivos, 34 please", "Avda. Los Olivos, 34"),
        ("My address is Brezovska ulica 7, 1000 Ljubljana", "Brezovska ulica 7, 1000 Ljubljana"),
        ("it is at 14 Quillfeather Crescent, Leeds", "14 Quillfeather Crescent, Leeds"),
        ("the shop is on the corner of Quill Street and Marrow Lane", "the corner of Quill Street and Marrow Lane"),
        ("Send it to 12 Marrow Lane, nan, Leeds", "12 Marrow Lane, nan, Leeds"),
    ],
)
def test_an_address_is_covered_as_it_is_written_in_many_countries(text: str, value: str) -> None:
    found = spans(text, options=NAMES)
    covered = {place for start, end in found.select("start", "end").rows() for place in range(start, end)}
    start = text.index(value)
    assert not [sign for at, sign in enumerate(value, start) if sign.isalnum() and at not in covered]


@pytest.mark.parametrize(
    "text",
    [
        "nope, that is all for now",
        "yep sounds good, can you book it for 9 15 in the morning",
        "it is for 4 people on the 28th of february",
        "what is my 401k worth",
        "can i get a new price for the 3 star hotel at 7 pm",
        "Awesome, that's it! Nothing else.",
        "umm how humid will it be",
    ],
)
def test_chat_without_a_name_has_none(text: str) -> None:
    assert spans(text, options=NAMES).is_empty()


def test_a_higher_sensitivity_never_finds_less() -> None:
    texts, _ = sentences(400, random.Random(77))
    places = [
        {(row, at) for row, start, end in found.select("row", "start", "end").rows() for at in range(start, end)}
        for found in (
            spans(*texts, options=NAMES.model_copy(update={"sensitivity": s})) for s in ("low", "balanced", "high")
        )
    ]
    assert len(places[0]) < len(places[1]) < len(places[2])
    assert len(places[0] - places[2]) < 0.01 * len(places[0])  # a word may go over to the span beside it
