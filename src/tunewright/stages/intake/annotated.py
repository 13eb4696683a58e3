"""Texts that people marked: Label Studio's exports, and texts beside a list of spans."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tunewright.core.dataset import Task
from tunewright.stages.intake.records import RecordObjects
from tunewright.stages.intake.turns import RowParts, Unusable, plain_turn, text_of

TEXT_KEYS = ("text", "prompt", "message", "body")
SPAN_TEXTS = ("text", "full_text", "sentence", "content")
SPAN_LISTS = ("entities", "spans")
#: What Label Studio adds to every row of its flat export.
MIN_KEYS = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"}
Span = dict[str, Any]


def label_studio(record: dict[str, Any]) -> RowParts:
    """A Label Studio task: its text, and what most annotators said of it.

    Annotations that were canceled do not count. Choices give the label, of a tie the first by name; a text area
    gives the answer; of spans the set that most annotators drew, of a tie the first. What every annotator said
    stays in `meta` when there are several.
    """
    data = record.get("data")
    if not isinstance(data, dict):
        raise Unusable("data is not an object")
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    if not texts:
        raise Unusable("data holds no text")
    key = next((name for name in TEXT_KEYS if name in texts), max(texts, key=lambda name: len(texts[name])))
    done = [annotation for annotation in record.get("annotations") or [] if not annotation.get("was_cancelled")]
    by_annotator = [_marks_of(annotation, texts[key]) for annotation in done]
    rest = {name: value for name, value in data.items() if name != key}
    rest |= {name: value for name, value in record.items() if name not in ("data", "annotations", "predictions")}
    return _agreed(texts[key], by_annotator, rest)


def label_studio_min(record: dict[str, Any]) -> RowParts:
    """One task of Label Studio's flat export (JSON_MIN), its annotations joined by :func:`by_task`."""
    votes = record["annotations"]
    first = votes[0]
    texts = {key: value for key, value in first.items() if isinstance(value, str) and key not in MIN_KEYS}
    key = next((name for name in TEXT_KEYS if name in texts), "")
    key = key or max(texts, key=lambda name: len(texts[name]), default="")
    if not key:
        raise Unusable("the task holds no text")
    marks = [name for name in dict.fromkeys(k for vote in votes for k in vote) if name not in {*MIN_KEYS, key}]
    # A column of the imported table is the same for every annotator; what they said differs, or is the only one.
    label = _mark_of(marks, votes)
    by_annotator = [_marks_of_flat(vote, label, texts[key]) for vote in votes]
    rest = {name: first[name] for name in marks if name != label and name in first} | {"id": first.get("id")}
    return _agreed(texts[key], by_annotator, rest)


def by_task(objects: RecordObjects) -> RecordObjects:
    """The rows of Label Studio's flat export, one per annotation, as one record per task."""
    tasks: dict[str, list[dict[str, Any]]] = {}
    lines: dict[str, int] = {}
    strays = []
    for line, value in objects.values:
        if isinstance(value, dict) and "id" in value:
            tasks.setdefault(str(value["id"]), []).append(value)
            lines.setdefault(str(value["id"]), line)
        else:
            strays.append((line, value))
    values = [(lines[task], {"annotations": votes}) for task, votes in tasks.items()]
    note = f"{sum(len(votes) for votes in tasks.values())} annotations of {len(tasks)} tasks"
    file_format = replace(objects.file_format, notes=(*objects.file_format.notes, note))
    return RecordObjects([*values, *strays], objects.bad, file_format)


def spans(record: dict[str, Any]) -> RowParts:
    """A text and its ``entities`` or ``spans``: objects or triples of start, end and label."""
    key = next((name for name in SPAN_TEXTS if isinstance(record.get(name), str)), None)
    marked = next((name for name in SPAN_LISTS if isinstance(record.get(name), list)), None)
    if key is None or marked is None:
        raise Unusable(f"no text ({', '.join(SPAN_TEXTS)}) or no list of spans ({', '.join(SPAN_LISTS)})")
    entities = [_span(span, record[key]) for span in record[marked]]
    rest = {name: value for name, value in record.items() if name not in (key, marked) and value is not None}
    return {"prompt": record[key], "entities": entities, "turns": [plain_turn("user", record[key])], "rest": rest}


def has_spans(record: dict[str, Any]) -> bool:
    """Whether a record is a text with a list of spans, and nothing else that it could be for."""
    if not record.keys().isdisjoint(("label", "labels", "answer", "output", "completion")):
        return False
    return any(isinstance(record.get(name), str) for name in SPAN_TEXTS) and any(
        isinstance(marked := record.get(name), list) and all(_looks_like_span(mark) for mark in marked)
        for name in SPAN_LISTS
    )


def task_of(records: Iterable[Any]) -> Task:
    """What Label Studio records are for: spans to extract, choices to classify, or texts to reply with."""
    kinds: set[str] = set()
    for record in records:
        annotations = record.get("annotations") if isinstance(record, dict) else None
        for annotation in annotations or []:
            text = json.dumps(annotation)
            kinds |= {kind for kind in ("labels", "choices", "textarea") if f'"{kind}"' in text}
    if "labels" in kinds and "choices" not in kinds:
        return "extract"
    return "reply" if kinds == {"textarea"} else "classify"


def _agreed(text: str, by_annotator: list[RowParts], rest: dict[str, Any]) -> RowParts:
    """The row that most annotators agree on; what each of them chose goes into `rest` where there are several."""
    votes = Counter(choice for marks in by_annotator for choice in marks["choices"])
    drawn = Counter(json.dumps(marks["spans"]) for marks in by_annotator if marks["spans"])
    answers = [marks["answer"] for marks in by_annotator if marks["answer"]]
    if len(by_annotator) > 1 or any(len(marks["choices"]) > 1 for marks in by_annotator):
        rest = {**rest, "annotators": by_annotator}
    turns = [plain_turn("user", text), *([plain_turn("assistant", answers[0])] if answers else [])]
    return {
        "prompt": text,
        "answer": answers[0] if answers else None,
        "label": min(votes, key=lambda name: (-votes[name], name)) if votes else None,
        "entities": json.loads(drawn.most_common(1)[0][0]) if drawn else None,
        "turns": turns,
        "rest": rest,
    }


def _marks_of(annotation: dict[str, Any], text: str) -> RowParts:
    """What one annotation says: `by`, `choices`, `spans` sorted by place, `answer`.

    Raises:
        Unusable: a span does not fit `text`.
    """
    values = [result.get("value", {}) for result in annotation.get("result", [])]
    marked = [{**value, "label": label} for value in values for label in value.get("labels", [])]
    written = [part for value in values for part in _list(value.get("text")) if "labels" not in value]
    return {
        "by": _name(annotation.get("completed_by")),
        "choices": [str(choice) for value in values for choice in value.get("choices", [])],
        "spans": sorted((_span(mark, text) for mark in marked), key=_place),
        "answer": "\n".join(map(text_of, written)) or None,
    }


def _name(by: Any) -> str | None:
    """The annotator as text, None where nobody is named; Label Studio writes a number, an address or both."""
    if isinstance(by, dict):
        by = next((by[key] for key in ("email", "username", "id") if by.get(key)), None)
    return None if by is None else str(by)


def _mark_of(names: list[str], votes: list[dict[str, Any]]) -> str | None:
    """The key under which a flat export holds what the annotators chose; None where it has no other keys."""
    lists = [name for name in names if any(isinstance(vote.get(name), list | dict) for vote in votes)]
    differ = [name for name in names if len({json.dumps(vote.get(name)) for vote in votes}) > 1]
    known = [name for name in names if name in ("label", "sentiment", "choice", "class", "category", "intent", "topic")]
    return next(iter([*lists, *differ, *known, *names[-1:]]), None)


def _marks_of_flat(vote: dict[str, Any], key: str | None, text: str) -> RowParts:
    """What one row of a flat export says under `key`, in the parts of :func:`_marks_of`.

    Raises:
        Unusable: a span does not fit `text`.
    """
    value = vote.get(key) if key else None
    marked = [mark for mark in _list(value) if isinstance(mark, dict) and "start" in mark]
    chosen = value.get("choices", []) if isinstance(value, dict) else [] if marked else _list(value)
    marked_spans = [_span({**mark, "label": label}, text) for mark in marked for label in mark.get("labels", [])]
    return {
        "by": _name(vote.get("annotator")),
        "choices": [text_of(choice) for choice in chosen],
        "spans": sorted(marked_spans, key=_place),
        "answer": None,
    }


def _list(value: Any) -> list[Any]:
    """`value` as a list: empty for None, itself if it is one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _looks_like_span(mark: Any) -> bool:
    """Whether `mark` is a triple of start, end and label, or an object with a start."""
    if isinstance(mark, list):
        return len(mark) == 3 and isinstance(mark[0], int) and isinstance(mark[1], int) and isinstance(mark[2], str)
    return isinstance(mark, dict) and any(key in mark for key in ("start", "start_position", "start_offset"))


def _span(mark: Any, text: str) -> Span:
    """`mark` as a span: its label, start, end and text.

    Raises:
        Unusable: it lies outside the text, or its own copy of the words is not what stands there.
    """
    if isinstance(mark, list):
        mark = dict(zip(("start", "end", "label"), mark, strict=True))
    label = next((mark[key] for key in ("label", "entity_type", "entity", "type", "tag") if mark.get(key)), None)
    start = next((mark[key] for key in ("start", "start_position", "start_offset") if key in mark), None)
    end = next((mark[key] for key in ("end", "end_position", "end_offset") if key in mark), None)
    if label is None or not isinstance(start, int) or not isinstance(end, int):
        raise Unusable("a span has no label, start or end")
    if not 0 <= start < end <= len(text):
        raise Unusable(f"a span from {start} to {end} lies outside its text of {len(text)} characters")
    quoted = next((mark[key] for key in ("text", "entity_value") if isinstance(mark.get(key), str)), None)
    if quoted is not None and quoted.strip() != text[start:end].strip():
        raise Unusable(f"the span from {start} to {end} should read {quoted[:40]!r} and reads {text[start:end][:40]!r}")
    return {"label": str(label), "start": start, "end": end, "text": text[start:end]}


def _place(span: Span) -> tuple[int, int, str]:
    """A key to sort spans by: start, end, label."""
    return span["start"], span["end"], span["label"]
