"""What foreign rows are about, in their most telling words."""

import random

import polars as pl

from tunewright.text.keywords import topics

COOKING = ("simmer the lentils in broth", "whisk broth with lentils", "lentils and broth in the copper kettle")
SAILING = ("hoist the spinnaker by the buoy", "the buoy and spinnaker at the jetty", "spinnaker down, buoy ahead")
HOME = pl.Series([f"the tenant of flat {n} reports a leak by the stairs" for n in range(80)])


def frame() -> pl.DataFrame:
    texts = [f"{text} {n}" for n, text in enumerate([*COOKING * 10, *SAILING * 10])]
    return pl.DataFrame({"row": range(61), "text": [*texts, "the tenant and the flat"]})


def test_words_that_keep_company_are_one_topic() -> None:
    found = topics(frame(), HOME)
    names = found["topic"].unique().to_list()
    assert found.height == 60, "a row of domestic words only has no topic"
    assert len(names) == 2
    about = dict(found.rows())
    assert {about[row] for row in range(30)} != {about[row] for row in range(30, 60)}
    assert {"broth", "lentils"} <= set(about[0].split(", "))
    assert {"buoy", "spinnaker"} <= set(about[30].split(", "))


def test_everyday_words_and_words_of_the_domain_tell_nothing() -> None:
    assert not {"the", "and", "tenant", "flat"} & {w for t in topics(frame(), HOME)["topic"] for w in t.split(", ")}


def test_the_order_of_rows_changes_nothing() -> None:
    order = list(range(61))
    random.Random(3).shuffle(order)
    straight = frame()
    assert topics(straight[order], HOME).equals(topics(straight, HOME))


def test_texts_without_telling_words_have_no_topics() -> None:
    assert topics(pl.DataFrame({"row": [0, 1], "text": ["the tenant", "12 34"]}), HOME).is_empty()
