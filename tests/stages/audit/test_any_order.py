"""Any order of the rows, and any split of the file, gives the same findings.

What may differ is which of several equal rows a finding names or keeps: that is the earliest, and so it has to be told
by the order. Of such checks the groups of texts are compared; of all others every row with its evidence. A near copy is
held against the earliest of equal texts, so where those have different labels or answers the order decides whether it
is told as a copy or left to the conflicts check: near-duplicates are compared where equal texts agree.
"""

import csv
import json
import random
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stages.audit.ticket_world import DOCUMENTS, restated, tickets
from tests.worlds import of, rows

from tunewright.core.context import Context, Target
from tunewright.core.dataset import COLUMNS
from tunewright.core.finding import Finding, NotChecked
from tunewright.stages.audit.api import CHECKS
from tunewright.stages.intake.api import read
from tunewright.stages.intake.settings import DataSettings
from tunewright.text.normalize import normalized

EXAMPLES = 6
#: The tagger of names takes a tenth of a second, however few the rows.
EXAMPLES_OF = {"pii": 2}
#: Every check there is; one that is new is held to this from its first day.
CHECKED = tuple(CHECKS.names())
#: Checks that learn from many rows, and the rows in which they find something, by task; all others get drawn rows.
LARGE: dict[str, tuple[str, Callable[[], pl.DataFrame]]] = {
    "answer_noise": ("reply", tickets),
    "domain_mismatch": ("classify", tickets),
    "label_noise": ("classify", tickets),
    "poison": ("classify", tickets),
    "semantic_duplicates": ("classify", restated),
    "terminology": ("classify", tickets),
}
OPTIONS: dict[str, dict[str, Any]] = {"semantic_duplicates": {"model": "tfidf", "threshold": 0.65}}
TARGET = Target(method="encoder", base="", max_tokens=14)
#: Columns that name another row, the earliest of those that could be named, or say how like that one is.
NAMED = {"other", "other_line", "other_label", "side", "jaccard", "cluster", "group", "evaluation_line"}

ASKED = (
    "Where is my new card?", "where is my new card", "Where is my old card?", "My transfer of 120 has not arrived yet",
    "My transfer of 121 has not arrived yet", "My transfer of 120 has still not arrived yet", "n/a", "", "asdf",
    "Please call me on +1 212 555 0143 or write to ann.lee@example.org", "The date was 03/04/2025, was it not?",
    "The date was 23/04/2025, was it not?", "On 2025-04-03 it was late", "cafÃ© is closed", "pass\u200bword lost",
    "<p>My app crashes</p>", "It costs 1.234,50 euros", "It costs 1,234.50 euros", "I cannot log in to the app today",
    "I can not log in to the app today", "fine\n\nOn Mon, 3 Mar 2025, Bo wrote:\n> yes\n> no",
)  # fmt: skip
ANSWERS = (
    "Done.",
    "It is on its way.",
    "It is on its way!",
    "Please wait five days for the new card to come.",
    "",
    "n/a",
)
LABELS = ("card", "card", "Card", "transfer", "login")
SIDES = ("train", "train", "test", "validation")
SOURCES = ("app", "web")
CHATS = (
    ("user", "assistant"), ("system", "user", "assistant"), ("user", "user", "assistant"), ("assistant", "user"),
    ("user",), ("user", "robot", "assistant"), ("user", "assistant", "user", "assistant"),
)  # fmt: skip

Row = tuple[str, str, str, str, str, int]
ROW = st.tuples(
    st.sampled_from(ASKED),
    st.sampled_from(ANSWERS),
    st.sampled_from(LABELS),
    st.sampled_from(SIDES),
    st.sampled_from(SOURCES),
    st.integers(0, len(CHATS) - 1),
)
ROWS = st.lists(ROW, min_size=4, max_size=30)
EVALUATION = rows(
    ["where is my NEW card", "My transfer of 120 has not yet arrived", "Nothing like it at all"], ["x"] * 3
)


def table(made: Sequence[Row], task: str) -> pl.DataFrame:
    """Rows as a dataset, their ids by their place."""
    asked, answers, labels, sides, sources, chats = zip(*made, strict=True)
    common: dict[str, Any] = {
        "split": sides,
        "source_id": sources,
        "content_digest": [f"digest {at}" for at in range(len(made))],
        "meta": [ratings(label, LABELS[chat % len(LABELS)]) for label, chat in zip(labels, chats, strict=True)],
    }
    if task == "classify":
        return rows(asked, labels, **common)
    said = [
        [
            {"role": role, "content": {"user": prompt, "assistant": answer}.get(role, "-"), "weight": None}
            for role in CHATS[chat]
        ]
        for prompt, answer, chat in zip(asked, answers, chats, strict=True)
    ]
    return rows(asked, answers=answers, messages=said, **common)


def ratings(*choices: str) -> str:
    """What two people chose, as intake keeps it."""
    people = [{"by": by, "choices": [choice]} for by, choice in zip(("ann", "ben"), choices, strict=True)]
    return json.dumps({"annotators": people})


def reviews(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows from one side are called defective by a person."""
    text = pl.lit(None, pl.String)
    return frame.filter(pl.col("split") == "test").select(
        "example_id", "content_digest", verdict=pl.lit("defective"), new_label=text, new_answer=text,
        reviewer=pl.lit("ann"), note=text,
    )  # fmt: skip


def findings_of(frame: pl.DataFrame, check: str) -> tuple[Finding, ...] | str:
    module = CHECKS.load(check)
    world = of(frame)
    world.context = Context(references=DOCUMENTS, evaluation=EVALUATION, target=TARGET, reviews=reviews(frame))
    try:
        found: tuple[Finding, ...] = module.check(world, module.Options(**OPTIONS.get(check, {})))
    except NotChecked as why:
        return str(why)
    return found


def told(frame: pl.DataFrame, check: str) -> Any:
    """The findings of a check by the ids of rows, in an order that says nothing."""
    findings = findings_of(frame, check)
    if isinstance(findings, str):
        return findings
    ids = dict(frame.select("row", "example_id").rows())
    if check in GROUPED:
        texts = dict(frame.select("row", normalized("prompt")).rows())
        return sorted(sorted(group) for group in joined(findings, texts))
    return {
        finding.kind: (
            finding.severity,
            without_floats(finding.facts),
            sorted(map(repr, evidence(finding, ids))),
        )
        for finding in findings
    }


def evidence(finding: Finding, ids: dict[int, str]) -> Iterable[tuple[Any, ...]]:
    names = [name for name in finding.frame.columns if name not in NAMED | {"score"}]
    for row, *rest in finding.frame.select(names).with_columns(cs.float().round(9)).rows():
        yield ids[row], *rest


def without_floats(facts: Any) -> str:
    """Facts with floats rounded: sums over rows in another order differ in their last bits."""
    return json.dumps(json.loads(json.dumps(facts, default=str), parse_float=lambda text: round(float(text), 9)))


def joined(findings: Iterable[Finding], texts: dict[int, str]) -> list[set[str]]:
    """Texts that a finding of any kind puts together."""
    groups: list[set[str]] = []
    for finding in findings:
        for row, other in finding.frame.select("row", "other").rows():
            pair = {texts[row], texts[other]}
            apart = [group for group in groups if not group & pair]
            groups = [*apart, pair.union(*(group for group in groups if group & pair))]
    return groups


#: Checks that keep the earliest of equal rows and flag the others: which is which is told by the order alone.
GROUPED = ("exact_duplicates", "near_duplicates")


def renumbered(frame: pl.DataFrame, order: Sequence[int] | None = None) -> pl.DataFrame:
    """The rows in another order, numbered as a file in that order would be."""
    moved = frame if order is None else frame[list(order)]
    numbered = moved.with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64))
    return numbered.with_columns(line=pl.col("row") + 2).select(list(COLUMNS))


@pytest.mark.parametrize("check", [name for name in CHECKED if name not in LARGE])
@pytest.mark.parametrize("task", ["classify", "reply"])
def test_any_order_of_the_rows_gives_the_same_findings(check: str, task: str) -> None:
    @given(made=ROWS, seed=st.integers(0, 10_000))
    @settings(max_examples=EXAMPLES_OF.get(check, EXAMPLES))
    def holds(made: list[Row], seed: int) -> None:
        if check == "near_duplicates":
            made = [(asked, ANSWERS[0], LABELS[0], side, source, chat) for asked, _, _, side, source, chat in made]
        frame = table(made, task)
        order = list(range(len(made)))
        random.Random(seed).shuffle(order)
        assert told(renumbered(frame, order), check) == told(frame, check)

    holds()


def large(check: str) -> pl.DataFrame:
    """The rows in which a check of :data:`LARGE` finds something, as rows of its task."""
    task, make = LARGE[check]
    other = {"classify": "answer", "reply": "label"}[task]
    return make().with_columns(pl.lit(None, pl.String).alias(other), task=pl.lit(task))


@pytest.mark.parametrize("check", LARGE)
@pytest.mark.parametrize("seed", [0, 1])
def test_any_order_of_many_rows_gives_the_same_findings(check: str, seed: int) -> None:
    frame = large(check)
    order = list(range(frame.height))
    random.Random(seed).shuffle(order)
    assert told(renumbered(frame, order), check) == told(frame, check)


def write_csv(path: Path, made: Sequence[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "class", "side", "from"])
        writer.writerows([row[0], row[2], row[3], row[4]] for row in made)


def write_jsonl(path: Path, made: Sequence[Row]) -> None:
    names = ("text", "class", "side", "from")
    lines = [json.dumps(dict(zip(names, (row[0], row[2], row[3], row[4]), strict=True))) for row in made]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


WRITERS: dict[str, tuple[str, Callable[[Path, Sequence[Row]], None]]] = {
    "csv": ("csv", write_csv),
    "jsonl": ("jsonl", write_jsonl),
}
COLUMN_OF = {"prompt": "text", "label": "class", "split": "side", "source_id": "from"}


@pytest.mark.parametrize("form", WRITERS)
@given(made=ROWS, cuts=st.lists(st.floats(0.1, 0.9), min_size=1, max_size=3))
@settings(max_examples=3)
def test_any_split_of_the_file_gives_the_same_findings(
    form: str, made: list[Row], cuts: list[float], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shards")
    ending, write = WRITERS[form]
    told_columns = DataSettings(
        format=form, task="classify", columns=COLUMN_OF, header="first", delimiter="," if form == "csv" else ""
    )

    def frame(name: str, part: Sequence[Row]) -> pl.DataFrame:
        path = folder / f"{name}.{ending}"
        write(path, part)
        return read(path, told_columns).frame

    places = sorted({0, len(made), *(round(cut * len(made)) for cut in cuts)})
    parts = [made[start:end] for start, end in pairwise(places)]
    whole = numbered_ids(renumbered(frame("whole", made)))
    shards = numbered_ids(renumbered(pl.concat([frame(str(at), part) for at, part in enumerate(parts)])))
    assert shards.drop("line").equals(whole.drop("line"))
    for check in set(CHECKED) - set(EXAMPLES_OF) - set(LARGE):
        assert told(shards, check) == told(whole, check), check


def numbered_ids(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows whose id is their place: the id that intake gives counts copies within one file."""
    return frame.with_columns(example_id=pl.format("id{}", "row")).select(list(COLUMNS))


@pytest.mark.parametrize("check", CHECKED)
def test_every_check_has_something_to_find_here(check: str) -> None:
    draw = random.Random(3)
    made = [
        (
            draw.choice(ASKED),
            draw.choice(ANSWERS),
            draw.choice(LABELS),
            draw.choice(SIDES),
            draw.choice(SOURCES),
            at % 7,
        )
        for at in range(60)
    ]
    frame = large(check) if check in LARGE else table(made, "reply" if check == "chat_format" else "classify")
    findings = findings_of(frame, check)
    assert not isinstance(findings, str), findings
    assert findings
