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
    sampled_rows = _sampled_rows(samples)
    sampled_ids = {example for example, _ in sampled_rows}
    _refuse_unknown_words([row for row in returned if row.example_id in sampled_ids], samples)
    places: dict[str, list[str]] = defaultdict(list)
    by_row_and_reviewer: dict[tuple[str, str], list[tuple[ReturnedRow, dict[str, str | None]]]] = defaultdict(list)
    for row in returned:
        sampled_row = sampled_rows.get((row.example_id, row.content_digest))
        if sampled_row is None:
            places["edited" if row.example_id in sampled_ids else "unknown"].append(row.where)
        elif present.get(row.example_id, row.content_digest) != row.content_digest:
            places["edited"].append(row.where)
        elif not (row.verdict or row.right_label or row.right_answer):
            places["blank"].append(row.where)
        else:
            who = row.reviewer or reviewer
            by_row_and_reviewer[row.example_id, who].append((row, _answer(row, sampled_row, who, at)))
    answers = []
    for judgments in by_row_and_reviewer.values():
        different = {(a["verdict"], a["right_label"], a["right_answer"]) for _, a in judgments}
        places["doubled"] += [row.where for row, _ in judgments[1:]]
        if len(different) == 1:
            answers.append(judgments[0][1])
    frame = pl.DataFrame({name: [a[name] for a in answers] for name in ANSWER_COLUMNS}, schema=ANSWER_COLUMNS)
    return frame, _account(returned, samples, frame, places, elsewhere)


def _sampled_rows(samples: Sequence[Sample]) -> dict[tuple[str, str], dict[str, Any]]:
    """The sampled rows (`example_id`, `content_digest`, `label`, `answer`) by example id and digest."""
    columns = ["example_id", "content_digest", "label", "answer"]
    every = [row for sample in samples for row in sample.rows.select(columns).rows(named=True)]
    return {(row["example_id"], row["content_digest"]): row for row in every}


def _answer(row: ReturnedRow, sampled_row: Mapping[str, Any], who: str, at: str) -> dict[str, str | None]:
    """What `row` says of the row that it was sampled as, in ``ANSWER_COLUMNS``."""
    return answer(
        sampled_row,
        reviewer=who,
        verdict=VERDICTS.get(row.verdict.lower(), ""),
        label=row.right_label,
        text=row.right_answer,
        note=row.note,
        at=at,
    )


def answer(
    row: Mapping[str, Any], *, reviewer: str, verdict: str, label: str = "", text: str = "", note: str = "", at: str
) -> dict[str, str | None]:
    """What a person said of a row, in ``ANSWER_COLUMNS``.

    A right label or answer that is the row's own is no correction; one that differs makes the row defective, whatever
    else was said, since a model must not learn it as it is.
    """
    right_label = label if label and label != (row["label"] or "") else None
    right_answer = text if text and text != (row["answer"] or "").strip() else None
    wrong = right_label is not None or right_answer is not None
    return {
        "example_id": row["example_id"],
        "content_digest": row["content_digest"],
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
    """The count of each kind of row, with the `places` of the first ``FAULTS_SHOWN`` of each but the blank ones."""
    named = {row.review_set for row in returned}
    expected = {
        example_id for sample in samples if sample.header.id in named for example_id in sample.rows["example_id"]
    }
    missing = sorted(expected - {row.example_id for row in returned} - set(elsewhere))
    named_places = {kind: tuple(where[:FAULTS_SHOWN]) for kind, where in places.items() if where and kind != "blank"}
    return Reconciled(
        answers=answers.height,
        blank=len(places.get("blank", ())),
        missing=len(missing),
        doubled=len(places.get("doubled", ())),
        edited=len(places.get("edited", ())),
        unknown=len(places.get("unknown", ())),
        places={**named_places, **({"missing": tuple(missing[:FAULTS_SHOWN])} if missing else {})},
    )


def _refuse_unknown_words(returned: Sequence[ReturnedRow], samples: Sequence[Sample]) -> None:
    """Raise UserErrors for the first ``FAULTS_SHOWN`` words that are no verdict or no label of the samples."""
    labels = sorted({label for sample in samples for label in sample.header.labels})
    faults = []
    for row in returned:
        if row.verdict and row.verdict.lower() not in VERDICTS:
            faults.append(_unknown_verdict(row))
        if row.right_label and labels and row.right_label not in labels:
            faults.append(_unknown_label(row, labels))
    if faults:
        raise UserErrors(faults[:FAULTS_SHOWN])


def _unknown_verdict(row: ReturnedRow) -> UserError:
    """E-REVIEW-007 for the verdict of `row`."""
    return UserError(
        "E-REVIEW-007",
        f"{row.where}: {row.verdict!r} is no verdict.",
        why="Nothing of the file was imported: a guess would decide about a row.",
        fix="Write ok or defective, or leave it empty.",
    )


def _unknown_label(row: ReturnedRow, labels: list[str]) -> UserError:
    """E-REVIEW-008 for the label of `row`, with the nearest of `labels`."""
    return UserError(
        "E-REVIEW-008",
        f"{row.where}: no row has the label {row.right_label!r}.",
        why="Nothing of the file was imported: a misspelled label would become a class of its own.",
        fix=did_you_mean(row.right_label, labels),
    )
