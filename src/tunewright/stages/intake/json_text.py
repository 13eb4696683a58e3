"""JSON and JSONL: one value a line, an array, splits of arrays, or values one after the other."""

import json
import math
from dataclasses import replace
from typing import Any

import polars as pl

from tunewright.core.errors import UserError
from tunewright.stages.intake.encoding import UNWRITABLE, Text
from tunewright.stages.intake.records import BadRecord, FileFormat, RecordObjects, RecordTable, as_json

SPLITS = {
    "train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
    "dev": "validation", "test": "test",
}  # fmt: skip
#: NaN and Infinity are no JSON, and nothing to learn from: missing values.
DECODER = json.JSONDecoder(parse_constant=lambda _: None)
#: Objects inside an object become columns ``user.name`` down to this depth; below it, their JSON.
DEPTH = 3
TORN = "half a surrogate pair or bytes that are not UTF-8"


def read_json(text: Text) -> RecordObjects:
    """The records of a JSON text; each keeps its line (JSONL) or its number (everything else).

    Raises:
        UserError: E-DATA-010 for no records at all, E-DATA-013 when not a single one can be read.
    """
    objects, fault = _by_line(text), ""
    if objects is None:
        whole = text.text()
        value, fault = _parsed(whole)
        objects = _lines(text) if fault else _from_value(value)
        if fault and not objects.values:
            objects = _one_after_the_other(whole)
    if not objects.values:
        if not fault:
            raise UserError("E-DATA-010", f"{text.name} holds no records.", fix="Export it again.")
        raise UserError(
            "E-DATA-013",
            f"{text.name} is not JSON: {fault}.",
            fix="Write one JSON object a line (JSONL), or one array of objects.",
        )
    file_format = replace(
        objects.file_format, encoding=text.encoding, notes=(f"encoding {text.encoding}", *objects.file_format.notes)
    )
    return _writable(replace(objects, file_format=file_format), text)


def tabulate(objects: RecordObjects, name: str) -> RecordTable:
    """Objects as columns of text; a record that is no object is set aside, a list becomes its JSON.

    Raises:
        UserError: E-DATA-010 when all are empty, E-DATA-013 when there is not a single object.
    """
    rows, lines, bad = [], [], list(objects.bad)
    for line, value in objects.values:
        if isinstance(value, dict):
            rows.append(_flat(value) if any(type(cell) is dict for cell in value.values()) else value)
            lines.append(line)
        else:
            bad.append(BadRecord(line, "not an object", json.dumps(value, ensure_ascii=False)))
    if not rows:
        raise UserError("E-DATA-013", f"{name} holds no objects.", fix="Write one JSON object a line (JSONL).")
    titles = list(dict.fromkeys(key for row in rows for key in row))
    if not titles:
        raise UserError("E-DATA-010", f"The objects in {name} are empty.", fix="Export it again.")
    columns = [
        pl.Series(title, [cell if type(cell := row.get(title)) is str else _cell(cell) for row in rows], pl.String)
        for title in titles
    ]
    return RecordTable(pl.DataFrame(columns), pl.Series("line", lines, pl.Int64), bad, objects.file_format)


def _cell(value: Any) -> str | None:
    """A JSON value as the text of a cell; None for null and for numbers that are infinite."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return None  # 1e999 is JSON, and no number
    return str(value) if type(value) is int else as_json(value)


def _flat(record: dict[str, Any], depth: int = DEPTH) -> dict[str, Any]:
    """``{"user": {"name": "Bo"}}`` as ``{"user.name": "Bo"}``."""
    flat: dict[str, Any] = {}
    for key, value in record.items():
        if type(value) is dict and value and depth:
            flat.update({f"{key}.{inner}": cell for inner, cell in _flat(value, depth - 1).items()})
        else:
            flat[key] = value
    return flat


def _parsed(text: str) -> tuple[Any, str]:
    """The value of a JSON text and an empty fault, or None and what is wrong with it."""
    try:
        return DECODER.decode(text), ""
    except (ValueError, RecursionError) as error:
        return None, str(error)


def _by_line(text: Text) -> RecordObjects | None:
    """The records of a JSONL, told by a first and a second line that each hold an object or an array."""
    probe = (line for line in text.lines() if line.strip())
    first_two = [_parsed(line)[0] for line, _ in zip(probe, range(2), strict=False)]
    return _lines(text) if len(first_two) == 2 and all(isinstance(value, dict | list) for value in first_two) else None


def _lines(text: Text) -> RecordObjects:
    """The objects and arrays that stand in a line each; none at all where most lines do not parse."""
    rows: list[tuple[int, Any]] = []
    bad: list[BadRecord] = []
    strays: list[BadRecord] = []
    decode = DECODER.decode
    for number, raw in enumerate(text.lines(), 1):
        try:
            value = decode(raw)
        except (ValueError, RecursionError) as error:
            if raw.strip():
                bad.append(BadRecord(number, f"not JSON: {error}", raw.rstrip("\r\n")))
            continue
        if isinstance(value, dict | list):
            rows.append((number, value))
        else:
            strays.append(BadRecord(number, "not a JSON object", raw.rstrip("\r\n")))
    # A pretty-printed object has lines such as `"x"` or `1` that parse by chance; rows are objects or arrays.
    if len(rows) < max(1, len(bad)):
        return RecordObjects([], bad)
    return RecordObjects(rows, bad + strays, FileFormat("jsonl"))


def _from_value(value: Any) -> RecordObjects:
    """The records in a whole file's JSON value, by how it nests them; none in a text, a number or an empty object."""
    if isinstance(value, list):
        return _numbered(value, "an array")
    if not isinstance(value, dict) or not value:
        return RecordObjects([], [])
    parts = list(value.values())
    if all(isinstance(part, list) for part in parts):
        return _from_lists(value)
    if len(value) > 1 and all(isinstance(part, dict) for part in parts):
        # Objects by id, as pubmedqa and Firebase exports write them.
        return _numbered([{"id": key, **part} for key, part in value.items()], "objects by id")
    lists = {key: part for key, part in value.items() if isinstance(part, list) and part}
    if lists and all(isinstance(part, list) and all(type(i) is dict for i in part) for part in lists.values()):
        # A page of an API's answer: the records beside a count, a cursor and the like.
        key = max(lists, key=lambda name: len(lists[name]))
        if len(lists[key]) > 1:
            return _numbered(lists[key], f"the array under {key!r}")
    return _numbered([value], "one object")


def _from_lists(value: dict[str, list[Any]]) -> RecordObjects:
    """Splits of records, columns of cells, or one array among others."""
    if all(_split(key) for key in value):
        return _splits(value)
    lengths = {len(part) for part in value.values()}
    if len(lengths) == 1 and not any(isinstance(cell, dict | list) for part in value.values() for cell in part[:20]):
        rows = [dict(zip(value, cells, strict=True)) for cells in zip(*value.values(), strict=True)]
        return _numbered(rows, "columns of equal length")
    longest = max(value, key=lambda key: len(value[key]))
    records = _numbered(value[longest], f"the array under {longest!r}")
    others = [f"{key!r} ({len(part)})" for key, part in value.items() if key != longest and part]
    if others:
        doubt = f"only the array under {longest!r} is read; there are others: {', '.join(others)}"
        return replace(records, file_format=replace(records.file_format, doubts=(doubt,)))
    return records


def _numbered(values: list[Any], note: str) -> RecordObjects:
    """`values` counted from 1; `note` says how they stood in the file."""
    return RecordObjects(list(enumerate(values, 1)), [], FileFormat("json", notes=(note,)))


def _split(key: str) -> str | None:
    """The split that a key such as ``val`` or ``oos_test`` names, None where it names none."""
    return SPLITS.get(key.lower()) or SPLITS.get(key.lower().rsplit("_", 1)[-1])


def _splits(value: dict[str, list[Any]]) -> RecordObjects:
    """Arrays by split; a pair of texts is a text and its label."""
    records: list[Any] = []
    for key, part in value.items():
        side = _split(key)
        for item in part:
            if isinstance(item, list) and len(item) == 2 and all(isinstance(cell, str) for cell in item):
                records.append({"text": item[0], "label": item[1], "split": side, "part": key})
            elif isinstance(item, dict):
                records.append({"split": side, "part": key, **item})
            else:
                records.append(item)
    return _numbered(records, f"splits {', '.join(value)}")


def _one_after_the_other(text: str) -> RecordObjects:
    """Values with nothing but space or commas between them, as in pretty-printed "JSONL"."""
    place, line, counted = 0, 1, 0
    values: list[tuple[int, Any]] = []
    bad: list[BadRecord] = []
    while True:
        while place < len(text) and text[place] in " \t\r\n,":
            place += 1
        if place >= len(text):
            break
        line, counted = line + text.count("\n", counted, place), place
        try:
            value, place = DECODER.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            # What follows cannot be told apart any more; it is set aside as one piece.
            bad.append(BadRecord(line, f"not JSON from here to the end: {error}", text[place:]))
            break
        if isinstance(value, dict):
            values.append((line, value))
        else:
            bad.append(BadRecord(line, "not an object", json.dumps(value)))
    return RecordObjects(values, bad, FileFormat("json", notes=("objects one after the other",)))


def _writable(objects: RecordObjects, text: Text) -> RecordObjects:
    r"""`objects` without those that no column can hold: half of a pair such as ``\ud83d``, or torn bytes."""
    if not text.torn and b"\\ud" not in text.data and b"\\uD" not in text.data:
        return objects
    good, bad = [], list(objects.bad)
    for line, value in objects.values:
        written = json.dumps(value, ensure_ascii=False)
        if UNWRITABLE.search(written):
            bad.append(BadRecord(line, TORN, written))
        else:
            good.append((line, value))
    return replace(objects, values=good, bad=bad)
