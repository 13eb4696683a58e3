"""Settings of the intake room: the ``data:`` section of tunewright.yaml."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from tunewright.core.frozen import Frozen


class DataSettings(Frozen):
    """The user's file and how to read it."""

    file: str = Field("", description="Your export, relative to the project folder.")
    format: str = Field("auto", description="Format of the file; auto looks at its content.")
    task: Literal["auto", "classify", "reply", "extract"] = Field("auto", description="What the rows are for.")
    columns: Mapping[str, str] = Field({}, description="Your column for each role: prompt, label, answer …")
    references: str = Field("", description="A file or folder of your own domain documents.")
