"""Names, places and addresses, told by a tagger whose phrases and values are ours."""

import random

import numpy as np
import polars as pl
import pytest
from tests.evidence.test_pii_spans import spans

from tunewright.evidence.pii.gazetteer import common_words, gazetteer, hashed
from tunewright.evidence.pii.invented import Inventor
from tunewright.evidence.pii.spans import PiiOptions
from tunewright.evidence.pii.tagger import TAGS, tagged_spans, weights
from tunewright.evidence.pii.train_tagger import TAG_OF, filled, sentences

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
    for slot in "PFLGAODNTEUJQW":
        text, marked = filled(f"ask {{{slot}}} now", inventor)
        assert len(text) > len("ask  now")
        assert [(text[:s], text[e:]) for s, e, _ in marked] == ([("ask ", " now")] if slot in TAG_OF else [])


def test_the_same_seed_makes_the_same_sentences() -> None:
    assert sentences(50, random.Random(7)) == sentences(50, random.Random(7))


def test_the_shipped_weights_are_small_and_whole() -> None:
    kept = weights()
    assert kept.shape[1] == len(TAGS)
    assert np.isfinite(kept).all()
    keys, flags = hashed()
    assert (flags[keys != 0] > 0).all()
    assert {"card", "cards", "ordered", "please"} <= set(common_words())
