"""Entities of an answer in JSON, so that two answers can be compared entity by entity."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from tunewright.core.digest import canonical_json
from tunewright.core.score import Score
from tunewright.stats.intervals import Floats, Sampling, ratio

Entities = Counter[str]
_NO_JSON = object()


def entities(answer: str) -> Entities | None:
    """Every value with the path of keys to it, counted; None when `answer` is not JSON.

    A list's order does not count. An object inside a list is one entity as a whole, such as
    ``{"label": "IBAN", "text": "DE89…"}``. Nulls, empty texts and empty lists say that there is nothing.
    """
    value = _read(answer)
    if value is _NO_JSON:
        return None
    collected: Entities = Counter()
    _collect(value, (), collected)
    return collected


def json_objects(answers: Sequence[str]) -> list[dict[str, Any] | None]:
    """Each answer as the JSON object that it is; None where it is none."""
    values = (_read(answer) for answer in answers)
    return [value if isinstance(value, dict) else None for value in values]


def counts(references: Sequence[str], answers: Sequence[str]) -> tuple[Floats, Floats, Floats]:
    """Entities in common, written, and wanted of each pair, ``(n,)`` each; an answer that is no JSON has none."""
    rows = []
    for reference, answer in zip(references, answers, strict=True):
        wanted, written = entities(reference) or Counter(), entities(answer) or Counter()
        rows.append(((wanted & written).total(), written.total(), wanted.total()))
    common, all_written, all_wanted = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return common, all_written, all_wanted


def entity_share(
    metric: str, side: Literal["written", "wanted"], references: Sequence[str], texts: Sequence[str], sampling: Sampling
) -> Score | None:
    """The entities in common as a share of those on one `side`, rows resampled whole; None when nothing was written."""
    if not texts:
        return None
    common, written, wanted = counts(references[: len(texts)], texts)
    return ratio(metric, common, written if side == "written" else wanted, sampling)[0]


def _read(answer: str) -> Any:
    try:
        return json.loads(answer, parse_constant=_refuse, parse_int=_number, parse_float=_number)
    except (ValueError, RecursionError):
        return _NO_JSON


def _collect(value: Any, path: tuple[str, ...], into: Entities) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _collect(item, (*path, key), into)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict) and item:
                into[_spelled(path, _plain(item))] += 1
            else:
                _collect(item, path, into)
    elif value is not None and value != "":
        into[_spelled(path, _plain(value))] += 1


def _plain(value: Any) -> Any:
    """White space and case at the edges of a text are no difference between entities."""
    if isinstance(value, str):
        return " ".join(value.split()).casefold()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _spelled(path: tuple[str, ...], value: Any) -> str:
    return canonical_json([path, value])


def _number(spelled: str) -> float | str:
    """A number by its value, so that 5 is 5.0; one that no double holds by its spelling."""
    value = float(spelled)
    return value if abs(value) <= 2**53 else spelled


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
