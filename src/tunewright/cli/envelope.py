"""The one JSON document a verb prints: schema name, result or error, warnings."""

import json
from collections.abc import Sequence
from typing import Any, Union

from pydantic import TypeAdapter

from tunewright.core.errors import UserError, UserErrors
from tunewright.core.frozen import Frozen

VERSION = 1


def name(verb: str) -> str:
    """``tunewright/<verb>@1``."""
    return f"tunewright/{verb}@{VERSION}"


def success(verb: str, value: Frozen, warnings: Sequence[str] = ()) -> str:
    """A result as a document, with what a person was warned of."""
    return _document(verb, data=value.model_dump(mode="json"), error=None, warnings=warnings)


def failure(verb: str, error: UserError) -> str:
    """An error as a document."""
    faults = error.faults if isinstance(error, UserErrors) else (error,)
    lines = [{"code": f.code, "what": f.what, "why": f.why, "fix": f.fix} for f in faults]
    return _document(verb, data=None, error={"exit_code": int(error.exit_code), "faults": lines})


def _document(verb: str, *, data: Any, error: Any, warnings: Sequence[str] = ()) -> str:
    document = {"schema": name(verb), "ok": error is None, "data": data, "warnings": list(warnings), "error": error}
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def schema(verb: str, *results: type[Frozen]) -> dict[str, Any]:
    """The JSON schema of what `verb` prints: one of `results`."""
    either: Any = Union[results]  # noqa: UP007 - of as many as there are
    data = TypeAdapter(either).json_schema(mode="serialization", ref_template="#/$defs/{model}")
    definitions = data.pop("$defs", {})
    fault = {
        "type": "object",
        "additionalProperties": False,
        "required": ["code", "what", "why", "fix"],
        "properties": {key: {"type": "string"} for key in ("code", "what", "why", "fix")},
    }
    error = {
        "type": "object",
        "additionalProperties": False,
        "required": ["exit_code", "faults"],
        "properties": {"exit_code": {"type": "integer"}, "faults": {"type": "array", "items": fault}},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": name(verb),
        "type": "object",
        "additionalProperties": False,
        "required": ["schema", "ok", "data", "warnings", "error"],
        "properties": {
            "schema": {"const": name(verb)},
            "ok": {"type": "boolean"},
            "data": {"anyOf": [data, {"type": "null"}]},
            "warnings": {"type": "array", "items": {"type": "string"}},
            "error": {"anyOf": [error, {"type": "null"}]},
        },
        "$defs": definitions,
    }
