"""The JSON schema of tunewright.yaml, with the options of every plugin."""

from typing import Any

from tunewright.config.model import Config
from tunewright.config.plugins import FIELDS
from tunewright.config.results import ConfigResult


def schema() -> dict[str, Any]:
    """The schema editors use for completion and checks; opens every plugin."""
    document = Config.model_json_schema(ref_template="#/$defs/{model}")
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    document["title"] = "tunewright.yaml"
    definitions = document["$defs"]
    for field in FIELDS:
        options = {}
        for name in field.registry.names():
            described = field.registry.options(name).model_json_schema(ref_template="#/$defs/{model}")
            definitions.update(described.pop("$defs", {}))
            described["description"] = field.registry.about(name)
            options[name] = {"anyOf": [described, {"type": "null"}]}
        section = _section(document, definitions, field.section)
        declared = section["properties"][field.key]
        table = {"type": "object", "properties": options, "additionalProperties": False}
        choices = [table, *([{"type": "string"}] if field.single else []), {"type": "null"}]
        section["properties"][field.key] = {
            "anyOf": choices,
            **{key: declared[key] for key in ("description", "default", "title") if key in declared},
        }
    return document


def _section(document: dict[str, Any], definitions: dict[str, Any], name: str) -> dict[str, Any]:
    reference = document["properties"][name]
    pointer = reference.get("$ref") or reference["allOf"][0]["$ref"]
    section: dict[str, Any] = definitions[pointer.rsplit("/", 1)[-1]]
    return section


def schema_result() -> ConfigResult:
    """The schema as a verb's result."""
    return ConfigResult(json_schema=schema())
