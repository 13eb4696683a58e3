"""What a file was taken for, and the file opened accordingly."""

from collections.abc import Mapping
from dataclasses import dataclass

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.stages.intake.records import RecordObjects, RecordTable

#: Formats whose typed columns are read as columns: the column, and what it calls a turn's role and content.
CHATS = {"openai_chat": ("messages", "role", "content"), "sharegpt": ("conversations", "from", "value")}


class Detection(Frozen):
    """What a file was taken for.

    Attributes:
        format: csv, xlsx, parquet, jsonl, json, or a shape such as openai_chat.
        packing: gzip, bzip2, xz or zip; empty when the file was not packed.
        encoding: of a text file.
        delimiter: of a CSV.
        sheet: of a workbook.
        task: what its rows are for.
        columns: the user's column for each role; empty where the format itself says.
        confidence: 0 to 1; below 0.9 a person is asked.
        reasons: why, in sentences.
        ambiguous: those of the reasons that say what could as well have been meant.
        preview: five rows as they were understood.
    """

    format: str
    packing: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    task: Task
    columns: Mapping[str, str]
    confidence: float
    reasons: tuple[str, ...]
    ambiguous: tuple[str, ...] = ()
    preview: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class Opened:
    """A file parsed and understood, not yet in our columns."""

    detection: Detection
    source: RecordTable | RecordObjects
