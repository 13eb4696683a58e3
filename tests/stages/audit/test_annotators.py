"""Several people's labels: how far they agree, where they do not, and who is often wrong."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.worlds import corpus, found, of

from tunewright.core.corpus import Corpus
from tunewright.core.finding import NotChecked
from tunewright.stages.audit.checks.annotators import Options, check, ratings_of
from tunewright.stages.intake.api import read
from tunewright.stages.intake.settings import DataSettings


def judged(labels: Sequence[str | None], said: Sequence[Mapping[str | None, str]]) -> Corpus:
    """A corpus whose rows were labelled by several people: what each of them said, choices divided by a bar."""
    meta = [
        json.dumps(
            {
                "annotators": [
                    {"by": who, "choices": told.split("|"), "spans": [], "answer": None} for who, told in row.items()
                ]
            }
        )
        for row in said
    ]
    return corpus([f"text {at}" for at in range(len(labels))], labels, meta=meta)


def test_rows_without_a_majority_and_rows_labelled_against_it_are_named() -> None:
    rows = judged(
        ["card", "card", "post", "app"],
        [
            {"ann": "card", "ben": "card", "cat": "post"},  # most agree with the label
            {"ann": "card", "ben": "post"},  # a tie
            {"ann": "card", "ben": "card", "cat": "card"},  # all against the label
            {"ann": "app", "ben": "card", "cat": "post", "dan": "app"},  # half is no majority
        ],
    )
    findings = check(rows, Options())
    finding = next(f for f in findings if f.kind == "disagreement")
    assert finding.severity == "warning"
    assert finding.frame.rows() == [
        (1, 0.5, "card", "card (1), post (1)"),
        (2, 1.0, "post", "card (3)"),
        (3, 0.5, "app", "app (2), card (1), post (1)"),
    ]


def test_the_agreement_says_what_it_is_good_for() -> None:
    sure = judged(["a", "b"] * 200, [{"ann": "a", "ben": "a"}, {"ann": "b", "ben": "b"}] * 200)
    (finding,) = check(sure, Options())
    assert (finding.name, finding.severity, finding.rows) == ("annotators.agreement", "info", 0)
    assert "alpha of 1.00 (1.00 to 1.00; 1 is perfect, 0 is chance) on 400 texts: labels that can be relied on" in (
        finding.sentence()
    )
    chance = judged(["a", "b"] * 50, [{"ann": "a", "ben": "b"}, {"ann": "b", "ben": "b"}] * 50)
    finding = next(f for f in check(chance, Options()) if f.kind == "agreement")
    assert finding.severity == "warning"
    assert finding.facts["alpha"] < 0.1
    assert "should not be judged by" in finding.sentence()


def test_an_annotator_far_below_the_others_is_named() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 4, 200)
    said = {
        who: np.where(rng.random(200) < right, truth, rng.integers(0, 4, 200))
        for who, right in {"ann": 0.95, "ben": 0.95, "cat": 0.9, "dan": 0.2}.items()
    }
    rows = judged(
        [str(sign) for sign in truth], [{who: str(told[at]) for who, told in said.items()} for at in range(200)]
    )
    finding = next(f for f in check(rows, Options()) if f.kind == "annotator")
    assert [row[0] for row in finding.facts["annotators"]] == ["dan"]
    assert finding.sentence().startswith("'dan' (")
    few = judged(["0"] * 10, [{who: str(told[at]) for who, told in said.items()} for at in range(10)])
    assert not [f for f in check(few, Options()) if f.kind == "annotator"], "ten texts say nothing about a person"


def test_of_two_who_differ_nothing_says_who_errs() -> None:
    rows = judged(["a", "b"] * 50, [{"ann": "a", "ben": "b"}, {"ann": "b", "ben": "b"}] * 50)
    assert not [f for f in check(rows, Options()) if f.kind == "annotator"]


def test_several_choices_of_one_person_are_one_value_and_overrule_nothing() -> None:
    rows = judged(["a", "a"], [{"ann": "a|b", "ben": "b|a"}, {"ann": "a", "ben": "a"}])
    assert ratings_of(rows)["value"].to_list() == ["a + b", "a + b", "a", "a"]
    assert found(check(rows, Options()), "annotators.disagreement") == []


def test_people_without_a_name_count_and_are_not_judged() -> None:
    said = '{"by": null, "choices": ["%s"], "spans": [], "answer": null}'
    meta = ['{"annotators": [' + ", ".join(said % sign for sign in signs) + "]}" for signs in ("aab", "bbb") * 30]
    rows = corpus(["x"] * 60, ["a", "b"] * 30, meta=meta)
    assert ratings_of(rows)["rater"].unique().sort().to_list() == ["no name 1", "no name 2", "no name 3"]
    assert {f.kind for f in check(rows, Options())} == {"agreement"}


def test_rows_nobody_shares_are_not_checked_and_say_how() -> None:
    for rows in (corpus(["hi"], ["a"]), corpus(["hi"], ["a"], meta=['{"annotators": "Bob and Al"}'])):
        with pytest.raises(NotChecked, match=r"data\.annotators"):
            check(rows, Options())
    with pytest.raises(NotChecked, match="several annotators"):
        check(judged(["a", "b"], [{"ann": "a"}, {"ben": "b"}]), Options())


def test_shuffled_rows_give_the_same_rows_by_text() -> None:
    rows = judged(["a", "b", "a", "b"], [{"x": "a", "y": "b"}, {"x": "b", "y": "b"}, {"x": "b", "y": "b"}, {"x": "b"}])
    mixed = rows.scan().collect()[[2, 0, 3, 1]].with_columns(row=pl.int_range(4, dtype=pl.Int64))
    straight, other = check(rows, Options()), check(of(mixed), Options())
    assert [rows.view([at])["prompt"][0] for at in found(straight, "annotators.disagreement")] == ["text 0", "text 2"]
    assert {mixed["prompt"][at] for at in found(other, "annotators.disagreement")} == {"text 0", "text 2"}
    assert straight[0].facts == other[0].facts


@pytest.mark.parametrize("form", ["label_studio", "label_studio_min", "wide", "long"])
def test_what_intake_reads_reaches_the_check(tmp_path: Path, form: str) -> None:
    people = {"1": "aabb", "2": "aaba", "3": "abba"}
    texts = [f"the text number {at}" for at in range(4)]
    told, name = {}, f"{form}.json"
    if form == "label_studio":
        content = json.dumps(
            [
                {
                    "id": at,
                    "data": {"text": text},
                    "annotations": [
                        {"completed_by": int(who), "result": [{"type": "choices", "value": {"choices": [said[at]]}}]}
                        for who, said in people.items()
                    ],
                }
                for at, text in enumerate(texts)
            ]
        )
    elif form == "label_studio_min":
        content = json.dumps(
            [
                {
                    "id": at,
                    "text": text,
                    "sentiment": said[at],
                    "annotator": int(who),
                    "annotation_id": 9,
                    "lead_time": 1,
                }
                for at, text in enumerate(texts)
                for who, said in people.items()
            ]
        )
    elif form == "wide":
        lines = [",".join((text, *(said[at] for said in people.values()))) for at, text in enumerate(texts)]
        content, told, name = "\n".join(("text,1,2,3", *lines)), {"annotators": ["1", "2", "3"]}, "t.csv"
    else:
        lines = [f"{text},{said[at]},{who}" for who, said in people.items() for at, text in enumerate(texts)]
        content, told, name = "\n".join(("text,label,who", *lines)), {"annotator": "who"}, "t.csv"
    (tmp_path / name).write_text(content, encoding="utf-8")
    rows = of(read(tmp_path / name, DataSettings.model_validate(told)).frame)
    ratings = ratings_of(rows).sort("rater", "unit")
    assert ratings.group_by("rater", maintain_order=True).agg(pl.col("value").str.join("")).rows() == list(
        people.items()
    )
    assert rows.column("label").to_list() == ["a", "a", "b", "a"]
    assert {f.kind for f in check(rows, Options())} == {"agreement"}
