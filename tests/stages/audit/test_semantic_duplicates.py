"""Rows that say the same in other words are found and weighed, and what only looks like it is left alone."""

import random

import numpy as np
import polars as pl
import pytest
from tests.stages.clean.findings import cleaned
from tests.workflow.worlds import tiny_encoder
from tests.worlds import corpus, of, rows

from tunewright.core.context import Context, Target
from tunewright.core.corpus import Corpus
from tunewright.core.finding import NotChecked
from tunewright.similarity.neighbors import neighbors
from tunewright.similarity.semantic import calibrated_threshold
from tunewright.similarity.semantic_vectors import vectors_of
from tunewright.stages.audit.checks.semantic_duplicates import Options, check, families
from tunewright.text.invariants import invariants, may_be_the_same

#: Lexical vectors see the same words in another order; the threshold is low so that only the veto decides.
EASY = Options(model="tfidf", threshold=0.65)
ASKED = "my card was charged by Brindle on order AB-12 for 40 euros and it was late"
FILLER = [f"{verb} the {thing} {place}" for verb in ("sell", "paint", "borrow", "mend")
          for thing in ("boat", "piano", "ladder", "window") for place in ("in spring", "at the harbor", "upstairs")]  # fmt: skip


def pair(other: str, first: str = ASKED, labels: tuple[str, str] = ("charge", "charge")) -> list[tuple[int, int]]:
    """Rows called the same, of two texts among fillers."""
    world = corpus([first, other, *FILLER], [*labels, *["filler"] * len(FILLER)])
    return [tuple(sorted(hit)) for f in check(world, EASY) for hit in f.frame.select("row", "other").rows()]


#: The same words from the last to the first: no run of letters is left that a near copy would share.
RETOLD = " ".join(reversed(ASKED.split(" ")))


def test_the_same_told_in_another_order_is_found() -> None:
    assert pair(RETOLD) == [(0, 1)]


@pytest.mark.parametrize(
    ("was", "now"),
    [("40", "45"), ("AB-12", "AB-13"), ("Brindle", "Tessaro"), ("charged", "not charged"), ("charged", "wasn't charged"),
     ("euros", "two euros"), (" Brindle", "")],
)  # fmt: skip
def test_another_number_code_name_count_or_a_denial_is_another_matter(was: str, now: str) -> None:
    assert was in RETOLD
    assert pair(RETOLD.replace(was, now)) == []
    texts = pl.DataFrame({"row": [0, 1], "source": ["web"] * 2, "text": [ASKED, RETOLD.replace(was, now)]})
    told = invariants(texts)
    alike = told["numbers"][0].equals(told["numbers"][1]) and told["negations"].n_unique() == 1
    pairs = pl.DataFrame({"one": [0], "two": [1]})
    assert not (alike and may_be_the_same(pairs, told).height), "the veto itself, whatever the vectors say"


def test_one_day_written_in_two_ways_is_one_day() -> None:
    days = ["due 4 March 2025", "due 2025-03-04", "due 2025-03-05", "due 05.03.2025 and 31.03.2025"]
    told = invariants(pl.DataFrame({"row": range(4), "source": ["web"] * 4, "text": days}))
    assert told["numbers"].to_list() == [["2025-03-04"], ["2025-03-04"], ["2025-03-05"], ["2025-03-05", "2025-03-31"]]


def test_rows_with_other_labels_are_not_called_the_same() -> None:
    assert pair(RETOLD, labels=("charge", "order")) == []


def test_a_template_with_other_content_is_another_matter() -> None:
    first = "please book me a long and quiet weekend away with my old friends at the lake"
    back = " ".join(reversed(first.split(" ")))
    assert pair(back, first) == [(0, 1)]
    assert pair(back.replace("lake", "zoo"), first) == []


@pytest.mark.parametrize("copy", [ASKED, ASKED.upper(), ASKED.replace("late", "lat")])
def test_copies_are_left_to_their_own_checks(copy: str) -> None:
    assert pair(copy) == []


def test_a_finding_names_the_row_that_stands_for_the_family() -> None:
    (finding,) = check(corpus([ASKED, RETOLD, *FILLER], ["a", "a", *["b"] * len(FILLER)]), EASY)
    assert (finding.name, finding.severity, finding.fix) == ("semantic_duplicates.prompt", "warning", "reweight")
    assert finding.frame.select("row", "other", "other_line", "cluster").rows() == [(1, 0, 2, 1)]
    assert finding.frame["similarity"][0] > 0.65
    assert finding.facts["thresholds"] == [0.65]
    assert "line 2" in finding.sentence(finding.frame.row(0, named=True))


def test_nobody_joins_a_family_over_a_third_row() -> None:
    chain = pl.DataFrame({"one": [0, 1, 2], "two": [1, 2, 3], "similarity": [0.9, 0.8, 0.7]})
    assert families(chain).rows() == [(0, 1, 0.9, 1), (2, 1, 0.8, 1)], "row 3 resembles row 2 only"


def test_the_order_of_rows_changes_nothing() -> None:
    texts = [ASKED, RETOLD, *FILLER]
    order = list(range(len(texts)))
    random.Random(2).shuffle(order)
    (one,) = check(corpus(texts, ["a"] * len(texts)), EASY)
    (two,) = check(corpus([texts[i] for i in order], ["a"] * len(texts)), EASY)
    named = {frozenset((texts[order[a]], texts[order[b]])) for a, b in two.frame.select("row", "other").rows()}
    assert named == {frozenset((texts[a], texts[b])) for a, b in one.frame.select("row", "other").rows()}
    assert two.frame["similarity"].to_list() == one.frame["similarity"].to_list()


def test_the_threshold_lets_through_as_few_chance_pairs_as_asked() -> None:
    scores = [0.95] * 30 + [0.9] * 30 + [0.8] * 60
    other = [False] * 30 + [True] * 2 + [False] * 28 + [True] * 40 + [False] * 20
    pairs = pl.DataFrame({"score": scores, "same": [not o for o in other], "labelled": True})
    assert calibrated_threshold(pairs, 0.1) == 0.9, "(2 + 1) / 58 are chance at 0.9, (42 + 1) / 78 at 0.8"
    assert calibrated_threshold(pairs, 0.04) == 0.95, "(0 + 1) / 30 are chance"
    assert calibrated_threshold(pairs, 0.01) is None, "too few pairs to be that sure"


def test_without_labels_the_stated_threshold_holds() -> None:
    world = corpus([ASKED, RETOLD, *FILLER], None)
    assert check(world, Options(model="tfidf", uncalibrated=0.99)) == ()
    (finding,) = check(world, Options(model="tfidf", uncalibrated=0.7))
    assert finding.facts["thresholds"] == [0.7]


def test_cleaning_twice_changes_nothing_the_second_time() -> None:
    world = corpus([ASKED, RETOLD, *FILLER], ["a", "a", *["b"] * len(FILLER)])
    on = {"fixes": {"reweight": {"growth": 0.0}}}
    first, edits = cleaned(world, *check(world, EASY), **on)
    assert len(edits) == 1
    assert first.height == len(world), "nothing is deleted"
    assert first["weight"].to_list() == [0.5, 0.5, *[1.0] * len(FILLER)], "two that say the same count as one"
    again, none = cleaned(of(first), *check(of(first), EASY), **on)
    assert none == ()
    assert again.equals(first)


def test_unasked_cleaning_leaves_the_weights() -> None:
    world = corpus([ASKED, RETOLD, *FILLER], ["a", "a", *["b"] * len(FILLER)])
    assert cleaned(world, *check(world, EASY))[1] == ()


def test_auto_takes_the_encoder_for_few_rows_and_lexical_vectors_for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []

    def spy(model: str, *args: object, **kwargs: object) -> object:
        taken.append(model)
        return vectors_of("tfidf", *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr("tunewright.similarity.semantic.vectors_of", spy)
    for limit in (1000, 3):
        check(corpus([ASKED, RETOLD, *FILLER], ["a"] * (2 + len(FILLER))), Options(encoder_rows=limit))
    assert taken == ["all-MiniLM-L6-v2", "tfidf"]


def test_an_encoder_and_the_model_to_tune_can_read_the_texts(tmp_path) -> None:
    pytest.importorskip("torch")
    folder = str(tiny_encoder(tmp_path))
    plain = corpus([ASKED, RETOLD, *FILLER], ["a", "a", *["b"] * len(FILLER)])
    target = Context(target=Target(method="encoder", base=folder, max_tokens=64))
    aimed = Corpus(plain.dataset, plain.scan(), context=target)
    for world, model in ((plain, folder), (aimed, "base")):
        (finding,) = check(world, Options(model=model, threshold=0.9))
        assert 1 in finding.frame.filter(pl.col("other") == 0)["row"]
    with pytest.raises(NotChecked, match=r"train\.base"):
        check(plain, Options(model="base"))


def test_common_words_weigh_little_in_the_base_model_s_vectors(tmp_path) -> None:
    pytest.importorskip("torch")
    texts = pl.Series([f"the the the {word}" for word in ("card", "transfer", "login", "euros", "app", "late")])
    embed = vectors_of("base", texts, base=str(tiny_encoder(tmp_path)))
    told = embed(texts)
    assert np.allclose(np.linalg.norm(told, axis=1), 1, atol=1e-5)
    assert told[0] @ embed(pl.Series(["card"]))[0] > told[0] @ told[1]


def test_cells_find_what_every_pair_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(0)
    centers = draw.normal(size=(40, 16))
    vectors = (centers[draw.integers(0, 40, 2000)] + 0.05 * draw.normal(size=(2000, 16))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    one, two, cosine = neighbors(vectors, count=2, least=0.5)
    assert (one < two).all()
    assert len(set(zip(one, two, strict=True))) == len(one)
    assert np.allclose(cosine, np.einsum("ij,ij->i", vectors[one], vectors[two]), atol=1e-5)
    monkeypatch.setattr("tunewright.similarity.neighbors.EXACT", 100)
    left, right, _ = neighbors(vectors, count=2, least=0.5)
    exact, found = set(zip(one, two, strict=True)), set(zip(left, right, strict=True))
    assert len(exact & found) >= 0.97 * len(exact)


def test_empty_and_single_rows_have_nobody_to_restate() -> None:
    for world in (corpus([None, "", "n/a"], ["a", "b", "a"]), corpus(["only one"], ["a"]), of(rows([], []))):
        assert check(world, Options(model="tfidf")) == ()
