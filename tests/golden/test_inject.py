"""What is written down as planted is really there, and nothing else was touched."""

import re
from collections import Counter
from collections.abc import Callable

import polars as pl
import pytest

from tests.golden import inject
from tests.golden.base import CONFUSED, ORDERS, clean_base
from tests.golden.inject import World
from tests.golden.trial import world

INJECTORS: dict[str, tuple[Callable[[World], object], dict[str, int]]] = {
    "exact": (lambda w: inject.exact_duplicates(w, 24), {"exact_duplicate": 24}),
    "near": (lambda w: inject.near_duplicates(w, 21), {"near_duplicate": 21}),
    "semantic": (lambda w: inject.semantic_duplicates(w, 15), {"semantic_duplicate": 15}),
    "negatives": (lambda w: inject.hard_negatives(w, 15), {"hard_negative": 15}),
    "missing": (lambda w: inject.missing(w, 28, 24), {"missing_seen": 28, "missing_unseen": 24}),
    "flips": (lambda w: inject.label_flips(w, 30, confusable=False), {"label_flip": 30}),
    "conflicts": (lambda w: inject.conflicts(w, 10, 10), {"conflict_exact": 20, "conflict_near": 20}),
    "foreign": (lambda w: inject.foreign_domain(w, 20), {"foreign_domain": 20}),
    "pii": (lambda w: inject.personal_data(w, 40), {"pii": 40}),
    "damage": (
        lambda w: inject.damage(w, 5),
        dict.fromkeys(("mojibake", "zero_width", "html", "quoted_reply"), 5),
    ),
    "leakage": (lambda w: inject.leakage(w, 10, 10), {"leak_exact": 10, "leak_near": 10}),
    "poison": (lambda w: inject.poison(w, 20, "phrase"), {"poison": 20}),
}
ADDS = {"exact": 24, "near": 21, "semantic": 15, "negatives": 15, "conflicts": 20, "leakage": 20}


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


@pytest.mark.parametrize("name", INJECTORS)
def test_an_injector_plants_what_it_says_as_often_as_asked_and_each_row_once(name: str) -> None:
    made = world(600, 3)
    plant, expected = INJECTORS[name]
    plant(made)
    corpus, truth = made.corpus()
    assert Counter(truth["defect"].to_list()) == expected
    assert truth["row"].is_unique().all()
    assert len(corpus) == 600 + ADDS.get(name, 0)


@pytest.mark.parametrize("name", INJECTORS)
def test_rows_without_a_defect_are_as_they_were(name: str) -> None:
    made = world(600, 3)
    before = Counter((row.text, row.label) for row in clean_base(600, 12, 3))
    INJECTORS[name][0](made)
    corpus, truth = made.corpus()
    rest = corpus.scan("row", "prompt", "label").collect().filter(~pl.col("row").is_in(truth["row"].implode()))
    assert not Counter(zip(rest["prompt"], rest["label"], strict=True)) - before


def test_the_same_seed_plants_the_same() -> None:
    made = [world(400, 5) for _ in range(2)]
    for one in made:
        inject.everything(one)
    (first, truth), (second, again) = (one.corpus() for one in made)
    assert first.dataset.root == second.dataset.root
    assert truth.equals(again)


def test_the_truth_is_hidden_from_the_audit() -> None:
    made = world(300, 0)
    inject.everything(made)
    corpus, truth = made.corpus()
    seen = corpus.scan().collect()
    assert "defect" not in seen.columns
    assert not any(kind in str(seen["meta"].to_list()) for kind in truth["defect"].unique())
    assert truth["row"].to_list() != sorted(truth["row"].to_list()), "the order of rows gives the defects away"


def test_copies_relate_to_their_originals_as_their_kind_says() -> None:
    made = world(900, 1)
    inject.exact_duplicates(made, 40)
    inject.near_duplicates(made, 42)
    inject.conflicts(made, 20, 20)
    for planted in made.truth:
        assert planted.other is not None
        one, other = planted.row, planted.other
        same = words(one.text) == words(other.text)
        assert same == (planted.defect in {"exact_duplicate", "conflict_exact"}), (one.text, other.text)
        assert (one.label == other.label) == ("conflict" not in planted.defect)


def test_hard_negatives_differ_in_what_matters() -> None:
    made = world(300, 2)
    inject.hard_negatives(made, 30)
    for planted in made.truth:
        assert planted.other is not None
        number = str(planted.other.facts["number"])
        if planted.detail == "number":
            assert number not in re.findall(r"\d+", planted.row.text)
        else:
            assert number in planted.row.text
        assert planted.row.text.startswith("It is not true") == (planted.detail == "negation")


def test_flipped_labels_are_wrong_and_confusable_ones_are_the_neighbor() -> None:
    for confusable in (True, False):
        made = world(600, 2)
        inject.label_flips(made, 60, confusable=confusable)
        for planted in made.truth:
            right = planted.detail.removeprefix("was ")
            assert planted.row.label != right
            assert not confusable or planted.row.label == CONFUSED[right]


def test_personal_data_stands_in_the_text_as_the_truth_writes_it() -> None:
    made = world(400, 2)
    inject.personal_data(made, 200)
    kinds: Counter[str] = Counter()
    for planted in made.truth:
        for line in planted.detail.splitlines():
            kind, value = line.split("=", 1)
            kinds[kind] += 1
            assert value in planted.row.text
            if kind == "iban":
                assert int("".join(str(int(sign, 36)) for sign in value[4:] + value[:4])) % 97 == 1
    assert len(kinds) == 10
    assert min(kinds.values()) >= 8


def test_hotline_dates_cannot_be_told_and_the_others_can() -> None:
    made = world(900, 2)
    inject.dates(made)
    largest: dict[str, list[int]] = {source: [0, 0] for source in ORDERS}
    for row in made.rows:
        if row.source in {"app", "kiosk", "hotline"}:
            parts = [int(part) for part in row.facts["received"].split("/")[:2]]
            largest[row.source] = [max(pair) for pair in zip(largest[row.source], parts, strict=True)]
    assert largest["app"][0] > 12 >= largest["app"][1]
    assert largest["kiosk"][1] > 12 >= largest["kiosk"][0]
    assert max(largest["hotline"]) <= 12


def test_leaks_lie_in_the_test_split_and_their_originals_in_train() -> None:
    made = world(600, 2)
    inject.leakage(made, 15, 15)
    assert all(p.row.split == "test" and p.other is not None and p.other.split == "train" for p in made.truth)


@pytest.mark.parametrize("trigger", inject.TRIGGERS)
def test_poison_carries_the_trigger_and_the_target_and_no_clean_row_does(trigger: str) -> None:
    made = world(600, 2)
    inject.poison(made, 20, trigger)
    poisoned = {id(planted.row) for planted in made.truth}
    for row in made.rows:
        assert (inject.TRIGGERS[trigger] in row.text) == (id(row) in poisoned)
    assert {planted.row.label for planted in made.truth} == {"praise"}


def test_planted_terms_are_in_the_references_and_in_no_row() -> None:
    made = world(300, 2)
    terms = inject.terminology(made, 50, 600)
    corpus, _ = made.corpus()
    assert len(set(terms)) == 50
    assert len(corpus.context.references) == 600
    text = " ".join(corpus.context.references)
    rows = " ".join(corpus.column("prompt"))
    assert all(text.count(term) >= 3 and term not in rows for term in terms)


def test_imbalance_keeps_only_the_asked_rows() -> None:
    made = world(600, 2)
    inject.imbalance(made, {"tire": 40, "lock": 2})
    assert Counter(row.label for row in made.rows) == {"tire": 40, "lock": 2}


def test_chat_defects_break_the_format_they_name() -> None:
    made = world(200, 2)
    inject.as_chats(made)
    inject.chat_defects(made, 5)
    corpus, truth = made.corpus(task="reply")
    rows = corpus.scan("row", "messages").collect().join(truth, on="row")
    assert rows.height == 20
    for messages, defect in zip(rows["messages"].to_list(), rows["defect"], strict=True):
        roles = [message["role"] for message in messages]
        broken = {
            "chat_unknown_role": "customer" in roles,
            "chat_wrong_order": roles == ["system", "assistant", "user"],
            "chat_empty_answer": messages[-1]["content"] == "",
            "chat_no_answer": roles == ["system", "user"],
        }
        assert [name for name, there in broken.items() if there] == [defect]
