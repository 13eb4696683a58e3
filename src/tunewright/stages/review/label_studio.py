"""Label Studio: tasks with what was found as predictions, the labelling form, and reading what annotators said.

What one should know of Label Studio: it numbers tasks anew, so `example_id`, `content_digest` and `review_set` travel
in `data`; scores are hidden without a `model_version`; the flat export (JSON_MIN) puts a task's data and the names of
the form's controls into one object, so these names differ. Spans count characters as Python does (code points, pull
request 1559 of Label Studio).
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tunewright.core.dataset import Task
from tunewright.core.errors import UserError
from tunewright.core.files import publish_text, require_absent
from tunewright.core.version import __version__
from tunewright.stages.review.returned_row import ReturnedRow, text
from tunewright.stages.review.store import ReviewSet, Sample

#: Label Studio's own advice for one import; more times out (issue 5873: 50,000 rows took four minutes).
TASKS_PER_FILE = 5000
MODEL_VERSION = f"tunewright-{__version__}"


def write(path: Path, sample: Sample) -> tuple[Path, ...]:
    """Write the tasks to `path`, to numbered files beside it when there are many, and the form to ``.config.xml``."""
    tasks = list(_tasks(sample))
    chunks = [tasks[at : at + TASKS_PER_FILE] for at in range(0, len(tasks), TASKS_PER_FILE)]
    form = path.with_suffix(".config.xml")
    many = [path.with_stem(f"{path.stem}-{number:03d}") for number in range(1, len(chunks) + 1)]
    files = many if len(chunks) > 1 else [path]
    for file in (*files, form):
        require_absent(file)
    for file, chunk in zip(files, chunks, strict=True):
        publish_text(file, json.dumps(chunk, ensure_ascii=False, indent=1) + "\n")
    publish_text(form, config(sample))
    return (*files, form)


def config(sample: Sample) -> str:
    """The labelling form: the row, what was found in it, and the questions that every reviewer is asked."""
    header, kinds = sample.header, _span_kinds(sample)
    task = header.dataset.task
    answered = sample.rows["answer"].null_count() < sample.rows.height
    lines = ["<View>", '  <Header value="Is this row fine to train on?"/>']
    if (sample.rows["before"] != "").any():
        lines.append('  <Text name="before" value="$before"/>')
    lines.append('  <Text name="text" value="$text"/>')
    if answered:
        lines += ['  <Header value="Answer"/>', '  <Text name="answer" value="$answer"/>']
    lines.append('  <Text name="found" value="$found"/>')
    if kinds:
        lines += _control("Labels", "Label", "pii", "text", kinds)
        lines += _control("Labels", "Label", "pii_in_answer", "answer", kinds) if answered else []
    lines += _control("Choices", "Choice", "verdict", "text", ["ok", "defective"], 'choice="single" required="true"')
    if task == "classify":
        lines.append('  <Header value="The right label, where it is another one"/>')
        lines += _control("Choices", "Choice", "right_label", "text", list(header.labels), 'choice="single"')
    if task == "reply":
        lines.append('  <Header value="The right answer, where it is another one"/>')
        lines.append('  <TextArea name="right_answer" toName="text" rows="4" maxSubmissions="1" editable="true"/>')
    lines.append('  <TextArea name="note" toName="text" rows="1" maxSubmissions="1" placeholder="Note"/>')
    return "\n".join([*lines, "</View>"]) + "\n"


def _control(tag: str, item: str, name: str, to: str, values: list[str], attributes: str = "") -> list[str]:
    """The lines of a control of the form: `tag`, named `name`, about the text `to`, with an `item` for each value."""
    suffix = f" {attributes}" if attributes else ""
    return [
        f'  <{tag} name="{name}" toName="{to}"{suffix}>',
        *(f"    <{item} value={quoteattr(value)}/>" for value in values),
        f"  </{tag}>",
    ]


def _span_kinds(sample: Sample) -> list[str]:
    """The types of the spans in the sample, sorted."""
    kinds: list[str] = sample.rows["spans"].explode().drop_nulls().struct.field("type").unique().sort().to_list()
    return kinds


def _tasks(sample: Sample) -> Iterator[dict[str, Any]]:
    """A Label Studio task for each sampled row: its texts and keys, and what was found in it as a prediction."""
    for row in sample.rows.rows(named=True):
        data = {
            "example_id": row["example_id"],
            "content_digest": row["content_digest"],
            "review_set": sample.header.id,
            "line": row["line"],
            "before": row["before"],
            "text": row["text"] or "",
            "answer": row["answer"] or "",
            "present_label": row["label"] or "",
            "found": "\n".join(row["found"]) or "nothing found",
        }
        prediction = {
            "model_version": MODEL_VERSION,
            "score": round(row["score"], 6),
            "result": list(_results(row, sample.header)),
        }
        yield {"data": data, "predictions": [prediction]}


def _results(row: dict[str, Any], header: ReviewSet) -> Iterator[dict[str, Any]]:
    """The predictions of a row, for the reviewer to change: label, answer, spans. Never the verdict itself."""
    task: Task = header.dataset.task
    if task == "classify" and row["label"] is not None:
        yield _result("right_label", "text", "choices", {"choices": [row["label"]]})
    if task == "reply" and row["answer"]:
        yield _result("right_answer", "text", "textarea", {"text": [row["answer"]]})
    for number, span in enumerate(row["spans"]):
        if span["column"] in ("prompt", "answer"):
            side = "text" if span["column"] == "prompt" else "answer"
            span_text = (row[side] or "")[span["start"] : span["end"]]
            place = {"start": span["start"], "end": span["end"], "text": span_text, "labels": [span["type"]]}
            yield {**_result("pii" if side == "text" else "pii_in_answer", side, "labels", place), "id": f"s{number}"}


def _result(name: str, to: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    """One prediction: the `value` of the control `name` about the text `to`."""
    return {"from_name": name, "to_name": to, "type": kind, "value": value}


def read(path: Path) -> list[ReturnedRow]:
    """What the annotators of an export said, one entry per annotation; JSON and JSON_MIN.

    Raises:
        UserError: E-REVIEW-004 when the file is no export of Label Studio.
    """
    try:
        records = json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise _not_an_export(path, str(error)) from None
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise _not_an_export(path, "it is no list of tasks")
    rows: list[ReturnedRow] = []
    for number, record in enumerate(records, start=1):
        where = f"task {number}"
        rows += (
            _rows_of_task(record, where) if isinstance(record.get("data"), dict) else [_row_of_flat_task(record, where)]
        )
    return rows


def _rows_of_task(record: dict[str, Any], where: str) -> Iterator[ReturnedRow]:
    """A row for each annotation of a task; for a task without any, one that says nothing."""
    annotations = [annotation for annotation in record.get("annotations") or [] if not annotation.get("was_cancelled")]
    if not annotations:
        yield _returned_row(record["data"], {}, where, "")
    for annotation in annotations:
        values: dict[str, Any] = {}
        for result in annotation.get("result") or []:
            value = result.get("value", {})
            values[result.get("from_name")] = value.get("choices") or value.get("text")
        yield _returned_row(record["data"], values, where, _who(annotation.get("completed_by")))


def _row_of_flat_task(record: dict[str, Any], where: str) -> ReturnedRow:
    """The row of one entry of the flat export, which holds the task's data and the answers side by side."""
    return _returned_row(record, record, where, _who(record.get("annotator")))


def _returned_row(data: dict[str, Any], values: dict[str, Any], where: str, who: str) -> ReturnedRow:
    """The row that a task's `data` names, with what `who` set in the controls of the form (`values`)."""
    return ReturnedRow(
        where=where,
        review_set=text(data.get("review_set")),
        example_id=text(data.get("example_id")),
        content_digest=text(data.get("content_digest")),
        reviewer=who,
        verdict=text(_first(values.get("verdict"))),
        right_label=text(_first(values.get("right_label"))),
        right_answer=text(_first(values.get("right_answer"))),
        note=text(_first(values.get("note"))),
    )


def _first(value: Any) -> Any:
    """The first value of a control, None for none: it is a text, a list, or in the flat export an object of choices."""
    if isinstance(value, dict):
        value = value.get("choices") or value.get("text")
    if isinstance(value, list):
        return value[0] if value else None
    return value


def _who(annotator: Any) -> str:
    """An annotator's e-mail address where the export names it, else the number; empty where nobody is named."""
    if isinstance(annotator, dict):
        annotator = annotator.get("email") or annotator.get("id")
    return "" if annotator is None else f"annotator {annotator}" if isinstance(annotator, int) else str(annotator)


def _not_an_export(path: Path, why: str) -> UserError:
    """E-REVIEW-004 for the file at `path`."""
    return UserError(
        "E-REVIEW-004",
        f"{path.name} is no export of Label Studio: {escape(why)}.",
        why="Who said what of which row cannot be told.",
        fix="Export the project as JSON or JSON-MIN.",
    )
