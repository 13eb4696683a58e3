"""JSON and JSONL: one value a line, an array, splits of arrays, or values one after the other."""

import json
from typing import Any

from tunewright.core.errors import UserError
from tunewright.intake.container import lines_of
from tunewright.intake.records import Bad, Objects

SPLITS = {
    "train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
    "dev": "validation", "test": "test",
}  # fmt: skip


def read_json(text: str, name: str) -> Objects:
    """The records of a JSON text; each keeps its line (JSONL) or its number (everything else).

    Raises:
        UserError: E-DATA-013 when not a single record can be read, E-DATA-010 for none at all.
    """
    whole, fault = _whole(text)
    if fault is None:
        objects = _from_value(whole)
    else:
        objects = _lines(text)
        if not objects.values:
            objects = _one_after_the_other(text)
    if not objects.values:
        if fault is None:
            raise UserError("E-DATA-010", f"{name} holds no records.", fix="Export it again.")
        raise UserError(
            "E-DATA-013",
            f"{name} is not JSON: {fault}.",
            fix="Write one JSON object a line (JSONL), or one array of objects.",
        )
    return objects


def _whole(text: str) -> tuple[Any, str | None]:
    try:
        return json.loads(text), None
    except (ValueError, RecursionError) as error:
        return None, str(error)


def _from_value(value: Any) -> Objects:
    if isinstance(value, list):
        return Objects(list(enumerate(value, 1)), [], "json", ["an array"])
    if isinstance(value, dict) and value and all(isinstance(part, list) for part in value.values()):
        keys = list(value)
        if all(_is_split(key) for key in keys):
            return _splits(value)
        lengths = {len(part) for part in value.values()}
        if len(lengths) == 1 and not any(
            isinstance(cell, dict | list) for part in value.values() for cell in part[:20]
        ):
            rows = [dict(zip(keys, cells, strict=True)) for cells in zip(*value.values(), strict=True)]
            return Objects(list(enumerate(rows, 1)), [], "json", ["columns of equal length"])
        longest = max(keys, key=lambda key: len(value[key]))
        return Objects(list(enumerate(value[longest], 1)), [], "json", [f"the array under {longest!r}"])
    if isinstance(value, dict) and len(value) > 1 and all(isinstance(part, dict) for part in value.values()):
        # Objects by id, as pubmedqa and Firebase exports write them.
        rows = [{"id": key, **part} for key, part in value.items()]
        return Objects(list(enumerate(rows, 1)), [], "json", ["objects by id"])
    return Objects([(1, value)] if isinstance(value, dict) and value else [], [], "json")


def _is_split(key: str) -> bool:
    return key.lower() in SPLITS or key.lower().rsplit("_", 1)[-1] in SPLITS


def _splits(value: dict[str, list[Any]]) -> Objects:
    """Arrays by split; a pair of texts is a text and its label."""
    records, number = [], 0
    for key, part in value.items():
        side = SPLITS.get(key.lower()) or SPLITS[key.lower().rsplit("_", 1)[-1]]
        for item in part:
            number += 1
            if isinstance(item, list) and len(item) == 2 and all(isinstance(cell, str) for cell in item):
                records.append((number, {"text": item[0], "label": item[1], "split": side, "part": key}))
            elif isinstance(item, dict):
                records.append((number, {**item, "split": item.get("split", side), "part": key}))
            else:
                records.append((number, item))
    return Objects(records, [], "json", [f"splits {', '.join(value)}"])


def _lines(text: str) -> Objects:
    values, bad = [], []
    for line, raw in enumerate(lines_of(text), 1):
        if not raw.strip():
            continue
        value, fault = _whole(raw)
        if fault is None:
            values.append((line, value))
        else:
            bad.append(Bad(line, f"not JSON: {fault}", raw.rstrip("\r\n")))
    # A pretty-printed object has lines such as `"x"` or `1` that parse by chance; rows are objects or arrays.
    rows = [(line, value) for line, value in values if isinstance(value, dict | list)]
    if len(rows) < max(1, len(bad)):
        return Objects([], bad, "jsonl")
    strays = [
        Bad(line, "not a JSON object", json.dumps(value))
        for line, value in values
        if not isinstance(value, dict | list)
    ]
    return Objects(rows, bad + strays, "jsonl")


def _one_after_the_other(text: str) -> Objects:
    """Values with nothing but space or commas between them, as in pretty-printed "JSONL"."""
    decoder, place = json.JSONDecoder(), 0
    values: list[tuple[int, Any]] = []
    while True:
        while place < len(text) and text[place] in " \t\r\n,":
            place += 1
        if place >= len(text):
            break
        line = text.count("\n", 0, place) + 1
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            # What follows cannot be told apart any more; it is set aside as one piece.
            return Objects(values, [Bad(line, f"not JSON: {error}", text[place:])] if values else [], "json")
        if isinstance(value, dict):
            values.append((line, value))
    return Objects(values, [], "json", ["objects one after the other"])
