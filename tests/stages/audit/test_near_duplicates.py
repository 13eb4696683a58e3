"""The near-duplicates check: which kind a near-copy is, and which copies are left to other checks."""

import polars as pl
import pytest

from tunewright.core.corpus import Corpus
from tunewright.core.dataset import Dataset
from tunewright.core.digest import frame_digest
from tunewright.core.finding import Finding
from tunewright.stages.audit.checks.near_duplicates import Options, check

CARD = "I still have not received my new card, please tell me when it will come"
ORDER = "My order {} has not arrived yet, can you please check where it is right now?"


def corpus(prompts: list[str | None], labels: list[str] | None = None, answers: list[str] | None = None) -> Corpus:
    n = len(prompts)
    columns = {"prompt": prompts, "label": labels or [None] * n, "answer": answers or [None] * n}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).with_columns(
        row=pl.int_range(n), line=pl.int_range(2, n + 2)
    )
    task = "reply" if answers else "classify"
    return Corpus(Dataset(table="t", version=None, rows=n, task=task, root=frame_digest(frame)), frame.lazy())


def test_an_edited_copy_is_removed_from_replies_or_where_it_is_asked_for() -> None:
    prompts, answers = [CARD, CARD.replace("still ", "")], ["It is on its way to you.", "It is on its way to you."]
    (reply,) = check(corpus(prompts, ["a", "a"], answers=answers), Options())
    (asked,) = check(corpus(prompts, ["a", "a"]), Options(remove="always"))
    (never,) = check(corpus(prompts, ["a", "a"], answers=answers), Options(remove="never"))
    assert [(f.severity, f.fix) for f in (reply, asked, never)] == [
        ("blocking", "keep_one"),
        ("blocking", "keep_one"),
        ("warning", None),
    ]


def found(*args, **kwargs) -> dict[str, Finding]:
    return {finding.kind: finding for finding in check(corpus(*args, **kwargs), Options())}


def test_an_edited_copy_with_the_same_label_names_what_it_copies() -> None:
    made = found([CARD, "where is my money", CARD.replace("still ", "")], ["card", "refund", "card"])
    assert list(made) == ["both"]
    finding = made["both"]
    assert (finding.severity, finding.fix) == ("warning", None), "another wording is what a classifier should see"
    row = finding.frame.row(0, named=True)
    assert (row["row"], row["other"], row["other_line"], row["cluster"]) == (2, 0, 2, 0)
    assert 0.6 <= row["jaccard"] < 1
    assert row["score"] == row["jaccard"]
    assert finding.sentence(row) == f"is line 2 with an edit (similarity {row['jaccard']:.2f}), answer and all"


def test_another_label_is_left_to_the_conflicts_check() -> None:
    assert found([CARD, CARD.replace("still ", "")], ["card", "refund"]) == {}


def test_a_missing_label_equals_a_missing_label_only() -> None:
    edited = CARD.replace("still ", "")
    assert list(found([CARD, edited])) == ["both"]
    assert found([CARD, edited], ["card", None]) == {}


def test_exact_copies_are_left_to_the_exact_check() -> None:
    assert found([CARD, CARD.upper(), CARD + "!!"], ["card"] * 3) == {}


def test_an_exact_copy_of_a_near_copy_is_reported_once() -> None:
    edited = CARD.replace("still ", "")
    assert found([CARD, edited, edited.upper()], ["card"] * 3)["both"].frame["row"].to_list() == [1]


def test_a_copy_that_differs_in_invisible_characters_is_reported_here() -> None:
    made = found(["password reset does not work", "pass\u200bword reset does not work"], ["login"] * 2)
    assert made["both"].frame.select("row", "jaccard").rows() == [(1, 1.0)]


def test_the_same_template_with_other_numbers_warns_and_is_not_blocking() -> None:
    made = found([ORDER.format(1234), ORDER.format(5678), ORDER.format(9012)], ["order"] * 3)
    assert list(made) == ["template"]
    assert made["template"].severity == "warning"
    assert made["template"].fix is None
    assert made["template"].frame.select("row", "other").rows() == [(1, 0), (2, 0)]


def test_a_copy_within_a_template_family_blocks_beside_the_row_with_its_own_numbers() -> None:
    prompts = [ORDER.format(1234), ORDER.format(5678), ORDER.format(5678).replace("please ", "")]
    made = found(prompts, ["order"] * 3)
    assert made["both"].frame.select("row", "other").rows() == [(2, 1)]
    assert made["template"].frame.select("row", "other").rows() == [(1, 0)]


def test_nearly_the_same_answer_is_the_same_and_another_answer_is_not() -> None:
    answer = "Your card is on its way and should be with you within five working days."
    edited = CARD.replace("still ", "")
    near = found([CARD, edited], answers=[answer, answer.replace("within", "in")])
    assert list(near) == ["both"]
    other = found([CARD, edited], answers=[answer, "Please call us about this, we cannot find your address."])
    assert list(other) == ["prompt"]
    assert other["prompt"].severity == "info"


def test_what_stays_is_never_itself_dropped() -> None:
    prompts = [CARD.replace(word, other) for word in CARD.split() for other in ("really", "just", "")]
    frame = found(prompts, ["card"] * len(prompts))["both"].frame
    assert frame.height > 10
    assert set(frame["row"]) & set(frame["other"]) == set()


def test_short_null_and_unrelated_rows_are_left_alone() -> None:
    prompts = [None, None, "", "hi", "ok", "yes please", "no thanks", "?!", "call me", "a b c"]
    assert found(prompts) == {}
    assert found([None, None]) == {}


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]])
def test_shuffled_rows_give_the_same_groups(order: list[int]) -> None:
    texts = [CARD, CARD.replace("still ", ""), CARD.replace("new ", ""), "where is my money, it was due last week"]
    made = found([texts[i] for i in order], ["a"] * 4)["both"]
    rows = set(made.frame["row"]) | set(made.frame["other"])
    assert {texts[order[row]] for row in rows} == set(texts[:3])
    assert made.rows == 2
