"""What the verbs `config …` give back."""

from collections.abc import Mapping
from typing import Any

from tunewright.core.frozen import Frozen


class SettingLine(Frozen):
    """One setting in force."""

    key: str
    value: Any
    origin: str


class ConfigResult(Frozen):
    """Settings in force, or the schema of the file."""

    settings: tuple[SettingLine, ...] = ()
    json_schema: Mapping[str, Any] = {}
    show_origin: bool = False
