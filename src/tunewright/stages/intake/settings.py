"""Settings of the intake stage: the ``data:`` section of tunewright.yaml."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from tunewright.core.frozen import Frozen

Format = Literal[
    "auto", "csv", "tsv", "xlsx", "parquet", "arrow", "jsonl", "json", "openai_chat", "sharegpt", "alpaca",
    "self_instruct", "prompt_completion", "label_studio", "label_studio_min", "spans",
]  # fmt: skip
Role = Literal["prompt", "answer", "label", "system", "source_id", "subject_token", "weight", "split", "origin"]


class DataSettings(Frozen):
    """The user's file and how to read it."""

    file: str = Field("", description="Your export, relative to the project folder.")
    format: Format = Field("auto", description="Format of the file; auto looks at its content, not its name.")
    task: Literal["auto", "classify", "reply", "extract"] = Field(
        "auto", description="What the rows are for: classify (a label), reply (an answer), extract (entities)."
    )
    columns: Mapping[Role, str] = Field({}, description="Your column for each role, where the guess is wrong.")
    annotators: tuple[str, ...] = Field(
        (), description="Columns of a table that hold several people's labels, one column for each of them."
    )
    annotator: str = Field(
        "", description="Column that says who labelled, in a table with a line for each text and annotator."
    )
    sheet: str = Field("", description="Sheet of a workbook; empty takes the only one with a header, or asks.")
    encoding: str = Field("", description="Encoding of a text file; empty tells UTF-8, UTF-16 and cp1252 apart.")
    delimiter: str = Field("", max_length=1, description="Delimiter of a CSV; empty finds it.")
    header: Literal["auto", "first", "none"] = Field(
        "auto", description="Whether a CSV's first record names the columns; auto looks whether it reads like a row."
    )
    confirmed: bool = Field(
        False, description="Whether a person took an unsure guess about this file; else a run stops and asks."
    )
    references: str = Field(
        "", description="A file or folder of your own domain's documents, for domain and terminology checks."
    )
    evaluation: str = Field("", description="A file of questions that you will be judged on and that no row may hold.")
    max_cell_mb: float = Field(8.0, gt=0, description="Largest single cell, in megabytes.")
    max_inflated_gb: float = Field(8.0, gt=0, description="Largest size of a compressed file once unpacked.")
