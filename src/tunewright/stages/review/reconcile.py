"""Files that came back, held against the samples that went out: what can be believed, and what cannot be placed."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from tunewright.core.errors import UserError, UserErrors, did_you_mean
from tunewright.core.frozen import Frozen
from tunewright.stages.review.returned_row import ReturnedRow
from tunewright.stages.review.store import ANSWER_COLUMNS, Sample

#: What reviewers write for the two verdicts.
VERDICTS = {"ok": "ok", "okay": "ok", "defective": "defective", "defect": "defective"}
FAULTS_SHOWN = 20


class Reconciled(Frozen):
    """How the rows of a file fared; the places of the first few of each kind are named.

    Attributes:
        answers: rows that say something and can be placed.
        blank: rows that nobody filled in.
        missing: rows of the sample that no file of the same import has.
        doubled: rows that one reviewer judged twice; the same said twice counts once, two different answers not at all.
        edited: rows that changed since they were sampled, in the file or in the project.
        unknown: rows that were never sampled.
        places: where in the file, by kind.
    """

    answers: int
    blank: int
    missing: int
    doubled: int
    edited: int
    unknown: int
    places: Mapping[str, tuple[str, ...]]


def reconcile(
    returned: Sequence[ReturnedRow],
    samples: Sequence[Sample],
    present: Mapping[str, str],
    *,
    reviewer: str,
    at: str,
    elsewhere: Collection[str] = (),
) -> tuple[pl.DataFrame, Reconciled]:
    """The answers of one file in ``ANSWER_COLUMNS``, and the account of all its rows.

    Args:
        returned: the rows of the file.
        samples: every sample that was drawn.
        present: the digest that each sampled row has now, by example id; a row that reviews took away is not in it.
        reviewer: who filled in rows that name nobody.
        at: when it was imported.
        elsewhere: example ids that other files of the same import have.

    Raises:
        UserErrors: E-REVIEW-007 for each verdict, E-REVIEW-008 for each label that there is none of.
    """
    cards = _cards(samples)
    sampled = {example for example, _ in cards}
    _refuse_unknown_words([one for one in returned if one.example_id in sampled], samples)
    places: dict[str, list[str]] = defaultdict(list)
    said: dict[tuple[str, str], list[tuple[ReturnedRow, dict[str, str | None]]]] = defaultdict(list)
    for one in returned:
        card = cards.get((one.example_id, one.content_digest))
        if card is None:
            places["edited" if one.example_id in sampled else "unknown"].append(one.where)
        elif present.get(one.example_id, one.content_digest) != one.content_digest:
            places["edited"].append(one.where)
        elif not (one.verdict or one.right_label or one.right_answer):
            places["blank"].append(one.where)
        else:
            who = one.reviewer or reviewer
            said[one.example_id, who].append((one, _answer(one, card, who, at)))
    answers = []
    for given in said.values():
        different = {(a["verdict"], a["right_label"], a["right_answer"]) for _, a in given}
        places["doubled"] += [one.where for one, _ in given[1:]]
        if len(different) == 1:
            answers.append(given[0][1])
    frame = pl.DataFrame({name: [a[name] for a in answers] for name in ANSWER_COLUMNS}, schema=ANSWER_COLUMNS)
    return frame, _account(returned, samples, frame, places, elsewhere)


def _cards(samples: Sequence[Sample]) -> dict[tuple[str, str], dict[str, Any]]:
    """The sampled rows by example id and digest."""
    wanted = ["example_id", "content_digest", "label", "answer"]
    every = [card for sample in samples for card in sample.rows.select(wanted).rows(named=True)]
    return {(card["example_id"], card["content_digest"]): card for card in every}


def _answer(one: ReturnedRow, card: Mapping[str, Any], who: str, at: str) -> dict[str, str | None]:
    return answer(
        card, reviewer=who, verdict=VERDICTS.get(one.verdict.lower(), ""), label=one.right_label, text=one.right_answer,
        note=one.note, at=at,
    )  # fmt: skip


def answer(
    card: Mapping[str, Any], *, reviewer: str, verdict: str, label: str = "", text: str = "", note: str = "", at: str
) -> dict[str, str | None]:
    """What a person said of a row, in ``ANSWER_COLUMNS``.

    A right label or answer that is the row's own is no correction; one that differs makes the row defective, whatever
    else was said, since a model must not learn it as it is.
    """
    right_label = label if label and label != (card["label"] or "") else None
    right_answer = text if text and text != (card["answer"] or "").strip() else None
    wrong = right_label is not None or right_answer is not None
    return {
        "example_id": card["example_id"],
        "content_digest": card["content_digest"],
        "reviewer": reviewer,
        "verdict": "defective" if wrong else verdict or "ok",
        "right_label": right_label,
        "right_answer": right_answer,
        "note": note or None,
        "at": at,
    }


def _account(
    returned: Sequence[ReturnedRow],
    samples: Sequence[Sample],
    answers: pl.DataFrame,
    places: Mapping[str, Sequence[str]],
    elsewhere: Collection[str],
) -> Reconciled:
    named = {one.review_set for one in returned}
    expected = {row for sample in samples if sample.header.id in named for row in sample.rows["example_id"]}
    missing = sorted(expected - {one.example_id for one in returned} - set(elsewhere))
    shown = {kind: tuple(where[:FAULTS_SHOWN]) for kind, where in places.items() if where and kind != "blank"}
    return Reconciled(
        answers=answers.height,
        blank=len(places.get("blank", ())),
        missing=len(missing),
        doubled=len(places.get("doubled", ())),
        edited=len(places.get("edited", ())),
        unknown=len(places.get("unknown", ())),
        places={**shown, **({"missing": tuple(missing[:FAULTS_SHOWN])} if missing else {})},
    )


def _refuse_unknown_words(returned: Sequence[ReturnedRow], samples: Sequence[Sample]) -> None:
    labels = sorted({label for sample in samples for label in sample.header.labels})
    faults = []
    for one in returned:
        if one.verdict and one.verdict.lower() not in VERDICTS:
            faults.append(_unknown_verdict(one))
        if one.right_label and labels and one.right_label not in labels:
            faults.append(_unknown_label(one, labels))
    if faults:
        raise UserErrors(faults[:FAULTS_SHOWN])


def _unknown_verdict(one: ReturnedRow) -> UserError:
    return UserError(
        "E-REVIEW-007",
        f"{one.where}: {one.verdict!r} is no verdict.",
        why="Nothing of the file was imported: a guess would decide about a row.",
        fix="Write ok or defective, or leave it empty.",
    )


def _unknown_label(one: ReturnedRow, labels: list[str]) -> UserError:
    return UserError(
        "E-REVIEW-008",
        f"{one.where}: no row has the label {one.right_label!r}.",
        why="Nothing of the file was imported: a misspelled label would become a class of its own.",
        fix=did_you_mean(one.right_label, labels),
    )
