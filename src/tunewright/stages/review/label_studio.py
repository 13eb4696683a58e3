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
        lines += _choice_of("Labels", "Label", "pii", "text", kinds)
        lines += _choice_of("Labels", "Label", "pii_in_answer", "answer", kinds) if answered else []
    lines += _choice_of("Choices", "Choice", "verdict", "text", ["ok", "defective"], 'choice="single" required="true"')
    if task == "classify":
        lines.append('  <Header value="The right label, where it is another one"/>')
        lines += _choice_of("Choices", "Choice", "right_label", "text", list(header.labels), 'choice="single"')
    if task == "reply":
        lines.append('  <Header value="The right answer, where it is another one"/>')
        lines.append('  <TextArea name="right_answer" toName="text" rows="4" maxSubmissions="1" editable="true"/>')
    lines.append('  <TextArea name="note" toName="text" rows="1" maxSubmissions="1" placeholder="Note"/>')
    return "\n".join([*lines, "</View>"]) + "\n"


def _choice_of(tag: str, item: str, name: str, to: str, values: list[str], more: str = "") -> list[str]:
    spare = f" {more}" if more else ""
    return [
        f'  <{tag} name="{name}" toName="{to}"{spare}>',
        *(f"    <{item} value={quoteattr(value)}/>" for value in values),
        f"  </{tag}>",
    ]


def _span_kinds(sample: Sample) -> list[str]:
    kinds: list[str] = sample.rows["spans"].explode().drop_nulls().struct.field("type").unique().sort().to_list()
    return kinds


def _tasks(sample: Sample) -> Iterator[dict[str, Any]]:
    for card in sample.rows.rows(named=True):
        data = {
            "example_id": card["example_id"],
            "content_digest": card["content_digest"],
            "review_set": sample.header.id,
            "line": card["line"],
            "before": card["before"],
            "text": card["text"] or "",
            "answer": card["answer"] or "",
            "present_label": card["label"] or "",
            "found": "\n".join(card["found"]) or "nothing found",
        }
        prediction = {
            "model_version": MODEL_VERSION,
            "score": round(card["score"], 6),
            "result": list(_results(card, sample.header)),
        }
        yield {"data": data, "predictions": [prediction]}


def _results(card: dict[str, Any], header: ReviewSet) -> Iterator[dict[str, Any]]:
    """What stands there already, for the reviewer to change: label, answer, spans. Never the verdict itself."""
    task: Task = header.dataset.task
    if task == "classify" and card["label"] is not None:
        yield _result("right_label", "text", "choices", {"choices": [card["label"]]})
    if task == "reply" and card["answer"]:
        yield _result("right_answer", "text", "textarea", {"text": [card["answer"]]})
    for number, span in enumerate(card["spans"]):
        if span["column"] in ("prompt", "answer"):
            side = "text" if span["column"] == "prompt" else "answer"
            said = (card[side] or "")[span["start"] : span["end"]]
            place = {"start": span["start"], "end": span["end"], "text": said, "labels": [span["type"]]}
            yield {**_result("pii" if side == "text" else "pii_in_answer", side, "labels", place), "id": f"s{number}"}


def _result(name: str, to: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"from_name": name, "to_name": to, "type": kind, "value": value}


def read(path: Path) -> list[ReturnedRow]:
    """What the annotators of an export said, one entry per annotation; JSON and JSON_MIN.

    Raises:
        UserError: E-REVIEW-004 when the file is no export of Label Studio.
    """
    try:
        records = json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise _no_export(path, str(error)) from None
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise _no_export(path, "it is no list of tasks")
    found: list[ReturnedRow] = []
    for number, record in enumerate(records, start=1):
        where = f"task {number}"
        found += _full(record, where) if isinstance(record.get("data"), dict) else [_flat(record, where)]
    return found


def _full(record: dict[str, Any], where: str) -> Iterator[ReturnedRow]:
    """The annotations of a task; one without any was not reviewed."""
    told = [one for one in record.get("annotations") or [] if not one.get("was_cancelled")]
    if not told:
        yield _returned(record["data"], {}, where, "")
    for one in told:
        said: dict[str, Any] = {}
        for result in one.get("result") or []:
            value = result.get("value", {})
            said[result.get("from_name")] = value.get("choices") or value.get("text")
        yield _returned(record["data"], said, where, _who(one.get("completed_by")))


def _flat(record: dict[str, Any], where: str) -> ReturnedRow:
    return _returned(record, record, where, _who(record.get("annotator")))


def _returned(data: dict[str, Any], said: dict[str, Any], where: str, who: str) -> ReturnedRow:
    return ReturnedRow(
        where=where,
        review_set=text(data.get("review_set")),
        example_id=text(data.get("example_id")),
        content_digest=text(data.get("content_digest")),
        reviewer=who,
        verdict=text(_first(said.get("verdict"))),
        right_label=text(_first(said.get("right_label"))),
        right_answer=text(_first(said.get("right_answer"))),
        note=text(_first(said.get("note"))),
    )


def _first(value: Any) -> Any:
    """The one thing said: a control gives a text, a list, or in the flat export an object of choices."""
    if isinstance(value, dict):
        value = value.get("choices") or value.get("text")
    if isinstance(value, list):
        return value[0] if value else None
    return value


def _who(told: Any) -> str:
    """An annotator's e-mail address where the export names it, else the number."""
    if isinstance(told, dict):
        told = told.get("email") or told.get("id")
    return "" if told is None else f"annotator {told}" if isinstance(told, int) else str(told)


def _no_export(path: Path, why: str) -> UserError:
    return UserError(
        "E-REVIEW-004",
        f"{path.name} is no export of Label Studio: {escape(why)}.",
        why="Who said what of which row cannot be told.",
        fix="Export the project as JSON or JSON-MIN.",
    )
