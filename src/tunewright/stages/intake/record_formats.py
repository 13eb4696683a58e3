"""Formats of fine-tuning data, told by the keys of their records and brought to one shape.

Each turns one record into ``prompt, answer, label, entities, turns`` and what is left over; a record that cannot be
turned says why.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tunewright.stages.intake import annotated, turns
from tunewright.stages.intake.annotated import SPAN_LISTS
from tunewright.stages.intake.turns import Shaped


@dataclass(frozen=True)
class Shape:
    """One format: the keys every record has, and what makes a row of a record."""

    keys: tuple[str, ...]
    shaped: Callable[[dict[str, Any]], Shaped]
    also: Callable[[dict[str, Any]], bool] = lambda _: True

    def fits(self, record: dict[str, Any]) -> bool:
        """Whether `record` is of this format."""
        return all(key in record for key in self.keys) and self.also(record)


#: Surest first: a record is taken for the first that fits.
SHAPES = {
    "openai_chat": Shape(("messages",), turns.openai_chat, lambda record: isinstance(record["messages"], list)),
    "sharegpt": Shape(("conversations",), turns.sharegpt, lambda record: isinstance(record["conversations"], list)),
    "label_studio": Shape(("data", "annotations"), annotated.label_studio),
    "label_studio_min": Shape(("id", "annotation_id", "lead_time"), annotated.label_studio_min),
    "self_instruct": Shape(("instruction", "instances"), turns.self_instruct),
    "alpaca": Shape(("instruction", "output"), turns.alpaca),
    "prompt_completion": Shape(("prompt", "completion"), turns.prompt_completion),
    "spans": Shape((), annotated.spans, annotated.has_spans),
}


def shape_of(records: list[Any]) -> tuple[str | None, float]:
    """The shape that most records have, with its share; None when they are a plain table."""
    votes = Counter(
        next((name for name, shape in SHAPES.items() if shape.fits(record)), None)
        for record in records
        if isinstance(record, dict)
    )
    if not votes:
        return None, 0.0
    name, count = votes.most_common(1)[0]
    if name == "spans" and not any(
        record.get(key) for record in records if isinstance(record, dict) for key in SPAN_LISTS
    ):
        return None, 0.0  # lists that are all empty say nothing
    return name, count / len(records)
