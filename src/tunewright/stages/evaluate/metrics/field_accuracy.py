"""How often each label-like field of an answer in JSON, such as a category, is the desk's own: one figure a field.

A field is label-like where every answer of the desk has it and its values repeat, each five times on average. A written
answer that is no JSON object has no field right.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from tunewright.core.dataset import Task
from tunewright.core.digest import canonical_json
from tunewright.core.frozen import Frozen
from tunewright.core.score import Score
from tunewright.stages.evaluate.answers import Generations
from tunewright.stages.evaluate.entities import json_objects
from tunewright.stats.intervals import Sampling
from tunewright.stats.wilson import wilson_score

TASKS: tuple[Task, ...] = ("reply", "extract")
#: A free text hardly repeats, a label does; with fewer rows a value the label of each cannot be told from text.
LEAST_ROWS_A_VALUE = 5


class Options(Frozen):
    """Which fields are compared."""

    fields: tuple[str, ...] = Field((), description="Keys of the answer to compare; empty takes those like labels.")


def measure(
    references: Sequence[str], answers: Generations, sampling: Sampling, options: Options
) -> tuple[Score, ...] | None:
    """``<field>_accuracy`` of each field; None when nothing was written, or the desk's own are no JSON objects."""
    wanted, written = json_objects(references), json_objects(answers.texts)
    known = [answer for answer in wanted if answer is not None]
    if not written or len(known) < len(wanted):
        return None
    return tuple(
        wilson_score(
            f"{field}_accuracy",
            sum(ours is not None and _same(field, theirs, ours) for theirs, ours in zip(known, written, strict=False)),
            len(written),
            level=sampling.level,
        )
        for field in options.fields or _like_labels(known)
    )


def _like_labels(objects: Sequence[Mapping[str, Any]]) -> list[str]:
    shared = [key for key in objects[0] if all(key in answer for answer in objects)]
    plain = [key for key in shared if not any(isinstance(answer[key], dict | list) for answer in objects)]
    return [
        key
        for key in plain
        if 1 < len({canonical_json(answer[key]) for answer in objects}) <= len(objects) / LEAST_ROWS_A_VALUE
    ]


def _same(field: str, wanted: Mapping[str, Any], written: Mapping[str, Any]) -> bool:
    return field in written and canonical_json(wanted.get(field)) == canonical_json(written[field])
