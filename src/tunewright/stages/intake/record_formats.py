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
from tunewright.stages.intake.turns import RowParts


@dataclass(frozen=True)
class RecordFormat:
    """One format: the keys every record has, and what makes a row of a record."""

    keys: tuple[str, ...]
    to_row: Callable[[dict[str, Any]], RowParts]
    matches: Callable[[dict[str, Any]], bool] = lambda _: True

    def fits(self, record: dict[str, Any]) -> bool:
        """Whether `record` is of this format."""
        return all(key in record for key in self.keys) and self.matches(record)


#: Surest first: a record is taken for the first that fits.
RECORD_FORMATS = {
    "openai_chat": RecordFormat(("messages",), turns.openai_chat, lambda record: isinstance(record["messages"], list)),
    "sharegpt": RecordFormat(
        ("conversations",), turns.sharegpt, lambda record: isinstance(record["conversations"], list)
    ),
    "label_studio": RecordFormat(("data", "annotations"), annotated.label_studio),
    "label_studio_min": RecordFormat(("id", "annotation_id", "lead_time"), annotated.label_studio_min),
    "self_instruct": RecordFormat(("instruction", "instances"), turns.self_instruct),
    "alpaca": RecordFormat(("instruction", "output"), turns.alpaca),
    "prompt_completion": RecordFormat(("prompt", "completion"), turns.prompt_completion),
    "spans": RecordFormat((), annotated.spans, annotated.has_spans),
}


def record_format_of(records: list[Any]) -> tuple[str | None, float]:
    """The format that most records have, with its share; None when they are a plain table."""
    votes = Counter(
        next((name for name, candidate in RECORD_FORMATS.items() if candidate.fits(record)), None)
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
